#include "exporters/mysql/connection.hpp"

#include "base/strings.hpp"

namespace tocsin::exporters::mysql {

std::optional<std::size_t> find_column(std::span<const std::string> columns, std::string_view name) {
  for (std::size_t place = 0; place < columns.size(); ++place) {
    if (equal_ignoring_case(columns[place], name)) return place;
  }
  return std::nullopt;
}

std::string_view Row::text(std::string_view column) const {
  const auto place = find_column(columns_, column);
  return place ? text(*place) : std::string_view{};
}

std::string quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    if (c != '\0') out += c;
  }
  return out += '\'';
}

std::string quote_name(std::string_view name) {
  return fmt::format("`{}`", replace_all(std::string(name), "`", "``"));
}

}  // namespace tocsin::exporters::mysql
