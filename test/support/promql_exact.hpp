#pragma once
// An answer of the engine as text in which nothing is rounded, for answers that must be the same to the bit.

#include <bit>
#include <cstdint>
#include <string>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "promql/engine.hpp"

namespace tocsin::test {

inline std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

inline std::string exact(const model::FloatHistogram& h) {
  std::string out = fmt::format("{{{} {} {:x} {:x} {:x} {:x}", static_cast<int>(h.reset_hint), h.schema,
                                bits(h.zero_threshold), bits(h.zero_count), bits(h.count), bits(h.sum));
  for (const auto* const spans : {&h.positive_spans, &h.negative_spans}) {
    for (const auto& span : *spans) out += fmt::format(" {}+{}", span.offset, span.length);
    out += ';';
  }
  for (const auto* const values : {&h.positive_buckets, &h.negative_buckets, &h.custom_values}) {
    for (const double value : *values) out += fmt::format(" {:x}", bits(value));
    out += ';';
  }
  return out + '}';
}

struct ExactValue {
  std::string operator()(const promql::Scalar& scalar) const {
    return fmt::format("{} {:x}\n", scalar.t, bits(scalar.v));
  }
  std::string operator()(const promql::Text& text) const { return text.v; }
  std::string operator()(const promql::Vector& vector) const {
    std::string out;
    for (const promql::VectorSample& one : vector) {
      out += fmt::format("{} {} {}\n", one.labels.to_string(), one.t,
                         one.h ? exact(*one.h) : fmt::format("{:x}", bits(one.v)));
    }
    return out;
  }
  std::string operator()(const promql::Matrix& matrix) const {
    std::string out;
    for (const promql::MatrixSeries& series : matrix) {
      out += series.labels.to_string();
      for (const auto& sample : series.floats) out += fmt::format(" {}:{:x}", sample.t, bits(sample.v));
      for (const auto& point : series.histograms) out += fmt::format(" {}:{}", point.t, exact(*point.h));
      out += '\n';
    }
    return out;
  }
};

/// With annotations and what was counted of samples; the error if there is one.
inline std::string exact(const Result<promql::QueryResult>& result) {
  if (!result) return fmt::format("{}: {}", static_cast<int>(result.error().code), result.error().message);
  const promql::QueryStats& stats = result->stats;
  return fmt::format("{}{}\n{}\n{} {} {} {}", std::visit(ExactValue(), result->value),
                     fmt::join(result->warnings, "\n"), fmt::join(result->infos, "\n"), stats.total_samples,
                     stats.samples_read, stats.peak_samples, stats.samples_decoded);
}

}  // namespace tocsin::test
