#include "support/promql_script.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "base/strings.hpp"

namespace tocsin::test {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (is_blank(text.front()) || text.front() == '\r')) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// The first word; `text` becomes what follows.
std::string_view take_word(std::string_view& text) {
  text = trim_blanks(text);
  std::size_t end = 0;
  while (end < text.size() && !is_blank(text[end])) ++end;
  const std::string_view word = text.substr(0, end);
  text = trim_blanks(text.substr(end));
  return word;
}

Result<std::int64_t> milliseconds(std::string_view text) {
  TOCSIN_TRY(const Duration duration, parse_duration(text));
  return to_ms(duration);
}

/// A Go string literal: back quotes, or double quotes with simple escapes.
Result<std::string> unquote(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '`');
  if (!quoted) return fail(Errc::kInvalid, "{} is not a quoted string", text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && text.front() == '"' && i + 2 < text.size()) {
      c = text[++i];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    out += c;
  }
  return out;
}

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view trimmed = trim_blanks(line);
      lines_.push_back(trimmed.starts_with('#') ? std::string_view() : trimmed);
    }
  }

  Result<std::vector<ScriptCommand>> parse() {
    std::vector<ScriptCommand> out;
    while (at_ < lines_.size()) {
      if (lines_[at_].empty()) {
        ++at_;
        continue;
      }
      const std::size_t line = at_;
      Result<ScriptCommand> command = parse_command();
      if (!command) return fail(Errc::kInvalid, "line {}: {}", std::max(line, at_) + 1, command.error().message);
      out.push_back(std::move(*command));
    }
    return out;
  }

 private:
  Result<ScriptCommand> parse_command() {
    std::string_view rest = lines_[at_];
    const std::string name = to_lower(take_word(rest));
    const int line = static_cast<int>(at_) + 1;
    if (name == "clear") {
      ++at_;
      return ClearCommand{line};
    }
    if (name == "load" || name == "load_with_nhcb") return parse_load(line, rest, name != "load");
    if (name.starts_with("eval")) return parse_eval(line, rest, name);
    return fail(Errc::kInvalid, "unknown command {}", go_quote(name));
  }

  Result<ScriptCommand> parse_load(int line, std::string_view rest, bool with_nhcb) {
    LoadCommand load;
    load.line = line;
    load.with_nhcb = with_nhcb;
    TOCSIN_TRY(load.interval_ms, milliseconds(rest));
    std::vector<StartOffset> starts;
    model::Labels starts_of;
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      std::string_view text = lines_[at_];
      std::string_view items = text;
      const std::string_view first = take_word(items);
      if (first.ends_with("@st")) {
        std::string_view none;
        TOCSIN_TRY(starts_of, parse_metric(first.substr(0, first.size() - 3), none));
        TOCSIN_TRY(starts, parse_start_offsets(items));
        continue;
      }
      LoadCommand::Series series;
      TOCSIN_TRY(series.line, parse_series_line(text));
      if (!starts.empty()) {
        if (starts_of != series.line.labels || starts.size() != series.line.values.size()) {
          return fail(Errc::kInvalid, "the line of start timestamps does not fit the series behind it");
        }
        series.starts = std::move(starts);
        starts.clear();
      }
      load.series.push_back(std::move(series));
    }
    return load;
  }

  Result<ScriptCommand> parse_eval(int line, std::string_view rest, std::string_view name) {
    EvalCommand eval;
    eval.line = line;
    TOCSIN_OK(parse_suffix(name, eval.expected));
    const std::string_view kind = take_word(rest);
    if (kind == "instant") {
      std::string_view after = rest;
      if (take_word(after) == "at") {
        TOCSIN_TRY(eval.start, milliseconds(take_word(after)));
        rest = after;
      }
      eval.end = eval.start;
    } else if (kind == "range") {
      eval.range = true;
      TOCSIN_OK(parse_range(rest, eval));
    } else {
      return fail(Errc::kInvalid, "eval is followed by instant or range, not {}", go_quote(kind));
    }
    eval.expr = rest;
    for (++at_; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      TOCSIN_TRY(const bool more, parse_expectation(lines_[at_], eval.expected));
      if (more) continue;
      ++at_;
      break;
    }
    return eval;
  }

  static Result<void> parse_suffix(std::string_view name, Expectation& expected) {
    if (name == "eval") return {};
    if (name == "eval_fail") {
      expected.failure.emplace();
    } else if (name == "eval_warn") {
      expected.warnings.emplace_back();
    } else if (name == "eval_info") {
      expected.infos.emplace_back();
    } else if (name == "eval_ordered") {
      expected.ordered = true;
    } else {
      return fail(Errc::kInvalid, "unknown command {}", go_quote(name));
    }
    return {};
  }

  static Result<void> parse_range(std::string_view& rest, EvalCommand& eval) {
    for (const std::string_view word : {"from", "to", "step"}) {
      if (take_word(rest) != word) return fail(Errc::kInvalid, "{} is missing", word);
      TOCSIN_TRY(const std::int64_t value, milliseconds(take_word(rest)));
      (word == "from" ? eval.start : word == "to" ? eval.end : eval.step_ms) = value;
    }
    return {};
  }

  /// False if the line ends the block (a scalar).
  static Result<bool> parse_expectation(std::string_view line, Expectation& expected) {
    std::string_view rest = line;
    if (take_word(rest) == "expect") {
      TOCSIN_OK(parse_expect(rest, expected));
      return true;
    }
    std::size_t used = 0;
    const double scalar = parse_script_number(line, used);
    if (used == line.size() && used != 0) {
      expected.scalar = scalar;
      return false;
    }
    TOCSIN_TRY(SeriesLine series, parse_series_line(line));
    expected.series.push_back(std::move(series));
    return true;
  }

  static Result<void> parse_expect(std::string_view rest, Expectation& expected) {
    const std::string_view what = take_word(rest);
    if (what == "string") {
      TOCSIN_TRY(expected.string, unquote(rest));
      return {};
    }
    if (what == "range") return parse_range_vector(rest, expected);
    TextPattern pattern;
    if (rest.starts_with("msg:")) pattern.text = trim_blanks(rest.substr(4));
    if (rest.starts_with("regex:")) pattern.regex = trim_blanks(rest.substr(6));
    if (what == "fail") {
      expected.failure = std::move(pattern);
    } else if (what == "warn") {
      expected.warnings.push_back(std::move(pattern));
    } else if (what == "info") {
      expected.infos.push_back(std::move(pattern));
    } else if (what == "no_warn") {
      expected.no_warnings = true;
    } else if (what == "no_info") {
      expected.no_infos = true;
    } else if (what == "ordered") {
      expected.ordered = true;
    } else {
      return fail(Errc::kInvalid, "cannot expect {}", go_quote(what));
    }
    return {};
  }

  static Result<void> parse_range_vector(std::string_view rest, Expectation& expected) {
    if (take_word(rest) != "vector") return fail(Errc::kInvalid, "vector is missing behind expect range");
    Expectation::RangeVector range;
    for (const std::string_view word : {"from", "to", "step"}) {
      if (take_word(rest) != word) return fail(Errc::kInvalid, "{} is missing", word);
      TOCSIN_TRY(const std::int64_t value, milliseconds(take_word(rest)));
      (word == "from" ? range.start : word == "to" ? range.end : range.step_ms) = value;
    }
    expected.range_vector = range;
    return {};
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<ScriptCommand>> parse_script(std::string_view text) {
  return ScriptParser(text).parse();
}

}  // namespace tocsin::test
