#pragma once
// The page of one round, with the help texts and the label `instance_role`.

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expo/writer.hpp"

namespace tocsin::exporters::redis {

inline constexpr std::string_view kNamespace = "redis_";

/// Thread: one at a time. Names are whole: "redis_up". Families that the table of help texts lacks say "up metric".
class Metrics {
 public:
  using Labels = std::initializer_list<model::LabelView>;
  explicit Metrics(expo::Page& page) : page_(page) {}

  /// From now on every series has the label `instance_role`.
  void append_role(std::string role) { role_ = std::move(role); }

  void gauge(std::string_view name, double value, Labels labels = {}) {
    put(family(name, model::MetricType::kGauge), value, labels);
  }
  void counter(std::string_view name, double value, Labels labels = {}) {
    put(family(name, model::MetricType::kCounter), value, labels);
  }
  void put(expo::CachedFamily& family, double value, std::span<const model::LabelView> labels) {
    family.put(with_role(labels), value);
  }
  void put(expo::CachedFamily& family, double value, Labels labels = {}) {
    put(family, value, std::span<const model::LabelView>(labels.begin(), labels.size()));
  }
  void summary(std::string_view name, Labels labels, std::span<const expo::Quantile> quantiles, double sum,
               double count) {
    family(name, model::MetricType::kSummary)
        .put_summary(with_role({labels.begin(), labels.size()}), quantiles, sum, count);
  }
  void histogram(std::string_view name, Labels labels, std::span<const expo::Bucket> buckets, double sum,
                 double count) {
    family(name, model::MetricType::kHistogram)
        .put_histogram(with_role({labels.begin(), labels.size()}), buckets, sum, count);
  }
  expo::CachedFamily& family(std::string_view name, model::MetricType type);
  expo::Page& page() { return page_; }

 private:
  std::span<const model::LabelView> with_role(std::span<const model::LabelView> labels);
  expo::Page& page_;
  std::optional<std::string> role_;
  std::vector<model::LabelView> labels_;
};

}  // namespace tocsin::exporters::redis
