#pragma once
// A metric as a place in a JSON document.

#include <span>
#include <string_view>

#include <boost/json.hpp>

#include "expo/writer.hpp"
#include "model/metric_type.hpp"

namespace tocsin::exporters::elasticsearch {

enum class Scale {
  kOne,
  kMilliseconds,  // becomes seconds
  kTruth,         // true is 1
};

struct Metric {
  std::string_view name, help;
  model::MetricType type = model::MetricType::kGauge;
  std::string_view path;  // names of members, with dots between
  Scale scale = Scale::kOne;
  model::LabelView label{};  // one more label; none if its name is empty
  bool optional = false;     // left out if it is not there; others are 0 then, as in elasticsearch_exporter
};

using Labels = std::span<const model::LabelView>;

/// The member at the path; nullptr if it, or one on the way, is not there.
const boost::json::value* find(const boost::json::value& root, std::string_view path);
/// The number at the path, also of a text that is one ("3"); 0 if there is none.
double number_at(const boost::json::value& root, std::string_view path);
/// The text at the path; "" if there is none. The view lives as long as the document.
std::string_view text_at(const boost::json::value& root, std::string_view path);
/// The object at the path; an empty one if there is none.
const boost::json::object& object_at(const boost::json::value& root, std::string_view path);
/// The array at the path; an empty one if there is none.
const boost::json::array& array_at(const boost::json::value& root, std::string_view path);

/// Puts each metric's value with these labels and its own.
void put(expo::Page& page, std::span<const Metric> metrics, const boost::json::value& root, Labels labels);

// The tables, by the part of a document that they look at.
std::span<const Metric> cluster_health_metrics();      // /_cluster/health
std::span<const Metric> health_report_metrics();       // /_health_report
std::span<const Metric> snapshot_lifecycle_metrics();  // /_slm/stats
std::span<const Metric> snapshot_policy_metrics();     // of it, policy_stats[]
std::span<const Metric> node_metrics();                // /_nodes/stats, nodes.ID
std::span<const Metric> garbage_collector_metrics();   // of it, jvm.gc.collectors.NAME
std::span<const Metric> breaker_metrics();             // of it, breakers.NAME
std::span<const Metric> indexing_pressure_metrics();   // of it, indexing_pressure.NAME
std::span<const Metric> thread_pool_metrics();         // of it, thread_pool.NAME
std::span<const Metric> filesystem_metrics();          // of it, fs.data[]
std::span<const Metric> device_metrics();              // of it, fs.io_stats.devices[]
std::span<const Metric> index_metrics();               // /_all/_stats, indices.NAME
std::span<const Metric> shard_metrics();               // of it, shards.N[]

}  // namespace tocsin::exporters::elasticsearch
