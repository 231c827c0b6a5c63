#pragma once
// promqltest scripts: commands `clear`, `load` and `eval` with their blocks.
// Source: Prometheus promql/promqltest/test.go and README.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "support/promql_series.hpp"

namespace tocsin::test {

struct ClearCommand {
  int line = 0;
};

struct LoadCommand {
  struct Series {
    SeriesLine line;
    std::vector<StartOffset> starts;  // empty, or one for each value
  };
  int line = 0;
  std::int64_t interval_ms = 0;
  bool with_nhcb = false;
  std::vector<Series> series;
};

/// A text that must be equal, a regular expression that must be found, or (neither) anything.
struct TextPattern {
  std::optional<std::string> text, regex;
};

struct Expectation {
  std::optional<TextPattern> failure;
  std::vector<TextPattern> warnings, infos;
  bool no_warnings = false, no_infos = false;
  bool ordered = false;
  std::optional<std::string> string;
  std::optional<double> scalar;
  struct RangeVector {
    Timestamp start = 0, end = 0;
    std::int64_t step_ms = 0;
  };
  std::optional<RangeVector> range_vector;
  std::vector<SeriesLine> series;
};

struct EvalCommand {
  int line = 0;
  bool range = false;
  Timestamp start = 0, end = 0;  // an instant query has start == end
  std::int64_t step_ms = 0;
  std::string expr;
  Expectation expected;
};

using ScriptCommand = std::variant<ClearCommand, LoadCommand, EvalCommand>;

/// Errors: kInvalid, "line N: ...".
Result<std::vector<ScriptCommand>> parse_script(std::string_view text);

}  // namespace tocsin::test
