#include "scrape/family.hpp"

#include <initializer_list>

namespace tocsin::scrape {
namespace {

/// The name without the first of the endings that it has.
std::string_view cut(std::string_view name, std::initializer_list<std::string_view> endings) {
  for (const std::string_view ending : endings) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

}  // namespace

bool is_series_of_family(std::string_view series, std::string_view family, model::MetricType type) {
  if (!series.starts_with(family)) return false;
  using enum model::MetricType;
  switch (type) {
    case kCounter:
      return cut(series, {"_total"}) == cut(family, {"_total"});
    case kHistogram:
      return cut(series, {"_bucket", "_sum", "_count"}) == family;
    case kGaugeHistogram:
      return cut(series, {"_bucket", "_gsum", "_gcount"}) == family;
    case kSummary:
      return cut(series, {"_sum", "_count"}) == family;
    case kInfo:
      return cut(series, {"_info"}) == cut(family, {"_info"});
    default:
      return series == family;
  }
}

}  // namespace tocsin::scrape
