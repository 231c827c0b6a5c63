#include "exporters/elasticsearch/documents.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace tocsin::exporters::elasticsearch {
namespace {

/// The lines of the page that begin with `name`, without comments.
template <typename Put>
std::string lines(std::string_view name, const char* json, Put put) {
  const Document root = boost::json::parse(json);
  expo::Page page;
  page.begin();
  put(page, root);
  page.end();
  std::string out;
  const std::string text = page.render();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.starts_with(name)) out.append(line).append("\n");
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("cluster health has one series for each color, and zeros for what an old node does not say",
          "[elasticsearch]") {
  const char* json = R"({"cluster_name":"c","status":"yellow","number_of_nodes":3,"unassigned_shards":7})";
  CHECK(lines("elasticsearch_cluster_health_status", json, put_cluster_health) ==
        "elasticsearch_cluster_health_status{cluster=\"c\",color=\"green\"} 0\n"
        "elasticsearch_cluster_health_status{cluster=\"c\",color=\"red\"} 0\n"
        "elasticsearch_cluster_health_status{cluster=\"c\",color=\"yellow\"} 1\n");
  CHECK(lines("elasticsearch_cluster_health_number_of_nodes", json, put_cluster_health) ==
        "elasticsearch_cluster_health_number_of_nodes{cluster=\"c\"} 3\n");
  CHECK(lines("elasticsearch_cluster_health_delayed", json, put_cluster_health) ==
        "elasticsearch_cluster_health_delayed_unassigned_shards{cluster=\"c\"} 0\n");
}

TEST_CASE("a node's labels come from its roles, or from the attributes of before 5.0", "[elasticsearch]") {
  const auto node = [](const char* part) {
    const std::string json =
        fmt::format(R"({{"cluster_name":"c","nodes":{{"id":{{"name":"n","host":"h",{},"http":{{"total_opened":1}},)"
                    R"("process":{{"cpu":{{"total_in_millis":1500}}}}}}}}}})",
                    part);
    return lines("elasticsearch_process_cpu_seconds_total", json.c_str(), put_nodes);
  };
  CHECK(node(R"("roles":["data_hot","ingest","unheard_of"])") ==
        "elasticsearch_process_cpu_seconds_total{cluster=\"c\",es_client_node=\"true\",es_data_node=\"true\","
        "es_ingest_node=\"true\",es_master_node=\"false\",host=\"h\",name=\"n\"} 1.5\n");
  CHECK(node(R"("attributes":{"master":"true","data":"false","client":"false"})") ==
        "elasticsearch_process_cpu_seconds_total{cluster=\"c\",es_client_node=\"false\",es_data_node=\"false\","
        "es_ingest_node=\"false\",es_master_node=\"true\",host=\"h\",name=\"n\"} 1.5\n");
}

TEST_CASE("watermarks are ratios or bytes, as they are set, the transient setting first", "[elasticsearch]") {
  const char* json =
      R"({"defaults":{"cluster":{"max_shards_per_node":"1000","routing":{"allocation":{"enable":"all","disk":)"
      R"({"threshold_enabled":"true","watermark":{"low":"85%","high":"0.9","flood_stage":"95%"}}}}}},)"
      R"("persistent":{"cluster":{"routing":{"allocation":{"enable":"primaries"}}}},)"
      R"("transient":{"cluster":{"routing":{"allocation":{"disk":{"watermark":{"flood_stage":{"value":"2gb"}}}}}}}})";
  CHECK(lines("elasticsearch_clustersettings", json, put_cluster_settings) ==
        "elasticsearch_clustersettings_allocation_threshold_enabled 1\n"
        "elasticsearch_clustersettings_allocation_watermark_flood_stage_bytes 2.147483648e+09\n"
        "elasticsearch_clustersettings_allocation_watermark_high_ratio 0.9\n"
        "elasticsearch_clustersettings_allocation_watermark_low_ratio 0.85\n"
        "elasticsearch_clustersettings_stats_max_shards_per_node 1000\n"
        "elasticsearch_clustersettings_stats_shard_allocation_enabled 1\n");
}

TEST_CASE("indices have their statistics, and their shards when asked", "[elasticsearch]") {
  const char* json =
      R"({"indices":{"logs":{"total":{"docs":{"count":5},"search":{"query_time_in_millis":250},)"
      R"("indexing":{"is_throttled":true}},"shards":{"0":[{"docs":{"count":5},"routing":{"primary":true,"node":"x"}}]}}}})";
  const auto with = [](bool shards) {
    return [shards](expo::Page& page, const Document& root) { put_indices(page, root, "c", shards); };
  };
  CHECK(lines("elasticsearch_indices_docs_total", json, with(false)) ==
        "elasticsearch_indices_docs_total{cluster=\"c\",index=\"logs\"} 5\n");
  CHECK(lines("elasticsearch_index_stats_search_query_time", json, with(false)) ==
        "elasticsearch_index_stats_search_query_time_seconds_total{cluster=\"c\",index=\"logs\"} 0.25\n");
  CHECK(lines("elasticsearch_index_stats_indexing_is_throttled", json, with(false)) ==
        "elasticsearch_index_stats_indexing_is_throttled{cluster=\"c\",index=\"logs\"} 1\n");
  CHECK(lines("elasticsearch_index_stats_indexing_write_load", json, with(false)).empty());
  CHECK(lines("elasticsearch_indices_shards_docs{", json, with(false)).empty());
  CHECK(lines("elasticsearch_indices_shards_docs{", json, with(true)) ==
        "elasticsearch_indices_shards_docs{cluster=\"c\",index=\"logs\",node=\"x\",primary=\"true\",shard=\"0\"} 5\n");
}

TEST_CASE("the last snapshot of a repository is described, the oldest and the latest good one dated",
          "[elasticsearch]") {
  const char* json = R"({"snapshots":[)"
                     R"({"state":"SUCCESS","version":"7","start_time_in_millis":1999,"end_time_in_millis":3000},)"
                     R"({"state":"FAILED","version":"8","indices":["a","b"],"start_time_in_millis":9000,)"
                     R"("failures":[1],"shards":{"total":3,"failed":1,"successful":2}}]})";
  const auto put = [](expo::Page& page, const Document& root) { put_snapshots(page, root, "r"); };
  CHECK(lines("elasticsearch_snapshot_stats_oldest", json, put) ==
        "elasticsearch_snapshot_stats_oldest_snapshot_timestamp{repository=\"r\"} 1\n");
  CHECK(lines("elasticsearch_snapshot_stats_latest", json, put) ==
        "elasticsearch_snapshot_stats_latest_snapshot_timestamp_seconds{repository=\"r\"} 1\n");
  CHECK(lines("elasticsearch_snapshot_stats_snapshot_number_of_indices", json, put) ==
        "elasticsearch_snapshot_stats_snapshot_number_of_indices{repository=\"r\",state=\"FAILED\",version=\"8\"} 2\n");
}

TEST_CASE("documents of another shape give zeros or nothing", "[elasticsearch]") {
  using Put = void (*)(expo::Page&, const Document&);
  const Put puts[] = {put_cluster_info,     put_cluster_health,   put_nodes,
                      put_health_report,    put_cluster_settings, put_indices_settings,
                      put_indices_mappings, put_data_streams,     put_tasks};
  for (const char* json : {"null", "[]", "3", R"({"nodes":[1],"indices":7,"tasks":{}})", R"({"nodes":{"a":null}})",
                           R"({"a":{"mappings":{"properties":{"x":[]}}}})"}) {
    for (const Put put : puts) CHECK_NOTHROW(lines("", json, put));
    const Document root = boost::json::parse(json);
    expo::Page page;
    page.begin();
    put_indices(page, root, "c", true);
    put_aliases(page, root, "c");
    put_shards(page, root, "c");
    put_snapshots(page, root, "r");
    put_lifecycle(page, root, root);
    put_snapshot_lifecycle(page, root, root);
    page.end();
  }
}

}  // namespace tocsin::exporters::elasticsearch
