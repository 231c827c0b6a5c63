#include "telemetry/registry.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tocsin::telemetry {
namespace {

model::MetricType type_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return model::MetricType::kCounter;
    case prometheus::MetricType::Gauge:
      return model::MetricType::kGauge;
    case prometheus::MetricType::Summary:
      return model::MetricType::kSummary;
    case prometheus::MetricType::Histogram:
      return model::MetricType::kHistogram;
    default:
      return model::MetricType::kUnknown;
  }
}

void put_metric(expo::CachedFamily& family, prometheus::MetricType type, const prometheus::ClientMetric& metric) {
  std::vector<model::LabelView> labels;
  for (const auto& label : metric.label) labels.push_back({label.name, label.value});
  std::optional<Timestamp> timestamp;
  if (metric.timestamp_ms != 0) timestamp = metric.timestamp_ms;
  switch (type) {
    case prometheus::MetricType::Counter:
      family.put(labels, metric.counter.value, timestamp);
      break;
    case prometheus::MetricType::Gauge:
      family.put(labels, metric.gauge.value, timestamp);
      break;
    case prometheus::MetricType::Histogram: {
      std::vector<expo::Bucket> buckets;
      for (const auto& bucket : metric.histogram.bucket) {
        buckets.push_back({bucket.upper_bound, static_cast<double>(bucket.cumulative_count)});
      }
      family.put_histogram(labels, buckets, metric.histogram.sample_sum,
                           static_cast<double>(metric.histogram.sample_count), timestamp);
      break;
    }
    case prometheus::MetricType::Summary: {
      std::vector<expo::Quantile> quantiles;
      for (const auto& q : metric.summary.quantile) quantiles.push_back({q.quantile, q.value});
      family.put_summary(labels, quantiles, metric.summary.sample_sum, static_cast<double>(metric.summary.sample_count),
                         timestamp);
      break;
    }
    default:
      family.put(labels, metric.untyped.value, timestamp);
  }
}

void put_collectable(expo::Page& page, const prometheus::Collectable& collectable) {
  for (const prometheus::MetricFamily& family : collectable.Collect()) {
    expo::CachedFamily& out = page.family(family.name, family.help, type_of(family.type));
    for (const prometheus::ClientMetric& metric : family.metric) put_metric(out, family.type, metric);
  }
}

}  // namespace

void Sink::put(std::string_view name, std::string_view help, model::MetricType type, Labels labels, double value) {
  page_.family(name, help, type).put(labels, value);
}

void Sink::histogram(std::string_view name, std::string_view help, Labels labels, std::span<const expo::Bucket> buckets,
                     double sum, double count) {
  page_.family(name, help, model::MetricType::kHistogram)
      .put_histogram(std::span(labels.begin(), labels.size()), buckets, sum, count);
}

void Sink::summary(std::string_view name, std::string_view help, Labels labels,
                   std::span<const expo::Quantile> quantiles, double sum, double count) {
  page_.family(name, help, model::MetricType::kSummary)
      .put_summary(std::span(labels.begin(), labels.size()), quantiles, sum, count);
}

Registry::Registry() : families_(std::make_shared<prometheus::Registry>()) {
  add(families_);
}

void Registry::add(std::weak_ptr<prometheus::Collectable> collectable) {
  sources_.push_back({std::move(collectable)});
}

void Registry::collect(Source& source) {
  const auto collectable = source.collectable.lock();
  if (!collectable) return;
  std::string failure;
  try {
    put_collectable(page_, *collectable);
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "unknown exception";
  }
  if (!failure.empty()) {
    ++collect_failures_;
    if (!source.failing) log::error("telemetry", "a collectable failed", {{"err", failure}});
  }
  source.failing = !failure.empty();
}

std::shared_ptr<const expo::RenderedPage> Registry::render() {
  page_.begin();
  for (Source& source : sources_) collect(source);
  std::erase_if(sources_, [](const Source& source) { return source.collectable.expired(); });
  Sink sink(page_);
  for (const Probe& probe : probes_) probe(sink);
  if (collect_failures_ > 0) {
    sink.counter("tocsin_collect_failures_total", "Registered collectables that threw when they were asked.",
                 static_cast<double>(collect_failures_));
  }
  page_.end();
  return page_.share();
}

}  // namespace tocsin::telemetry
