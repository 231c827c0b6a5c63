#pragma once
// promqltest scripts: commands `clear`, `load` and `eval` with their blocks.
// Source: Prometheus promql/promqltest/test.go and README.md; its words for what is wrong.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "promql/parser/parser.hpp"
#include "promqltest/pattern.hpp"
#include "promqltest/series_notation.hpp"

namespace tocsin::promqltest {

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

struct Expectation {
  std::optional<Pattern> failure;
  bool failure_line = false;  // an `expect fail` told it, not the command's name
  std::vector<Pattern> warnings, infos;
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
  std::string text;
  std::shared_ptr<const promql::parser::Expr> expr;
  Expectation expected;
};

using ScriptCommand = std::variant<ClearCommand, LoadCommand, EvalCommand>;

/// Limits of one script, against files that are not what they seem.
struct ScriptLimits {
  std::size_t bytes = 16U << 20U;
  std::size_t values = 2'000'000;        // written out, in all series of the file
  std::int64_t range_steps = 1'000'000;  // of one `eval range`
};

struct ScriptError {
  int line = 0;
  std::string message;
};

/// All commands, or the first one that cannot be read.
/// @param parser  the switches of the expressions' language.
std::expected<std::vector<ScriptCommand>, ScriptError> parse_script(std::string_view text,
                                                                    const promql::parser::ParserOptions& parser,
                                                                    const ScriptLimits& limits = {});

}  // namespace tocsin::promqltest
