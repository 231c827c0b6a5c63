#include "exporters/postgres/values.hpp"

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::exporters::postgres {

namespace {

/// Takes digits off the front; -1 if there are none or more than `most`.
std::int64_t take_digits(std::string_view& text, std::size_t most) {
  std::int64_t value = 0;
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    if (count == most) return -1;
    value = value * 10 + (text[count++] - '0');
  }
  text.remove_prefix(count);
  return count == 0 ? -1 : value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool is_time(std::uint32_t type) {
  return type == kDateType || type == kTimestampType || type == kTimestamptzType;
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  const bool before_christ = text.ends_with(" BC");
  if (before_christ) text.remove_suffix(3);
  const std::int64_t year = take_digits(text, 7);
  if (year < 1 || !take(text, '-')) return std::nullopt;
  const std::int64_t month = take_digits(text, 2);
  if (month < 1 || month > 12 || !take(text, '-')) return std::nullopt;
  const std::int64_t day = take_digits(text, 2);
  if (day < 1 || day > 31) return std::nullopt;
  // Days from civil, Gregorian throughout: std::chrono ends at the year 32767, PostgreSQL at 294276.
  const std::int64_t y = (before_christ ? 1 - year : year) - (month <= 2 ? 1 : 0);
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
  const std::int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  std::int64_t seconds = (era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468) * 86400;
  if (text.empty()) return seconds;

  if (!take(text, ' ')) return std::nullopt;
  for (const std::int64_t unit : {3600, 60, 1}) {
    const std::int64_t part = take_digits(text, 2);
    if (part < 0 || part > 60 || (unit != 1 && !take(text, ':'))) return std::nullopt;
    seconds += part * unit;
  }
  if (take(text, '.') && take_digits(text, 9) < 0) return std::nullopt;
  if (text.empty()) return seconds;

  const int sign = text[0] == '-' ? 1 : -1;  // east of Greenwich is earlier
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  for (const std::int64_t unit : {3600, 60, 1}) {
    const std::int64_t part = take_digits(text, 2);
    if (part < 0) return std::nullopt;
    seconds += sign * part * unit;
    if (text.empty()) return seconds;
    if (unit == 1 || !take(text, ':')) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> to_number(std::uint32_t type, std::string_view text) {
  if (type == kBoolType) return text == "t" ? 1 : 0;
  if (is_time(type)) {
    const auto seconds = parse_time(text);
    if (!seconds) return std::nullopt;
    return static_cast<double>(*seconds);
  }
  double value = 0;
  if (!parse_float(text, value)) return std::nullopt;
  return value;
}

std::string to_label(std::uint32_t type, std::string_view text) {
  if (type == kBoolType) return text == "t" ? "true" : "false";
  if (is_time(type)) {
    if (const auto seconds = parse_time(text)) return std::to_string(*seconds);
  }
  return std::string(text);
}

std::optional<std::vector<double>> parse_number_array(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<double> values;
  if (text.empty()) return values;
  for (const std::string_view item : split(text, ',')) {
    double value = 0;
    if (item != "NULL" && !parse_float(item, value)) return std::nullopt;
    values.push_back(value);
  }
  return values;
}

}  // namespace tocsin::exporters::postgres
