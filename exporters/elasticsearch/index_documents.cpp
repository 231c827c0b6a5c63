// Indices: statistics, aliases, shards, settings, mappings, life cycles, data streams, snapshots.

#include <cmath>
#include <map>

#include "base/float_text.hpp"
#include "exporters/elasticsearch/documents.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

using enum model::MetricType;

double number_or(std::string_view text, double otherwise) {
  double number = 0;
  return parse_float(text, number) ? number : otherwise;
}

/// Fields with a type, their sub-fields, and one for each object, counted as elasticsearch_exporter counts them: an
/// object's count starts again from what came before it.
double count_fields(const boost::json::object& properties, double count) {
  for (const auto& [name, property] : properties) {
    const std::string_view type = text_at(property, "type");
    if (!type.empty() && type != "object") {
      ++count;
      for (const auto& [field_name, field] : object_at(property, "fields")) {
        if (find(field, "type") != nullptr) ++count;
      }
    }
    const Document* inner = find(property, "properties");
    if (inner != nullptr && inner->is_object()) count = 1 + count_fields(inner->get_object(), count);
  }
  return count;
}

double whole_seconds(const Document& root, std::string_view path) {
  return std::trunc(number_at(root, path) / 1000);
}

void put_modes(expo::Page& page, std::string_view name, std::string_view help, std::string_view mode) {
  for (const std::string_view known : {"STOPPED", "RUNNING", "STOPPING"}) {
    page.family(name, help, kGauge).put({{"operation_mode", known}}, mode == known ? 1 : 0);
  }
}

}  // namespace

void put_indices(expo::Page& page, const Document& root, std::string_view cluster, bool with_shards) {
  for (const auto& [name, index] : object_at(root, "indices")) {
    const model::LabelView labels[] = {{"cluster", cluster}, {"index", name}};
    put(page, index_metrics(), index, labels);
    if (!with_shards) continue;
    for (const auto& [number, copies] : object_at(index, "shards")) {
      if (!copies.is_array()) continue;
      for (const Document& shard : copies.get_array()) {
        const bool primary = number_at(shard, "routing.primary") != 0;
        const model::LabelView of_shard[] = {{"cluster", cluster},
                                             {"index", name},
                                             {"node", text_at(shard, "routing.node")},
                                             {"primary", primary ? "true" : "false"},
                                             {"shard", number}};
        put(page, shard_metrics(), shard, of_shard);
      }
    }
  }
}

void put_aliases(expo::Page& page, const Document& root, std::string_view cluster) {
  if (!root.is_object()) return;
  for (const auto& [index, value] : root.get_object()) {
    for (const auto& [alias, details] : object_at(value, "aliases")) {
      page.family("elasticsearch_indices_aliases", "Record aliases associated with an index", kGauge)
          .put({{"alias", alias}, {"cluster", cluster}, {"index", index}}, 1);
    }
  }
}

void put_shards(expo::Page& page, const Document& root, std::string_view cluster) {
  if (!root.is_array()) return;
  std::map<std::string_view, double> by_node;
  for (const Document& shard : root.get_array()) {
    if (text_at(shard, "state") == "STARTED") ++by_node[text_at(shard, "node")];
  }
  for (const auto& [node, count] : by_node) {
    page.family("elasticsearch_node_shards_total", "Total shards per node", kGauge)
        .put({{"cluster", cluster}, {"node", node}}, count);
  }
}

void put_indices_settings(expo::Page& page, const Document& root) {
  if (!root.is_object()) return;
  double read_only = 0;
  for (const auto& [index, value] : root.get_object()) {
    const auto text = [&settings = value](std::string_view path) {
      return text_at(settings, fmt::format("settings.index.{}", path));
    };
    const auto family = [&](std::string_view name, std::string_view help) -> expo::CachedFamily& {
      return page.family(fmt::format("elasticsearch_indices_settings_{}", name), help, kGauge);
    };
    const model::LabelView labels[] = {{"index", index}};
    family("total_fields", "index mapping setting for total_fields")
        .put(labels, number_or(text("mapping.total_fields.limit"), 1000));
    family("replicas", "index setting number_of_replicas").put(labels, number_or(text("number_of_replicas"), 1000));
    family("shards", "index setting number_of_shards").put(labels, number_or(text("number_of_shards"), 1000));
    family("creation_timestamp_seconds", "index setting creation_date")
        .put(labels, number_or(text("creation_date"), 0) / 1000);
    if (text("blocks.read_only_allow_delete") == "true") ++read_only;
  }
  page.family("elasticsearch_indices_settings_stats_read_only_indices",
              "Current number of read only indices within cluster", kGauge)
      .put(read_only);
}

void put_indices_mappings(expo::Page& page, const Document& root) {
  if (!root.is_object()) return;
  for (const auto& [index, value] : root.get_object()) {
    page.family("elasticsearch_indices_mappings_stats_fields", "Current number fields within cluster.", kGauge)
        .put({{"index", index}}, count_fields(object_at(value, "mappings.properties"), 0));
  }
}

void put_lifecycle(expo::Page& page, const Document& explain, const Document& status) {
  for (const auto& [index, value] : object_at(explain, "indices")) {
    page.family("elasticsearch_ilm_index_status", "Status of ILM policy for index", kGauge)
        .put({{"action", text_at(value, "action")},
              {"index", index},
              {"phase", text_at(value, "phase")},
              {"step", text_at(value, "step")}},
             number_at(value, "managed"));
  }
  put_modes(page, "elasticsearch_ilm_status", "Current status of ILM. Status can be STOPPED, RUNNING, STOPPING.",
            text_at(status, "operation_mode"));
}

void put_snapshot_lifecycle(expo::Page& page, const Document& stats, const Document& status) {
  put_modes(page, "elasticsearch_slm_stats_operation_mode", "Operating status of SLM",
            text_at(status, "operation_mode"));
  put(page, snapshot_lifecycle_metrics(), stats, {});
  for (const Document& policy : array_at(stats, "policy_stats")) {
    const model::LabelView labels[] = {{"policy", text_at(policy, "policy")}};
    put(page, snapshot_policy_metrics(), policy, labels);
  }
}

void put_data_streams(expo::Page& page, const Document& root) {
  for (const Document& stream : array_at(root, "data_streams")) {
    const model::LabelView labels[] = {{"data_stream", text_at(stream, "data_stream")}};
    page.family("elasticsearch_data_stream_backing_indices_total", "Number of backing indices", kCounter)
        .put(labels, number_at(stream, "backing_indices"));
    page.family("elasticsearch_data_stream_store_size_bytes", "Store size of data stream", kCounter)
        .put(labels, number_at(stream, "store_size_bytes"));
  }
}

void put_snapshots(expo::Page& page, const Document& root, std::string_view repository) {
  const auto family = [&](std::string_view name, std::string_view help) -> expo::CachedFamily& {
    return page.family(fmt::format("elasticsearch_snapshot_stats_{}", name), help, kGauge);
  };
  const boost::json::array& snapshots = array_at(root, "snapshots");
  const model::LabelView labels[] = {{"repository", repository}};
  double latest = 0;
  for (const Document& snapshot : snapshots) {
    const std::string_view state = text_at(snapshot, "state");
    if (state == "SUCCESS" || state == "PARTIAL") latest = whole_seconds(snapshot, "start_time_in_millis");
  }
  family("number_of_snapshots", "Number of snapshots in a repository")
      .put(labels, static_cast<double>(snapshots.size()));
  family("oldest_snapshot_timestamp", "Timestamp of the oldest snapshot")
      .put(labels, snapshots.empty() ? 0 : whole_seconds(snapshots.front(), "start_time_in_millis"));
  family("latest_snapshot_timestamp_seconds", "Timestamp of the latest SUCCESS or PARTIAL snapshot")
      .put(labels, latest);
  if (snapshots.empty()) return;
  const Document& last = snapshots.back();
  const model::LabelView of_last[] = {
      {"repository", repository}, {"state", text_at(last, "state")}, {"version", text_at(last, "version")}};
  family("snapshot_number_of_indices", "Number of indices in the last snapshot")
      .put(of_last, static_cast<double>(array_at(last, "indices").size()));
  family("snapshot_start_time_timestamp", "Last snapshot start timestamp")
      .put(of_last, whole_seconds(last, "start_time_in_millis"));
  family("snapshot_end_time_timestamp", "Last snapshot end timestamp")
      .put(of_last, whole_seconds(last, "end_time_in_millis"));
  family("snapshot_number_of_failures", "Last snapshot number of failures")
      .put(of_last, static_cast<double>(array_at(last, "failures").size()));
  family("snapshot_total_shards", "Last snapshot total shards").put(of_last, number_at(last, "shards.total"));
  family("snapshot_failed_shards", "Last snapshot failed shards").put(of_last, number_at(last, "shards.failed"));
  family("snapshot_successful_shards", "Last snapshot successful shards")
      .put(of_last, number_at(last, "shards.successful"));
}

}  // namespace tocsin::exporters::elasticsearch
