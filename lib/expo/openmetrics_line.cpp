#include "expo/openmetrics_line.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "expo/chars.hpp"

namespace tocsin::expo {
namespace {

/// Greatest length of an exemplar's label names and values together, in code points.
constexpr std::size_t kMaxExemplarLength = 128;

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// Reads from left to right; the first error stays.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  std::optional<LineError> error;

  bool fail(std::size_t at, std::string message) {
    if (!error) error = LineError{at + 1, std::move(message)};
    return false;
  }
  std::size_t at() const { return at_; }
  bool done() const { return at_ >= line_.size(); }
  bool sees(char c) const { return !done() && line_[at_] == c; }
  bool sees(std::string_view text) const { return line_.substr(at_).starts_with(text); }
  void skip(std::size_t count) { at_ += count; }
  std::string_view rest() const { return line_.substr(at_); }

  std::string_view take_name(unsigned start, unsigned rest) {
    const std::size_t begin = at_;
    if (!done() && is_in(line_[at_], start)) {
      while (!done() && is_in(line_[at_], rest)) ++at_;
    }
    return line_.substr(begin, at_ - begin);
  }

  bool take_blank(std::string_view before) {
    if (!sees(' ')) return fail(at_, fmt::format("ABNF: expected one blank before {}", before));
    ++at_;
    return true;
  }

  /// Up to a blank or the end.
  std::string_view take_token() {
    const std::size_t begin = at_;
    at_ = std::min(line_.find(' ', at_), line_.size());
    return line_.substr(begin, at_ - begin);
  }

  bool take_number(double& value, std::string_view what) {
    const std::size_t begin = at_;
    const std::string_view token = take_token();
    if (token.empty()) return fail(begin, fmt::format("ABNF: expected {}", what));
    if (!is_number(token)) return fail(begin, fmt::format("ABNF: {} is not a number: {}", what, go_quote(token)));
    return parse(token, value, begin, what);
  }

  bool take_timestamp(double& value, std::string_view what) {
    const std::size_t begin = at_;
    const std::string_view token = take_token();
    if (!is_real_number(token)) {
      return fail(begin, fmt::format("ABNF: {} is not a finite number: {}", what, go_quote(token)));
    }
    return parse(token, value, begin, what);
  }

  /// `{a="b",c="d"}`, at the opening brace.
  bool take_labels(StrictLabels& out) {
    ++at_;
    if (sees('}')) {
      ++at_;
      return true;
    }
    while (true) {
      if (!take_label(out)) return false;
      if (sees('}')) break;
      if (!sees(',')) return fail(at_, "ABNF: expected a comma or a closing brace after a label");
      ++at_;
    }
    ++at_;
    return true;
  }

 private:
  static bool is_number(std::string_view token) {
    if (is_real_number(token) || equal_ignoring_case(token, "nan")) return true;
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    return equal_ignoring_case(token, "inf") || equal_ignoring_case(token, "infinity");
  }

  bool parse(std::string_view token, double& value, std::size_t begin, std::string_view what) {
    const bool read = parse_float(token, value);
    if (read && !(std::isinf(value) && is_real_number(token))) return true;
    return fail(begin, fmt::format("Numbers: {} does not fit a 64-bit float: {}", what, go_quote(token)));
  }

  bool take_label(StrictLabels& out) {
    const std::size_t begin = at_;
    const std::string_view name = take_name(kLabelStart, kLabelChar);
    if (name.empty()) return fail(begin, "ABNF: expected a label name");
    if (name.starts_with('_')) {
      return fail(begin, fmt::format("Label: names that begin with an underscore are reserved: {}", name));
    }
    if (std::any_of(out.begin(), out.end(), [name](const auto& label) { return label.first == name; })) {
      return fail(begin, fmt::format("LabelSet: label names must be unique: {}", name));
    }
    if (!sees('=')) return fail(at_, fmt::format("ABNF: expected = after the label name {}", name));
    ++at_;
    if (!sees('"')) return fail(at_, "ABNF: expected a label value in double quotes");
    ++at_;
    std::string value;
    if (!take_value(value)) return false;
    out.emplace_back(std::string(name), std::move(value));
    return true;
  }

  /// Behind the opening quote, up to and with the closing one.
  bool take_value(std::string& out) {
    const std::size_t begin = at_;
    for (; !done(); ++at_) {
      const char c = line_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c != '\\') {
        out += c;
        continue;
      }
      if (++at_ >= line_.size()) break;
      if (line_[at_] != 'n' && line_[at_] != '"' && line_[at_] != '\\') out += '\\';
      out += line_[at_] == 'n' ? '\n' : line_[at_];
    }
    return fail(begin - 1, "ABNF: the label value has no closing quote");
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

/// ` # {...} value [timestamp]`, at the blank.
bool take_exemplar(LineReader& in, StrictSample& out) {
  StrictExemplar exemplar;
  in.skip(1);
  exemplar.column = in.at() + 1;
  if (!in.sees("# {")) return in.fail(in.at(), "ABNF: an exemplar begins with \"# {\"");
  in.skip(2);
  if (!in.take_labels(exemplar.labels)) return false;
  std::size_t length = 0;
  for (const auto& [name, value] : exemplar.labels) length += code_points(name) + code_points(value);
  if (length > kMaxExemplarLength) {
    return in.fail(exemplar.column - 1, fmt::format("Exemplars: label names and values together have {} characters, {} "
                                                    "are allowed",
                                                    length, kMaxExemplarLength));
  }
  if (!in.take_blank("the value of an exemplar") || !in.take_number(exemplar.value, "the value of an exemplar")) {
    return false;
  }
  if (in.sees(' ')) {
    in.skip(1);
    double timestamp = 0;
    if (!in.take_timestamp(timestamp, "the timestamp of an exemplar")) return false;
  }
  out.exemplar = std::move(exemplar);
  return true;
}

bool take_sample(LineReader& in, StrictSample& out) {
  out.name = in.take_name(kMetricStart, kMetricChar);
  if (out.name.empty()) return in.fail(in.at(), "ABNF: expected a metric name or metadata");
  if (in.sees('{') && !in.take_labels(out.labels)) return false;
  if (!in.take_blank("the value")) return false;
  out.value_column = in.at() + 1;
  if (!in.take_number(out.value, "the value")) return false;
  if (in.sees(' ') && !in.sees(" #")) {
    in.skip(1);
    double timestamp = 0;
    if (!in.take_timestamp(timestamp, "the timestamp")) return false;
    out.timestamp = timestamp;
  }
  if (in.sees(" #") && !take_exemplar(in, out)) return false;
  return in.done() || in.fail(in.at(), "ABNF: expected the end of the line");
}

/// Every backslash takes a character with it.
bool is_escaped_string(std::string_view text) {
  bool open = false;
  for (const char c : text) open = c == '\\' && !open;
  return !open;
}

bool take_metadata(LineReader& in, StrictMetadata& out) {
  in.skip(1);
  if (!in.sees(' ')) return in.fail(0, "MetricFamily metadata: a line that begins with # is metadata or \"# EOF\"");
  in.skip(1);
  const std::size_t keyword_at = in.at();
  out.keyword = in.take_token();
  if (out.keyword != "HELP" && out.keyword != "TYPE" && out.keyword != "UNIT") {
    return in.fail(keyword_at, fmt::format("MetricFamily metadata: expected TYPE, UNIT, HELP or EOF, found {}",
                                           go_quote(out.keyword)));
  }
  if (!in.take_blank("the name of the metric family")) return false;
  const std::size_t name_at = in.at();
  out.name = in.take_name(kMetricStart, kMetricChar);
  if (out.name.empty()) return in.fail(name_at, "ABNF: expected the name of a metric family");
  if (!in.take_blank("the text of metadata")) return false;
  out.text_column = in.at() + 1;
  out.text = in.rest();
  if (out.text.ends_with('\r')) {
    return in.fail(in.at() + out.text.size() - 1, "Overall Structure: lines must not end with a carriage return");
  }
  if (out.keyword == "HELP" && !is_escaped_string(out.text)) {
    return in.fail(in.at() + out.text.size() - 1, "ABNF: a backslash at the end of a help text escapes nothing");
  }
  const auto is_unit_char = [](char c) { return is_in(c, kMetricChar); };
  if (out.keyword == "UNIT" && !std::all_of(out.text.begin(), out.text.end(), is_unit_char)) {
    return in.fail(in.at(), fmt::format("ABNF: not a unit: {}", go_quote(out.text)));
  }
  return true;
}

}  // namespace

std::expected<StrictSample, LineError> read_strict_sample(std::string_view line) {
  LineReader in(line);
  StrictSample out;
  if (!take_sample(in, out)) return std::unexpected(*in.error);
  return out;
}

std::expected<StrictMetadata, LineError> read_strict_metadata(std::string_view line) {
  LineReader in(line);
  StrictMetadata out;
  if (!take_metadata(in, out)) return std::unexpected(*in.error);
  return out;
}

bool is_real_number(std::string_view text) {
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  const auto take_sign = [&text] {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  };
  take_sign();
  std::size_t digits = take_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits();
  }
  if (digits == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    take_sign();
    if (take_digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace tocsin::expo
