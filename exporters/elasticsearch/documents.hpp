#pragma once
// What the documents of Elasticsearch's and OpenSearch's API (1.7 to 8.x) become on the page: names, labels and help
// texts of elasticsearch_exporter. Thread: any. A document of another shape gives zeros or nothing, never a failure.

#include <string_view>

#include "exporters/elasticsearch/metric.hpp"

namespace tocsin::exporters::elasticsearch {

using Document = boost::json::value;

void put_cluster_info(expo::Page& page, const Document& root);      // /
void put_cluster_health(expo::Page& page, const Document& root);    // /_cluster/health
void put_nodes(expo::Page& page, const Document& root);             // /_nodes/stats
void put_health_report(expo::Page& page, const Document& root);     // /_health_report
void put_cluster_settings(expo::Page& page, const Document& root);  // /_cluster/settings?include_defaults=true
void put_indices_settings(expo::Page& page, const Document& root);  // /_all/_settings
void put_indices_mappings(expo::Page& page, const Document& root);  // /_all/_mappings
/// Of /_all/_ilm/explain and /_ilm/status.
void put_lifecycle(expo::Page& page, const Document& explain, const Document& status);
/// Of /_slm/stats and /_slm/status.
void put_snapshot_lifecycle(expo::Page& page, const Document& stats, const Document& status);
void put_data_streams(expo::Page& page, const Document& root);  // /_data_stream/*/_stats
void put_tasks(expo::Page& page, const Document& root);         // /_tasks?group_by=none
/// Of /_all/_stats. @param cluster  its name, as the document does not say it.
void put_indices(expo::Page& page, const Document& root, std::string_view cluster, bool with_shards);
void put_aliases(expo::Page& page, const Document& root, std::string_view cluster);  // /_alias
void put_shards(expo::Page& page, const Document& root, std::string_view cluster);   // /_cat/shards?format=json
/// Of one repository: /_snapshot/NAME/_all.
void put_snapshots(expo::Page& page, const Document& root, std::string_view repository);

}  // namespace tocsin::exporters::elasticsearch
