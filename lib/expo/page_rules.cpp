#include "expo/page_rules.hpp"

#include <algorithm>

namespace tocsin::expo {
namespace {

/// Words of names of gauges whose sum means nothing.
constexpr std::string_view kNoSums[] = {
    // times
    "seconds", "milliseconds", "microseconds", "nanoseconds", "timestamp", "time", "date", "age", "delay", "lag",
    "latency", "duration", "uptime", "epoch", "ttl", "interval", "timeout",
    // shares and statistics
    "ratio", "percent", "percentage", "fraction", "factor", "avg", "average", "mean", "median", "quantile", "stddev",
    "variance", "min", "max", "load", "load1", "load5", "load15", "score", "weight",
    // states and identities
    "info", "version", "up", "state", "status", "success", "healthy", "health", "enabled", "mode", "role", "id",
    "index", "priority", "lsn", "position", "offset", "port",
    // physical measures
    "celsius", "volts", "hertz", "rpm", "ohms", "level"};

/// The size to which the largest of the sizes must be cut so that their sum is not above the limit.
std::size_t water_level(std::vector<std::size_t> sizes, std::size_t limit) {
  std::sort(sizes.begin(), sizes.end());
  std::size_t left = limit;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t share = left / (sizes.size() - i);
    if (sizes[i] > share) return share;
    left -= sizes[i];
  }
  return limit;
}

}  // namespace

bool adds_up(std::string_view name, model::MetricType type) {
  if (type == model::MetricType::kCounter) return true;
  if (type != model::MetricType::kGauge) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("_:.", begin), name.size());
    if (std::ranges::find(kNoSums, name.substr(begin, end - begin)) != std::end(kNoSums)) return false;
    begin = end + 1;
  }
  return true;
}

std::span<const model::LabelView> PageRules::complete(std::span<const model::LabelView> labels,
                                                      std::vector<model::LabelView>& all) const {
  if (constant_labels.empty()) return labels;
  all.assign(labels.begin(), labels.end());
  for (const auto& [name, value] : constant_labels) {
    if (std::ranges::find(labels, name, &model::LabelView::name) == labels.end()) all.push_back({name, value});
  }
  return all;
}

void PageRules::cut() {
  std::vector<std::size_t> sizes;
  std::size_t lines = 0;
  for (const CachedFamily* family : families) {
    if (family->put_lines() == 0) continue;
    sizes.push_back(family->put_lines());
    lines += sizes.back();
  }
  if (lines <= limit) return;
  const std::size_t level = water_level(std::move(sizes), limit);
  for (CachedFamily* family : families) {
    if (family->put_lines() > level) family->cut_to(level);
  }
}

CachedFamily* PageRules::expected(std::string_view name) {
  constexpr std::size_t kMayBeAbsent = 3;
  const std::size_t end = std::min(families.size(), next_family + 1 + kMayBeAbsent);
  for (std::size_t i = next_family; i < end; ++i) {
    if (families[i]->name() != name) continue;
    next_family = i + 1;
    return families[i];
  }
  return nullptr;
}

void PageRules::expect_behind(const CachedFamily& family) {
  constexpr std::size_t kFewEnoughToLookThrough = 1024;
  if (families.size() > kFewEnoughToLookThrough) return;
  const auto found = std::find(families.begin(), families.end(), &family);
  if (found != families.end()) next_family = static_cast<std::size_t>(found - families.begin()) + 1;
}

}  // namespace tocsin::expo
