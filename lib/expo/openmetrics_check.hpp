#pragma once
// The OpenMetrics specification's verdict on a page, which is stricter than any scraper's.
//
// Checks what OpenMetrics 1.0.0 says with MUST and what can be seen on one page: the ABNF; metadata once, before the
// samples, in one block per family; names that may clash; suffixes by type; values by type; le and quantile; buckets in
// order, cumulative, with +Inf; count and sum of histograms; the places, sizes and values of exemplars; metrics and
// points that are not interleaved; timestamps that do not go back, on all samples of a metric or on none; "# EOF".
// Where the text leaves room, the project's own test cases decide: equal timestamps in a row, quotes in a help text and
// numbers in another spelling than the canonical one pass.
//
// Source: github.com/prometheus/OpenMetrics, specification/OpenMetrics.md and tests/testdata/parsers.

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::expo {

/// What breaks the specification first. Line and column (in bytes) count from 1.
struct Violation {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;  // "Counter: a total must not be NaN": the section of the specification, and what is wrong
};

/// Nothing if the page is what the specification says.
std::optional<Violation> check_openmetrics(std::string_view page);

}  // namespace tocsin::expo
