#pragma once
// The series notation of promqltest scripts: `name{a="b"} 1 2 _ 3+1x5 stale {{count:3 sum:2}}`.
// Source: Prometheus promql/parser (series description) and promql/promqltest/README.md.

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::promqltest {

/// One slot of a series: nothing, a float or a histogram.
struct SeriesValue {
  bool omitted = false;
  double value = 0;
  model::HistogramPtr histogram;
  bool hint_given = false;  // counter_reset_hint was written, so it is compared
};

struct SeriesLine {
  model::Labels labels;
  std::vector<SeriesValue> values;
};

/// What a script may still write out: one for each slot, and one more for each bucket of a histogram in it.
struct Budget {
  std::size_t left = 2'000'000;
  Result<void> take(std::size_t slots);
};

/// A metric and its slots, `xN` written out. Errors: kInvalid with what is wrong, kLimit when the budget is spent.
Result<SeriesLine> parse_series_line(std::string_view line, Budget& budget);
/// Only the metric; `rest` is what follows it.
Result<model::Labels> parse_metric(std::string_view line, std::string_view& rest);
/// Start timestamps relative to their samples, in ms: `-30s`, `_`, `0sx5`, `-30s-1mx4`. Omitted: 0 with `known` false.
struct StartOffset {
  bool known = false;
  std::int64_t offset_ms = 0;
};
Result<std::vector<StartOffset>> parse_start_offsets(std::string_view items, Budget& budget);
/// A number as scripts write it: decimal, exponents, Inf, NaN, durations. `used` is how many bytes it took; 0 if none.
double parse_script_number(std::string_view text, std::size_t& used);

}  // namespace tocsin::promqltest
