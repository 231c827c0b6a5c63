#include "exporters/sql/mapping.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "base/float_text.hpp"

namespace tocsin::exporters::sql {

std::optional<double> to_milliseconds(std::string_view text) {
  if (double number = 0; parse_float(text, number)) return number;
  const auto duration = parse_go_duration(text);
  return duration ? std::optional(static_cast<double>(to_ms(*duration))) : std::nullopt;
}

bool is_metric_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace tocsin::exporters::sql
