#include "expo/rendered_page.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "expo/escape.hpp"
#include "expo/writer.hpp"

namespace tocsin::expo {
namespace {

/// Base units of the naming conventions, and those that exporters use beside them.
constexpr std::string_view kUnits[] = {"seconds", "bytes", "ratio", "celsius", "volts",   "amperes", "joules",
                                       "watts",   "hertz", "grams", "meters",  "pascals", "kelvins", "percent"};

std::string_view unit_of(std::string_view name) {
  for (const std::string_view unit : kUnits) {
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_') return unit;
  }
  return {};
}

}  // namespace

void append_openmetrics_header(std::string& out, std::string_view name, std::string_view help, std::string_view type,
                               std::string_view unit) {
  const auto start = [&](std::string_view keyword) {
    out += keyword;
    if (model::is_legacy_metric_name(name)) {
      out += name;
    } else {
      out += '"';
      append_escaped(out, name, true);
      out += '"';
    }
    out += ' ';
  };
  if (!help.empty()) {
    start("# HELP ");
    append_escaped(out, help, true);
    out += '\n';
  }
  start("# TYPE ");
  out += type;
  out += '\n';
  if (unit.empty()) return;
  start("# UNIT ");
  out += unit;
  out += '\n';
}

/// Source of the names: OpenMetrics 1.0.0, "Suffixes"; prometheus/common expfmt/openmetrics_create.go, where a counter
/// without _total is of an unknown type.
std::shared_ptr<const FamilyInfo> make_family_info(std::string name, std::string help, model::MetricType type) {
  auto info = std::make_shared<FamilyInfo>();
  info->name = std::move(name);
  info->help = std::move(help);
  info->type = type;
  append_family_header(info->header, info->name, info->help, type);
  std::string_view om_name = info->name, word = "unknown";
  bool has_unit = true;
  switch (type) {
    case model::MetricType::kCounter:
      if (om_name.ends_with("_total")) {
        om_name.remove_suffix(6);
        word = "counter";
      }
      break;
    case model::MetricType::kInfo:
      has_unit = false;
      word = om_name.ends_with("_info") ? "info" : "gauge";
      if (word == "info") om_name.remove_suffix(5);
      break;
    case model::MetricType::kGauge:
    case model::MetricType::kStateset:
      word = "gauge";
      break;
    case model::MetricType::kHistogram:
    case model::MetricType::kGaugeHistogram:
      word = "histogram";
      break;
    case model::MetricType::kSummary:
      word = "summary";
      break;
    case model::MetricType::kUnknown:
      break;
  }
  info->openmetrics_name = om_name;
  if (has_unit) info->unit = unit_of(om_name);
  append_openmetrics_header(info->openmetrics_header, om_name, info->help, word, info->unit);
  return info;
}

std::span<const MergedFamily> MergeOrder::merge(std::span<const RenderedPage* const> pages) {
  all_.clear();
  merged_.clear();
  for (const RenderedPage* page : pages) {
    for (const auto& family : page->families) all_.push_back({&family, page});
  }
  const auto same = [](const MergedFamily& a, const auto& b) { return a.family->info == b; };
  if (!std::equal(all_.begin(), all_.end(), known_.begin(), known_.end(), same)) learn(all_);
  for (const std::uint32_t place : order_) merged_.push_back(all_[place]);
  return merged_;
}

void MergeOrder::learn(std::span<const MergedFamily> families) {
  known_.clear();
  order_.resize(families.size());
  std::iota(order_.begin(), order_.end(), 0U);
  for (const MergedFamily& family : families) known_.push_back(family.family->info);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(families[a].info().name, a) < std::tie(families[b].info().name, b);
  });
}

}  // namespace tocsin::expo
