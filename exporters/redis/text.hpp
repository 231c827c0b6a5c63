#pragma once
// Small readings of Redis' texts.

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::exporters::redis {

/// Cuts the first part off the front of `text`, and the separator behind it.
inline std::string_view take_part(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

/// The same for a line, without its "\r".
inline std::string_view take_line(std::string_view& text) {
  std::string_view line = take_part(text, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Calls `take(key, value)` for each part "key=value".
template <typename Take>
void each_pair(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    std::string_view value = take_part(text, separator);
    const std::string_view key = take_part(value, '=');
    take(key, value);
  }
}

/// A float as strconv.ParseFloat() reads it.
std::optional<double> to_double(std::string_view text);
/// A whole number, or 0, as with Go's Atoi() whose error nobody looks at.
double to_whole_or_zero(std::string_view text);

}  // namespace tocsin::exporters::redis
