#include "promqltest/series_notation.hpp"

#include <cctype>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "promql/parser/parser.hpp"
#include "promqltest/histograms.hpp"

namespace tocsin::promqltest {
namespace {

constexpr std::size_t kMaxRepeat = 10'000'000;
constexpr double kMaxOffsetSeconds = 1e11;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Integers in Go's notation: a leading 0 is octal.
bool parse_integer(std::string_view digits, double& value) {
  std::int64_t out = 0;
  const bool octal = digits.size() > 1 && digits.front() == '0';
  for (const char c : digits) {
    if (!is_digit(c) || (octal && c > '7')) return false;
    if (out > (std::numeric_limits<std::int64_t>::max() - 9) / 10) return false;
    out = out * (octal ? 8 : 10) + (c - '0');
  }
  value = static_cast<double>(out);
  return !digits.empty();
}

/// Letters that begin a duration's unit.
bool is_unit(char c) {
  return std::string_view("smhdwy").find(c) != std::string_view::npos;
}

std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0 && text[at] != 'x') ++at;
  return at;
}

double parse_unsigned(std::string_view text, std::size_t& used) {
  used = 0;
  if (text.empty()) return 0;
  double value = 0;
  if (std::isalpha(static_cast<unsigned char>(text.front())) != 0) {
    const std::string word = to_lower(text.substr(0, word_end(text, 0)));
    if (word != "inf" && word != "nan") return 0;
    used = word.size();
    return word == "inf" ? std::numeric_limits<double>::infinity() : std::bit_cast<double>(model::kNormalNanBits);
  }
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || text[end] == '_')) ++end;
  if (end == 0) return 0;
  if (end < text.size() && is_unit(text[end])) {
    while (end < text.size() && (is_digit(text[end]) || is_unit(text[end]))) ++end;
    const Result<Duration> duration = parse_duration(text.substr(0, end));
    if (!duration) return 0;
    used = end;
    return to_seconds(*duration);
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      while (exponent < text.size() && is_digit(text[exponent])) ++exponent;
      end = exponent;
    }
  }
  const std::string digits = replace_all(std::string(text.substr(0, end)), "_", "");
  if (!parse_integer(digits, value) && !parse_float(digits, value)) return 0;
  used = end;
  return value;
}

/// `xN` at the front of the text: how often; 0 and unchanged if it is not there.
Result<std::size_t> parse_repeat(std::string_view& text) {
  if (text.empty() || text.front() != 'x') return std::size_t{0};
  std::size_t end = 1;
  std::size_t count = 0;
  for (; end < text.size() && is_digit(text[end]); ++end) {
    count = count * 10 + static_cast<std::size_t>(text[end] - '0');
    if (count > kMaxRepeat) return fail(Errc::kLimit, "more than {} repetitions", kMaxRepeat);
  }
  if (end == 1) return fail(Errc::kInvalid, "a number is missing behind x in {}", go_quote(text));
  text.remove_prefix(end);
  return count;
}

class ItemParser {
 public:
  ItemParser(std::string_view text, Budget& budget) : text_(text), budget_(budget) {}

  Result<std::vector<SeriesValue>> parse() {
    for (;;) {
      text_ = trim_left(text_);
      if (text_.empty()) return std::move(out_);
      TOCSIN_OK(item());
      if (!text_.empty() && text_.front() != ' ' && text_.front() != '\t') {
        return fail(Errc::kInvalid, "unexpected text {} behind a value", go_quote(text_));
      }
    }
  }

  static std::string_view trim_left(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    return text;
  }

 private:
  Result<void> item() {
    if (text_.starts_with("{{")) return histogram();
    if (text_.starts_with("stale")) {
      text_.remove_prefix(5);
      TOCSIN_OK(budget_.take(1));
      out_.push_back({false, model::stale_nan(), nullptr, false});
      return {};
    }
    const bool bare =
        text_.size() == 1 || (text_.size() > 1 && (text_[1] == ' ' || text_[1] == 'x' || text_[1] == '\t'));
    if (text_.front() == '_' && bare) return omitted();
    return number();
  }

  Result<void> omitted() {
    text_.remove_prefix(1);
    const bool repeated = !text_.empty() && text_.front() == 'x';
    TOCSIN_TRY(const std::size_t times, parse_repeat(text_));
    TOCSIN_OK(budget_.take(repeated ? times : 1));
    out_.resize(out_.size() + (repeated ? times : 1), {true, 0, nullptr, false});
    return {};
  }

  Result<void> number() {
    std::size_t used = 0;
    double value = parse_script_number(text_, used);
    if (used == 0) return fail(Errc::kInvalid, "{} is not a number", go_quote(text_));
    text_.remove_prefix(used);
    double delta = 0;
    if (!text_.empty() && (text_.front() == '+' || text_.front() == '-')) {
      delta = parse_script_number(text_, used);
      if (used == 0) return fail(Errc::kInvalid, "{} is not a difference", go_quote(text_));
      text_.remove_prefix(used);
      if (text_.empty() || text_.front() != 'x') return fail(Errc::kInvalid, "xN is missing behind a difference");
    }
    TOCSIN_TRY(const std::size_t times, parse_repeat(text_));
    TOCSIN_OK(budget_.take(times + 1));
    for (std::size_t i = 0; i <= times; ++i) {
      out_.push_back({false, value, nullptr, false});
      value += delta;
    }
    return {};
  }

  Result<HistogramText> histogram_text() {
    const std::size_t end = text_.find("}}");
    if (!text_.starts_with("{{") || end == std::string_view::npos) {
      return fail(Errc::kInvalid, "{{{{...}}}} is expected at {}", go_quote(text_));
    }
    const std::string_view inside = text_.substr(2, end - 2);
    text_.remove_prefix(end + 2);
    return parse_histogram(inside);
  }

  Result<void> histogram() {
    TOCSIN_TRY(HistogramText first, histogram_text());
    if (text_.starts_with("+{{") || text_.starts_with("-{{")) {
      const bool minus = text_.front() == '-';
      text_.remove_prefix(1);
      TOCSIN_TRY(const HistogramText step, histogram_text());
      TOCSIN_TRY(const std::size_t times, parse_repeat(text_));
      if (first.histogram.schema > step.histogram.schema) {
        return fail(Errc::kInvalid, "error combining histograms: cannot merge from schema {} to {}",
                    step.histogram.schema, first.histogram.schema);
      }
      TOCSIN_OK(budget_.take((times + 1) * (cost(first.histogram) + cost(step.histogram))));
      model::FloatHistogram now = first.histogram;
      for (std::size_t i = 0; i <= times; ++i) {
        out_.push_back({false, 0, std::make_shared<const model::FloatHistogram>(now), step.hint_given});
        now = add_histograms(now, step.histogram, minus ? -1 : 1);
      }
      return {};
    }
    TOCSIN_TRY(const std::size_t times, parse_repeat(text_));
    TOCSIN_OK(budget_.take((times + 1) * cost(first.histogram)));
    const auto shared = std::make_shared<const model::FloatHistogram>(std::move(first.histogram));
    for (std::size_t i = 0; i <= times; ++i) out_.push_back({false, 0, shared, first.hint_given});
    return {};
  }

  /// A copy of it is made for each slot when it is stored.
  static std::size_t cost(const model::FloatHistogram& h) {
    return 1 + h.positive_buckets.size() + h.negative_buckets.size() + h.custom_values.size();
  }

  std::string_view text_;
  Budget& budget_;
  std::vector<SeriesValue> out_;
};

std::size_t metric_end(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && line[at] != '{' && line[at] != ' ' && line[at] != '\t') ++at;
  if (at == line.size() || line[at] != '{') return at;
  char quote = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++at;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '}') {
      return at + 1;
    }
  }
  return line.size();  // a quote or a brace stays open
}

}  // namespace

Result<void> Budget::take(std::size_t slots) {
  if (slots > left) return fail(Errc::kLimit, "the script writes out too many values");
  left -= slots;
  return {};
}

double parse_script_number(std::string_view text, std::size_t& used) {
  const bool sign = !text.empty() && (text.front() == '+' || text.front() == '-');
  const double value = parse_unsigned(text.substr(sign ? 1 : 0), used);
  if (used != 0 && sign) ++used;
  return sign && text.front() == '-' ? -value : value;
}

Result<model::Labels> parse_metric(std::string_view line, std::string_view& rest) {
  const std::size_t end = metric_end(line);
  const std::string_view metric = line.substr(0, end);
  rest = line.substr(end);
  if (metric.empty()) return fail(Errc::kInvalid, "a metric is missing in {}", go_quote(line));
  if (metric.size() >= 2 && metric.front() == '{' && trim(metric.substr(1, metric.size() - 2)).empty()) {
    return model::Labels();
  }
  TOCSIN_TRY(const promql::parser::ExprPtr expr, promql::parser::parse_expr(metric));
  if (expr->kind != promql::parser::NodeKind::kVectorSelector) {
    return fail(Errc::kInvalid, "{} is not a metric", go_quote(metric));
  }
  model::LabelsBuilder labels;
  for (const model::Matcher& matcher : static_cast<const promql::parser::VectorSelector&>(*expr).matchers) {
    if (matcher.op() != model::MatchOp::kEqual) return fail(Errc::kInvalid, "{} is not a metric", go_quote(metric));
    labels.set(matcher.name(), matcher.value());
  }
  return labels.build();
}

Result<SeriesLine> parse_series_line(std::string_view line, Budget& budget) {
  SeriesLine out;
  std::string_view rest;
  TOCSIN_TRY(out.labels, parse_metric(line, rest));
  TOCSIN_TRY(out.values, ItemParser(rest, budget).parse());
  return out;
}

Result<std::vector<StartOffset>> parse_start_offsets(std::string_view items, Budget& budget) {
  std::vector<StartOffset> out;
  for (;;) {
    items = ItemParser::trim_left(items);
    if (items.empty()) return out;
    if (items.front() == '_') {
      items.remove_prefix(1);
      const bool repeated = !items.empty() && items.front() == 'x';
      TOCSIN_TRY(const std::size_t times, parse_repeat(items));
      TOCSIN_OK(budget.take(repeated ? times : 1));
      out.resize(out.size() + (repeated ? times : 1));
      continue;
    }
    std::size_t used = 0;
    double offset = parse_script_number(items, used);
    if (used == 0) return fail(Errc::kInvalid, "{} is not a start timestamp", go_quote(items));
    items.remove_prefix(used);
    double delta = 0;
    if (!items.empty() && (items.front() == '+' || items.front() == '-')) {
      delta = parse_script_number(items, used);
      items.remove_prefix(used);
    }
    TOCSIN_TRY(const std::size_t times, parse_repeat(items));
    TOCSIN_OK(budget.take(times + 1));
    const double last = offset + delta * static_cast<double>(times);
    if (!(std::abs(offset) < kMaxOffsetSeconds) || !(std::abs(last) < kMaxOffsetSeconds)) {
      return fail(Errc::kInvalid, "a start timestamp is out of range");
    }
    for (std::size_t i = 0; i <= times; ++i) {
      out.push_back({true, static_cast<std::int64_t>(offset * 1000 + (offset < 0 ? -0.5 : 0.5))});
      offset += delta;
    }
  }
}

}  // namespace tocsin::promqltest
