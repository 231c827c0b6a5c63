#include "promqltest/script.hpp"

#include <re2/re2.h>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::promqltest {
namespace {

constexpr std::string_view kRangeVector = "expect range vector";
constexpr std::string_view kString = "expect string";
constexpr Timestamp kMaxTime = std::int64_t{1} << 50U;  // products of it with small numbers still fit

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\v\f";
  while (!text.empty() && kBlanks.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  while (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

/// What a message shows of a line.
std::string excerpt(std::string_view text) {
  constexpr std::size_t kShown = 200;
  return std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

/// The parts of the command lines. Source: promqltest/test.go, patLoad and the others.
struct Grammar {
  re2::RE2 load{R"(^load(?:_(with_nhcb))?\s+(.+?)$)"};
  re2::RE2 instant{R"(^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$)"};
  re2::RE2 range{R"(^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$)"};
  re2::RE2 expect{R"(^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$)"};
  re2::RE2 range_vector{R"(^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$)"};
};

const Grammar& grammar() {
  static const Grammar kGrammar;
  return kGrammar;
}

Result<std::int64_t> milliseconds(std::string_view text, std::string_view what) {
  auto duration = parse_duration(text);
  if (!duration)
    return fail(Errc::kInvalid, "invalid {} definition {}: {}", what, go_quote(text), duration.error().message);
  return to_ms(*duration);
}

struct Grid {
  Timestamp start = 0, end = 0;
  std::int64_t step_ms = 0;
};

Result<Grid> parse_grid(const std::string& from, const std::string& to, const std::string& step) {
  Grid grid;
  TOCSIN_TRY(grid.start, milliseconds(from, "start timestamp"));
  TOCSIN_TRY(grid.end, milliseconds(to, "end timestamp"));
  if (grid.end < grid.start) {
    return fail(Errc::kInvalid, "invalid test definition, end timestamp ({}) is before start timestamp ({})", to, from);
  }
  TOCSIN_TRY(grid.step_ms, milliseconds(step, "step"));
  return grid;
}

/// A whole line that is a number: the scalar that ends a block.
std::optional<double> whole_number(std::string_view line) {
  std::size_t used = 0;
  const double value = parse_script_number(line, used);
  if (used != 0 && used == line.size() && line.find_first_of("smhdwy") == std::string_view::npos) return value;
  double other = 0;
  if (parse_float(line, other)) return other;
  return std::nullopt;
}

/// A Go string literal: back quotes take all as it is, double and single quotes know escapes.
Result<std::string> unquote(std::string_view text) {
  const Error not_quoted{Errc::kInvalid,
                         "expected string literal not valid - check that the string is correctly quoted"};
  if (text.size() >= 2 && text.front() == '`' && text.back() == '`' &&
      text.substr(1, text.size() - 2).find('`') == std::string_view::npos) {
    return std::string(text.substr(1, text.size() - 2));
  }
  if (text.size() < 2 || text.front() != '"') return fail(not_quoted);
  auto expr = promql::parser::parse_expr(text);
  if (!expr || (*expr)->kind != promql::parser::NodeKind::kString) return fail(not_quoted);
  return static_cast<const promql::parser::StringLiteral&>(**expr).value;
}

class ScriptParser {
 public:
  ScriptParser(std::string_view text, const promql::parser::ParserOptions& options, const ScriptLimits& limits)
      : options_(options), limits_(limits) {
    budget_.left = limits.values;
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view trimmed = trim_blanks(line);
      lines_.push_back(trimmed.starts_with('#') ? std::string_view() : trimmed);
    }
  }

  std::expected<std::vector<ScriptCommand>, ScriptError> parse() {
    std::vector<ScriptCommand> out;
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      if (lines_[at_].empty()) continue;
      Result<ScriptCommand> command = parse_command();
      if (!command) return std::unexpected(ScriptError{line_number(), std::move(command.error().message)});
      out.push_back(std::move(*command));
    }
    return out;
  }

 private:
  int line_number() const { return static_cast<int>(std::min(at_, lines_.size() - 1)) + 1; }

  /// Reads the command at `at_` and leaves `at_` at its last line.
  Result<ScriptCommand> parse_command() {
    const std::string_view line = lines_[at_];
    const std::string name = to_lower(line.substr(0, line.find_first_of(" \t")));
    if (name == "clear") return ClearCommand{line_number()};
    if (name.starts_with("load")) return parse_load(line);
    if (name.starts_with("eval")) return parse_eval(line);
    return fail(Errc::kInvalid, "invalid command {}", go_quote(excerpt(line)));
  }

  /// The next line of the block, if it goes on.
  std::optional<std::string_view> next_line() {
    if (at_ + 1 >= lines_.size() || lines_[at_ + 1].empty()) return std::nullopt;
    return lines_[++at_];
  }

  Result<ScriptCommand> parse_load(std::string_view text) {
    std::string nhcb, step;
    if (!re2::RE2::FullMatch(piece(text), grammar().load, &nhcb, &step)) {
      return fail(Errc::kInvalid, "invalid load command. (load[_with_nhcb] <step:duration>)");
    }
    LoadCommand load;
    load.line = line_number();
    load.with_nhcb = !nhcb.empty();
    TOCSIN_TRY(load.interval_ms, milliseconds(step, "step"));
    std::optional<std::pair<model::Labels, std::vector<StartOffset>>> starts;
    while (const auto line = next_line()) {
      const std::size_t blank = line->find_first_of(" \t");
      if (blank != std::string_view::npos && line->substr(0, blank).ends_with("@st")) {
        if (starts) return fail(Errc::kInvalid, "@st line has no following sample line");
        starts.emplace();
        std::string_view none;
        TOCSIN_TRY(starts->first, parse_metric(line->substr(0, blank - 3), none));
        TOCSIN_TRY(starts->second, parse_start_offsets(line->substr(blank), budget_));
        continue;
      }
      LoadCommand::Series series;
      TOCSIN_TRY(series.line, parse_series_line(*line, budget_));
      if (load.interval_ms > kMaxTime / static_cast<std::int64_t>(series.line.values.size() + 1)) {
        return fail(Errc::kLimit, "the series reaches further than time does");
      }
      if (starts) {
        if (starts->first != series.line.labels) {
          return fail(Errc::kInvalid, "@st metric does not match the following sample line metric");
        }
        if (starts->second.size() != series.line.values.size()) {
          return fail(Errc::kInvalid, "@st line has {} values but sample line has {}", starts->second.size(),
                      series.line.values.size());
        }
        series.starts = std::move(starts->second);
        starts.reset();
      }
      load.series.push_back(std::move(series));
    }
    if (starts) return fail(Errc::kInvalid, "@st line has no following sample line");
    return load;
  }

  Result<ScriptCommand> parse_eval(std::string_view text) {
    EvalCommand eval;
    eval.line = line_number();
    std::string suffix, at, from, to, step;
    if (re2::RE2::FullMatch(piece(text), grammar().instant, &suffix, &at, &eval.text)) {
      TOCSIN_OK(parse_expr(text, eval));
      TOCSIN_TRY(eval.start, in_eval(eval, milliseconds(at, "timestamp")));
      eval.end = eval.start;
    } else if (re2::RE2::FullMatch(piece(text), grammar().range, &suffix, &from, &to, &step, &eval.text)) {
      TOCSIN_OK(parse_expr(text, eval));
      TOCSIN_TRY(const Grid grid, in_eval(eval, parse_grid(from, to, step)));
      eval.range = true;
      eval.start = grid.start;
      eval.end = grid.end;
      eval.step_ms = grid.step_ms;
      if (grid.step_ms <= 0 || (grid.end - grid.start) / grid.step_ms > limits_.range_steps) {
        return fail(Errc::kLimit, "error in eval {} (line {}): a range of no steps, or of too many", eval.text,
                    eval.line);
      }
    } else {
      return fail(Errc::kInvalid,
                  "invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered] instant [at "
                  "<offset:duration>] <query>' or 'eval[_fail|_warn] range from <from> to <to> step <step> <query>'");
    }
    take_suffix(suffix, eval.expected);
    while (const auto line = next_line()) {
      TOCSIN_TRY(const bool more, in_eval(eval, parse_expectation(*line, eval, suffix == "fail")));
      if (!more) break;
    }
    return eval;
  }

  Result<void> parse_expr(std::string_view line, EvalCommand& eval) const {
    auto expr = promql::parser::parse_expr(eval.text, options_);
    if (!expr) return fail(Errc::kInvalid, "{}: {}", excerpt(line), expr.error().message);
    eval.expr = std::move(*expr);
    return {};
  }

  template <typename T>
  static Result<T> in_eval(const EvalCommand& eval, Result<T> result) {
    if (result) return result;
    return fail(
        std::move(result.error()).wrap(fmt::format("error in eval {} (line {})", excerpt(eval.text), eval.line)));
  }

  static void take_suffix(std::string_view suffix, Expectation& expected) {
    if (suffix == "fail") expected.failure.emplace();
    if (suffix == "warn") expected.warnings.emplace_back();
    if (suffix == "info") expected.infos.emplace_back();
    if (suffix == "ordered") expected.ordered = true;
  }

  /// False if the line ends the block.
  Result<bool> parse_expectation(std::string_view line, EvalCommand& eval, bool old_style_failure) {
    Expectation& expected = eval.expected;
    if (old_style_failure && line.starts_with("expected_fail_message")) {
      expected.failure->text = trim_blanks(line.substr(21));
      return false;
    }
    if (old_style_failure && line.starts_with("expected_fail_regexp")) {
      TOCSIN_TRY(expected.failure, compile_pattern(trim_blanks(line.substr(20))));
      return false;
    }
    if (line.starts_with(kRangeVector)) {
      TOCSIN_OK(parse_range_vector(line, eval));
      return true;
    }
    if (line.starts_with(kString)) {
      if (line.size() <= kString.size() + 1) {
        return fail(Errc::kInvalid, "expected string literal not valid - a quoted string literal is required");
      }
      TOCSIN_TRY(expected.string, unquote(trim_blanks(line.substr(kString.size()))));
      return true;
    }
    if (line.substr(0, line.find(' ')) == "expect") {
      TOCSIN_OK(parse_expect(line, expected));
      return true;
    }
    if (const auto scalar = whole_number(line)) {
      TOCSIN_OK(budget_.take(1));
      expected.scalar = scalar;
      return false;
    }
    TOCSIN_TRY(SeriesLine series, parse_series_line(line, budget_));
    if (!eval.range && !expected.range_vector && series.values.size() != 1) {
      return fail(Errc::kInvalid,
                  "expecting multiple values in instant evaluation not allowed. consider using 'expect range vector' "
                  "directive to enable a range vector result for an instant query");
    }
    expected.series.push_back(std::move(series));
    return true;
  }

  static Result<void> parse_range_vector(std::string_view line, EvalCommand& eval) {
    std::string from, to, step;
    if (!re2::RE2::FullMatch(piece(line), grammar().range_vector, &from, &to, &step)) {
      return fail(Errc::kInvalid, "invalid range vector definition {}", go_quote(line));
    }
    TOCSIN_TRY(const Grid grid, parse_grid(from, to, step));
    eval.expected.range_vector = Expectation::RangeVector{grid.start, grid.end, grid.step_ms};
    if (!eval.range) eval.start = eval.end = grid.end;
    return {};
  }

  static Result<void> parse_expect(std::string_view line, Expectation& expected) {
    std::string what, kind, rest;
    if (!re2::RE2::FullMatch(piece(line), grammar().expect, &what, &kind, &rest)) {
      return fail(Errc::kInvalid, "invalid expect statement, must match `expect <type> <match_type>: <string>` format");
    }
    Pattern pattern;
    if (kind == "msg") pattern.text = trim_blanks(rest);
    if (kind == "regex") {
      TOCSIN_TRY(pattern, compile_pattern(trim_blanks(rest)));
    }
    if (what == "fail") {
      if (std::exchange(expected.failure_line, true)) {
        return fail(Errc::kInvalid, "invalid expect lines, multiple expect fail lines are not allowed");
      }
      expected.failure = std::move(pattern);
    }
    if (what == "warn") expected.warnings.push_back(std::move(pattern));
    if (what == "info") expected.infos.push_back(std::move(pattern));
    expected.no_warnings |= what == "no_warn";
    expected.no_infos |= what == "no_info";
    expected.ordered |= what == "ordered";
    if (expected.no_infos && !expected.infos.empty()) {
      return fail(Errc::kInvalid, "invalid expect lines, info and no_info cannot be used together");
    }
    if (expected.no_warnings && !expected.warnings.empty()) {
      return fail(Errc::kInvalid, "invalid expect lines, warn and no_warn cannot be used together");
    }
    return {};
  }

  const promql::parser::ParserOptions& options_;
  const ScriptLimits limits_;
  Budget budget_;
  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<ScriptCommand>, ScriptError> parse_script(std::string_view text,
                                                                    const promql::parser::ParserOptions& parser,
                                                                    const ScriptLimits& limits) {
  if (text.size() > limits.bytes) {
    return std::unexpected(ScriptError{1, fmt::format("the script is larger than {} bytes", limits.bytes)});
  }
  return ScriptParser(text, parser, limits).parse();
}

}  // namespace tocsin::promqltest
