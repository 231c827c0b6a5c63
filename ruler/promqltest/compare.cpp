#include "promqltest/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "promqltest/histograms.hpp"

namespace tocsin::promqltest {
namespace {

constexpr double kEpsilon = 1e-6;

struct Found {
  double value = 0;
  model::HistogramPtr histogram;
};

std::string show(const Found& found) {
  return found.histogram ? fmt::format("{{{{count:{} sum:{}}}}}", found.histogram->count, found.histogram->sum)
                         : format_float_g(found.value);
}

std::string show(const SeriesValue& value) {
  return show(Found{value.value, value.histogram});
}

bool equal(const SeriesValue& expected, const Found& found) {
  if ((expected.histogram != nullptr) != (found.histogram != nullptr)) return false;
  if (expected.histogram == nullptr) return almost_equal(expected.value, found.value);
  return almost_equal(*expected.histogram, *found.histogram, expected.hint_given);
}

bool buckets_equal(const std::map<std::int32_t, double>& a, const std::map<std::int32_t, double>& b) {
  if (a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
    return x.first == y.first && almost_equal(x.second, y.second);
  });
}

std::string compare_scalar(double expected, double actual) {
  if (almost_equal(expected, actual)) return {};
  return fmt::format("expected scalar {}, got {}", format_float_g(expected), format_float_g(actual));
}

std::string compare_vector(const EvalCommand& eval, const promql::Vector& vector) {
  std::map<model::Labels, std::pair<std::size_t, SeriesValue>> expected;
  for (const SeriesLine& line : eval.expected.series) {
    if (line.values.size() != 1) return "an instant query is expected to give one value per series";
    expected[line.labels] = {expected.size(), line.values.front()};
  }
  std::map<model::Labels, int> seen;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const auto found = expected.find(vector[i].labels);
    const Found actual{vector[i].v, vector[i].h};
    if (found == expected.end()) {
      return fmt::format("unexpected series {} with {}", vector[i].labels.to_string(), show(actual));
    }
    if (++seen[vector[i].labels] > 1) return fmt::format("series {} twice", vector[i].labels.to_string());
    const auto& [place, value] = found->second;
    if (eval.expected.ordered && place != i) {
      return fmt::format("{} is at place {}, expected at {}", vector[i].labels.to_string(), i, place);
    }
    if (!equal(value, actual)) {
      return fmt::format("{}: expected {}, got {}", vector[i].labels.to_string(), show(value), show(actual));
    }
  }
  for (const auto& [labels, value] : expected) {
    if (!seen.contains(labels)) return fmt::format("missing series {} with {}", labels.to_string(), show(value.second));
  }
  return {};
}

std::string compare_matrix(const Expectation& expected, const promql::Matrix& matrix, Timestamp start, Timestamp end,
                           std::int64_t step) {
  if (!std::is_sorted(matrix.begin(), matrix.end(),
                      [](const auto& a, const auto& b) { return (a.labels <=> b.labels) < 0; })) {
    return "the series are not sorted by labels";
  }
  std::map<model::Labels, std::map<Timestamp, Found>> actual;
  for (const promql::MatrixSeries& series : matrix) {
    if (actual.contains(series.labels)) return fmt::format("series {} twice", series.labels.to_string());
    auto& points = actual[series.labels];
    for (const model::Sample& point : series.floats) points[point.t] = {point.v, nullptr};
    for (const promql::HistogramPoint& point : series.histograms) points[point.t] = {0, point.h};
  }
  for (const SeriesLine& line : expected.series) {
    const auto found = actual.find(line.labels);
    if (found == actual.end()) return fmt::format("missing series {}", line.labels.to_string());
    std::map<Timestamp, Found>& points = found->second;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      const Timestamp t = start + static_cast<std::int64_t>(i) * step;
      if (line.values[i].omitted) continue;
      if (t > end) return "more values are expected than there are steps";
      const auto point = points.find(t);
      if (point == points.end()) {
        return fmt::format("{} at {} ms: expected {}, got nothing", line.labels.to_string(), t, show(line.values[i]));
      }
      if (!equal(line.values[i], point->second)) {
        return fmt::format("{} at {} ms: expected {}, got {}", line.labels.to_string(), t, show(line.values[i]),
                           show(point->second));
      }
      points.erase(point);
    }
    if (!points.empty()) {
      return fmt::format("{} at {} ms: expected nothing, got {}", line.labels.to_string(), points.begin()->first,
                         show(points.begin()->second));
    }
    actual.erase(found);
  }
  if (!actual.empty()) return fmt::format("unexpected series {}", actual.begin()->first.to_string());
  return {};
}

std::string compare_texts(const std::vector<Pattern>& expected, bool none, const std::vector<std::string>& actual,
                          std::string_view level) {
  if (none && !actual.empty()) return fmt::format("unexpected {}: {}", level, actual.front());
  if (expected.empty()) return {};
  for (const Pattern& pattern : expected) {
    if (std::none_of(actual.begin(), actual.end(), [&](const auto& text) { return pattern.matches(text); })) {
      return fmt::format("missing {}: {}; got: {}", level, pattern.to_string(),
                         actual.empty() ? "none" : actual.front());
    }
  }
  for (const std::string& text : actual) {
    if (std::none_of(expected.begin(), expected.end(), [&](const auto& pattern) { return pattern.matches(text); })) {
      return fmt::format("unexpected {}: {}", level, text);
    }
  }
  return {};
}

}  // namespace

bool almost_equal(double a, double b) {
  if (model::is_stale(a) || model::is_stale(b)) return model::is_stale(a) && model::is_stale(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  constexpr double kMinNormal = 2.2250738585072014e-308;
  const double sum = std::abs(a) + std::abs(b);
  const double diff = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kMinNormal) return diff < kEpsilon * kMinNormal;
  return diff / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

bool almost_equal(const model::FloatHistogram& a, const model::FloatHistogram& b, bool compare_hint) {
  return a.schema == b.schema && almost_equal(a.count, b.count) && almost_equal(a.sum, b.sum) &&
         almost_equal(a.zero_count, b.zero_count) && a.zero_threshold == b.zero_threshold &&
         (a.schema != model::kCustomBucketsSchema || a.custom_values == b.custom_values) &&
         buckets_equal(sparse_buckets(a.positive_spans, a.positive_buckets),
                       sparse_buckets(b.positive_spans, b.positive_buckets)) &&
         buckets_equal(sparse_buckets(a.negative_spans, a.negative_buckets),
                       sparse_buckets(b.negative_spans, b.negative_buckets)) &&
         (!compare_hint || a.reset_hint == b.reset_hint);
}

std::string compare_instant(const EvalCommand& eval, const promql::Value& value) {
  const Expectation& expected = eval.expected;
  if (const auto* text = std::get_if<promql::Text>(&value)) {
    if (expected.string && *expected.string == text->v) return {};
    return fmt::format("got the string {}", go_quote(text->v));
  }
  if (expected.string) return "a string is expected";
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    if (!expected.scalar) return "a scalar was not expected";
    return compare_scalar(*expected.scalar, scalar->v);
  }
  if (expected.scalar) return "a scalar is expected";
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    if (!expected.range_vector) return "a range vector was not expected";
    const Expectation::RangeVector& range = *expected.range_vector;
    return compare_matrix(expected, *matrix, range.start, range.end, range.step_ms);
  }
  if (expected.range_vector) return "a range vector is expected";
  return compare_vector(eval, std::get<promql::Vector>(value));
}

std::string compare_range(const EvalCommand& eval, const promql::Value& value) {
  const auto* matrix = std::get_if<promql::Matrix>(&value);
  if (matrix == nullptr) return "a range query answers a matrix";
  return compare_matrix(eval.expected, *matrix, eval.start, eval.end, eval.step_ms);
}

std::string compare_annotations(const Expectation& expected, const promql::QueryResult& result) {
  std::string out = compare_texts(expected.warnings, expected.no_warnings, result.warnings, "warning");
  return out.empty() ? compare_texts(expected.infos, expected.no_infos, result.infos, "info") : out;
}

std::string compare_failure(const Pattern& pattern, const std::string& error) {
  if (pattern.matches(error)) return {};
  return fmt::format("expected the error: {}; got: {}", pattern.to_string(), error);
}

std::string compare_points_at(const EvalCommand& eval, const promql::Value& value, Timestamp t) {
  const auto* matrix = std::get_if<promql::Matrix>(&value);
  if (matrix == nullptr) return "a range query answers a matrix";
  promql::Vector vector;
  for (const promql::MatrixSeries& series : *matrix) {
    for (const model::Sample& point : series.floats) {
      if (point.t == t) vector.push_back({series.labels, t, point.v, nullptr});
    }
    for (const promql::HistogramPoint& point : series.histograms) {
      if (point.t == t) vector.push_back({series.labels, t, 0, point.h});
    }
  }
  if (eval.expected.scalar) {
    return vector.size() == 1 ? compare_scalar(*eval.expected.scalar, vector.front().v) : "one scalar is expected";
  }
  return eval.expected.ordered ? std::string() : compare_vector(eval, vector);
}

}  // namespace tocsin::promqltest
