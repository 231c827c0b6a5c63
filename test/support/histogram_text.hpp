#pragma once
// A native histogram as one line.

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/histogram.hpp"

namespace tocsin::test {

inline std::string side_text(std::string_view name, const std::vector<model::HistogramSpan>& spans,
                             const std::vector<double>& buckets) {
  if (spans.empty() && buckets.empty()) return "";
  std::string out = fmt::format(" {}=[", name);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    out += fmt::format("{}{}:{}", i == 0 ? "" : " ", spans[i].offset, spans[i].length);
  }
  return out + fmt::format("] {}", fmt::join(buckets, ","));
}

/// `float gauge schema=3 zero=2/0.001 count=12 sum=3.5 pos=[0:2 3:2] 1,3,2,3 neg=[-2:1] 1 bounds=0.5,1`, where what is
/// ordinary or empty is left out.
inline std::string histogram_text(const model::FloatHistogram& h) {
  std::string out = h.integer ? "" : "float ";
  if (h.reset_hint == model::CounterReset::kGauge) out += "gauge ";
  if (h.reset_hint == model::CounterReset::kReset) out += "reset ";
  if (h.reset_hint == model::CounterReset::kNotReset) out += "no-reset ";
  out += fmt::format("schema={} zero={}/{} count={} sum={}", h.schema, h.zero_count, h.zero_threshold, h.count, h.sum);
  out += side_text("pos", h.positive_spans, h.positive_buckets);
  out += side_text("neg", h.negative_spans, h.negative_buckets);
  if (!h.custom_values.empty()) out += fmt::format(" bounds={}", fmt::join(h.custom_values, ","));
  return out;
}

}  // namespace tocsin::test
