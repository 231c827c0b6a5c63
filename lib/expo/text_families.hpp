#pragma once
// A page as families with their metrics, for tools that judge it. Not for scraping: it copies everything.

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/metric_type.hpp"

namespace tocsin::expo {

/// A metric without its values: one per label set; the rows of a histogram or a summary are one metric.
struct FamilyMetric {
  std::vector<std::pair<std::string, std::string>> labels;  // in order of the page
};

struct TextFamily {
  std::string name;
  std::optional<std::string> help;        // nothing if the page says none
  std::optional<model::MetricType> type;  // kUnknown: untyped
  std::vector<std::shared_ptr<FamilyMetric>> metrics;
};

/// Families in order of the page, those without metrics left out.
/// Accepts what prometheus/common expfmt/text_parse.go accepts, which promtool uses: stricter than a scrape (a newline
/// at the end, escapes, one HELP and TYPE per family, numbers in le and quantile), with its messages:
/// "text format parsing error in line 3: expected float as value, got \"x\"".
std::expected<std::vector<TextFamily>, std::string> read_text_families(std::string_view page);

/// The same of a page of OpenMetrics that the scraper reads, with the names that text 0.0.4 gives to the families: that
/// of a counter ends with _total, that of an info with _info. _created is left out.
std::expected<std::vector<TextFamily>, std::string> read_openmetrics_families(std::string_view page);

}  // namespace tocsin::expo
