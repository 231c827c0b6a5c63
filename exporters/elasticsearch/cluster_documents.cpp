// The cluster: version, health, health report, settings, tasks.

#include <cmath>
#include <map>
#include <optional>

#include "base/float_text.hpp"
#include "exporters/elasticsearch/documents.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

constexpr std::string_view kColors[] = {"green", "yellow", "red"};

void put_color(expo::Page& page, std::string_view name, std::string_view help, std::string_view cluster,
               std::string_view status) {
  for (const std::string_view color : kColors) {
    page.family(name, help, model::MetricType::kGauge)
        .put({{"cluster", cluster}, {"color", color}}, status == color ? 1 : 0);
  }
}

/// A setting holds where it stands in this order.
const Document* setting(const Document& root, std::string_view path) {
  for (const std::string_view section : {"transient.", "persistent.", "defaults."}) {
    if (const Document* value = find(root, fmt::format("{}{}", section, path))) return value;
  }
  return nullptr;
}

std::string_view setting_text(const Document& root, std::string_view path) {
  const Document* value = setting(root, path);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// "85%" and "0.85" are ratios, "10gb" is bytes; false if the text is neither.
struct Watermark {
  double value = 0;
  bool is_bytes = false;
};
std::optional<Watermark> read_watermark(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    int power;
  };
  constexpr Unit kUnits[] = {{"pb", 5}, {"tb", 4}, {"gb", 3}, {"mb", 2}, {"kb", 1}, {"b", 0}};
  Watermark mark;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    if (!parse_float(text, mark.value)) return std::nullopt;
    mark.value /= 100;
    return mark;
  }
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    text.remove_suffix(unit.suffix.size());
    if (!parse_float(text, mark.value)) return std::nullopt;
    mark.value *= std::pow(1024.0, unit.power);
    mark.is_bytes = true;
    return mark;
  }
  if (!parse_float(text, mark.value)) return std::nullopt;
  return mark;
}

void put_watermark(expo::Page& page, const Document& root, std::string_view name, std::string_view title) {
  const std::string path = fmt::format("cluster.routing.allocation.disk.watermark.{}", name);
  std::string_view text = setting_text(root, path);
  if (text.empty()) text = setting_text(root, path + ".value");  // beside flood_stage.frozen
  const std::optional<Watermark> mark = read_watermark(text);
  if (!mark) return;
  const std::string_view of_disk = name == "flood_stage" ? "" : " for disk usage";
  page.family(fmt::format("elasticsearch_clustersettings_allocation_watermark_{}_{}", name,
                          mark->is_bytes ? "bytes" : "ratio"),
              mark->is_bytes
                  ? fmt::format("{}{} {}.", title, of_disk, name == "flood_stage" ? "as in bytes" : "in bytes")
                  : fmt::format("{}{} as a ratio.", title, of_disk),
              model::MetricType::kGauge)
      .put(mark->value);
}

}  // namespace

void put_cluster_info(expo::Page& page, const Document& root) {
  const model::LabelView labels[] = {{"build_date", text_at(root, "version.build_date")},
                                     {"build_hash", text_at(root, "version.build_hash")},
                                     {"cluster", text_at(root, "cluster_name")},
                                     {"cluster_uuid", text_at(root, "cluster_uuid")},
                                     {"lucene_version", text_at(root, "version.lucene_version")},
                                     {"version", text_at(root, "version.number")}};
  page.family("elasticsearch_version", "Elasticsearch version information.", model::MetricType::kGauge).put(labels, 1);
  page.family("elasticsearch_clusterinfo_version_info", "Constant metric with ES version information as labels",
              model::MetricType::kGauge)
      .put(labels, 0);  // as the original has it
}

void put_cluster_health(expo::Page& page, const Document& root) {
  const std::string_view cluster = text_at(root, "cluster_name");
  const model::LabelView labels[] = {{"cluster", cluster}};
  put(page, cluster_health_metrics(), root, labels);
  put_color(page, "elasticsearch_cluster_health_status", "Whether all primary and replica shards are allocated.",
            cluster, text_at(root, "status"));
}

void put_health_report(expo::Page& page, const Document& root) {
  struct Indicator {
    std::string_view name, help, path;
  };
  constexpr Indicator kIndicators[] = {
      {"status", "Overall cluster status", "status"},
      {"master_is_stable_status", "Master is stable status", "indicators.master_is_stable.status"},
      {"repository_integrity_status", "Repository integrity status", "indicators.repository_integrity.status"},
      {"disk_status", "Disk status", "indicators.disk.status"},
      {"shards_capacity_status", "Shards capacity status", "indicators.shards_capacity.status"},
      {"shards_availabilty_status", "Shards availabilty status", "indicators.shards_availability.status"},
      {"data_stream_lifecycle_status", "Data stream lifecycle status", "indicators.data_stream_lifecycle.status"},
      {"slm_status", "SLM status", "indicators.slm.status"},
      {"ilm_status", "ILM status", "indicators.ilm.status"},
  };
  const std::string_view cluster = text_at(root, "cluster_name");
  const model::LabelView labels[] = {{"cluster", cluster}};
  put(page, health_report_metrics(), root, labels);
  for (const Indicator& indicator : kIndicators) {
    put_color(page, fmt::format("elasticsearch_health_report_{}", indicator.name), indicator.help, cluster,
              text_at(root, indicator.path));
  }
}

void put_cluster_settings(expo::Page& page, const Document& root) {
  using enum model::MetricType;
  if (const Document* most = setting(root, "cluster.max_shards_per_node")) {
    page.family("elasticsearch_clustersettings_stats_max_shards_per_node",
                "Current maximum number of shards per node setting.", kGauge)
        .put(number_at(*most, ""));
  }
  const std::string_view enabled = setting_text(root, "cluster.routing.allocation.enable");
  page.family("elasticsearch_clustersettings_stats_shard_allocation_enabled",
              "Current mode of cluster wide shard routing allocation settings.", kGauge)
      .put(enabled == "primaries"       ? 1
           : enabled == "new_primaries" ? 2
           : enabled == "none"          ? 3
                                        : 0);
  page.family("elasticsearch_clustersettings_allocation_threshold_enabled", "Is disk allocation decider enabled.",
              kGauge)
      .put(setting_text(root, "cluster.routing.allocation.disk.threshold_enabled") == "true" ? 1 : 0);
  put_watermark(page, root, "flood_stage", "Flood stage watermark");
  put_watermark(page, root, "high", "High watermark");
  put_watermark(page, root, "low", "Low watermark");
}

void put_tasks(expo::Page& page, const Document& root) {
  std::map<std::string_view, double> by_action;
  for (const Document& task : array_at(root, "tasks")) ++by_action[text_at(task, "action")];
  for (const auto& [action, count] : by_action) {
    page.family("elasticsearch_task_stats_action", "Number of tasks of a certain action", model::MetricType::kGauge)
        .put({{"action", action}}, count);
  }
}

}  // namespace tocsin::exporters::elasticsearch
