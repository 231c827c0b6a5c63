#include "app/length_metrics.hpp"

#include <algorithm>
#include <vector>

namespace tocsin::app {

void put_length_summary(telemetry::Sink& sink, std::string_view name, std::string_view help, model::LabelView label,
                        const LengthStats& stats, std::span<const double> quantiles) {
  std::vector<expo::Quantile> out;
  for (std::size_t i = 0; i < LengthStats::kQuantiles.size(); ++i) {
    const double quantile = LengthStats::kQuantiles[i];
    if (std::ranges::find(quantiles, quantile) != quantiles.end()) out.push_back({quantile, stats.quantiles[i]});
  }
  sink.summary(name, help, {label}, out, stats.sum_seconds, static_cast<double>(stats.count));
}

void put_length_histogram(telemetry::Sink& sink, std::string_view name, std::string_view help, model::LabelView label,
                          const LengthStats& stats) {
  std::array<expo::Bucket, LengthStats::kBounds.size()> buckets{};
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    buckets[i] = {LengthStats::kBounds[i], static_cast<double>(stats.buckets[i])};
  }
  sink.histogram(name, help, {label}, buckets, stats.sum_seconds, static_cast<double>(stats.count));
}

}  // namespace tocsin::app
