// How Go's yaml.v2 (resolve.go) understands unquoted text.

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/base64.hpp"
#include "base/float_text.hpp"
#include "yaml/tree.hpp"

namespace tocsin::yaml {
namespace {

constexpr std::string_view kTrue[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::string_view kFalse[] = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_digit(c) || std::string_view(".eE+-").contains(c); });
}

bool parse_special_float(std::string_view text, double& value) {
  constexpr std::string_view kInf[] = {".inf", ".Inf", ".INF"};
  constexpr std::string_view kNan[] = {".nan", ".NaN", ".NAN"};
  if (is_one_of(kNan, text)) {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!is_one_of(kInf, text)) return false;
  value = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return true;
}

}  // namespace

bool decode_base64(std::string_view text, std::string& out) {
  std::string without_blanks(text);
  std::erase(without_blanks, ' ');
  auto bytes = base64_decode(without_blanks);
  if (!bytes) return false;
  out = std::move(*bytes);
  return true;
}

bool parse_bool(std::string_view plain, bool& value) {
  value = is_one_of(kTrue, plain);
  return value || is_one_of(kFalse, plain);
}

bool parse_integer(std::string_view plain, Integer& value) {
  if (plain.empty() || plain.front() == '_') return false;
  const std::string text = without_underscores(plain);
  std::string_view rest = text;
  value.negative = rest.starts_with('-');
  if (value.negative || rest.starts_with('+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.size() > 1 && rest.front() == '0') {
    const char kind = static_cast<char>(rest[1] | 0x20);
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    rest.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
  }
  if (rest.empty() || rest.front() == '-' || rest.front() == '+') return false;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value.magnitude, base);
  constexpr std::uint64_t kLowest = 1ULL << 63U;
  return error == std::errc{} && end == rest.data() + rest.size() && (!value.negative || value.magnitude <= kLowest);
}

bool parse_number(std::string_view plain, double& value) {
  if (Integer integer; parse_integer(plain, integer)) {
    value = static_cast<double>(integer.magnitude);
    if (integer.negative) value = -value;
    return true;
  }
  if (parse_special_float(plain, value)) return true;
  const std::string text = without_underscores(plain);
  return looks_like_float(text) && parse_float(text, value);
}

std::string_view resolve_tag(std::string_view plain) {
  bool truth = false;
  if (parse_bool(plain, truth)) return "!!bool";
  if (Integer integer; parse_integer(plain, integer)) return "!!int";
  if (double number = 0; parse_number(plain, number)) return "!!float";
  return "!!str";
}

}  // namespace tocsin::yaml
