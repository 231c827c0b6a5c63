#include "expo/openmetrics_created.hpp"

#include "expo/chars.hpp"
#include "expo/quoted.hpp"

namespace tocsin::expo {
namespace {

constexpr std::string_view kCreated = "_created";
/// Stands in no text between quotes without a backslash before it.
constexpr char kSeparator = '"';

/// Calls `each` with name and value of each label, without quotes, escapes as they stand. The text is one that
/// OpenMetricsParser accepted. @return the metric's name.
template <typename Each>
std::string_view walk(std::string_view series, Each each) {
  const char* at = series.data();
  const char* const limit = at + series.size();
  const auto quoted = [&] {  // at an opening quote; moves behind the closing one
    const char* const start = at + 1;
    const char* const quote = find_quote < kZeros | kNewlines > (start, limit).quote;
    at = quote + 1;
    return std::string_view(start, static_cast<std::size_t>(quote - start));
  };
  const auto bare = [&](unsigned classes) {
    const char* const start = at;
    while (at < limit && is_in(*at, classes)) ++at;
    return std::string_view(start, static_cast<std::size_t>(at - start));
  };
  std::string_view metric = bare(kMetricChar);
  if (at < limit) ++at;  // the brace
  while (at < limit && *at != '}') {
    const std::string_view name = *at == '"' ? quoted() : bare(kLabelChar);
    if (*at == '=') {
      ++at;
      each(name, quoted());
      while (at < limit && *at == 0) ++at;
    } else {
      metric = name;
    }
    if (at < limit && *at == ',') ++at;
  }
  return metric;
}

}  // namespace

bool has_start(model::MetricType type) {
  using enum model::MetricType;
  return type == kCounter || type == kHistogram || type == kSummary;
}

bool is_created_series(std::string_view series) {
  if (series.find(kCreated) == std::string_view::npos) return false;
  return walk(series, [](std::string_view, std::string_view) {}).ends_with(kCreated);
}

bool make_start_key(std::string_view series, std::size_t family_size, model::MetricType type, std::string& key) {
  key.clear();
  const std::string_view left_out = type == model::MetricType::kHistogram ? "le"
                                    : type == model::MetricType::kSummary ? "quantile"
                                                                          : std::string_view();
  const std::string_view metric = walk(series, [&](std::string_view name, std::string_view value) {
    if (!left_out.empty() && name == left_out) return;
    ((key += name) += kSeparator) += value;
    key += kSeparator;
  });
  if (family_size == 0) family_size = metric.size() - kCreated.size();
  if (metric.size() < family_size) return false;
  key += metric.substr(0, family_size);
  return true;
}

}  // namespace tocsin::expo
