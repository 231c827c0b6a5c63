#include "agent/page_values.hpp"

#include <algorithm>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::agent {
namespace {

/// The end of the quoted text that begins before `at`.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

/// Where the braces of the line close.
std::size_t end_of_labels(std::string_view line, std::size_t at) {
  while (at < line.size() && line[at] != '}') {
    at = line[at] == '"' ? end_of_quoted(line, at + 1) + 1 : at + 1;
  }
  return at;
}

}  // namespace

void for_each_series(const expo::RenderedPage& page, std::string_view family,
                     const std::function<void(std::string_view labels, double value)>& each) {
  const auto place = std::lower_bound(page.families.begin(), page.families.end(), family,
                                      [](const auto& one, std::string_view name) { return one.info->name < name; });
  if (place == page.families.end() || place->info->name != family) return;
  const std::string_view lines =
      std::string_view(page.text).substr(place->lines_begin, place->end - place->lines_begin);
  for (std::string_view line : split(lines, '\n')) {
    if (!line.starts_with(family)) continue;
    line.remove_prefix(family.size());
    std::string_view labels;
    if (line.starts_with('{')) {
      const std::size_t end = end_of_labels(line, 1);
      if (end >= line.size()) continue;
      labels = line.substr(1, end - 1);
      line.remove_prefix(end + 1);
    }
    line = trim(line);
    double value = 0;
    if (parse_float(line.substr(0, line.find(' ')), value)) each(labels, value);
  }
}

std::string label_value(std::string_view labels, std::string_view name) {
  std::size_t at = 0;
  while (at < labels.size()) {
    const std::size_t equals = labels.find("=\"", at);
    if (equals == std::string_view::npos) break;
    const std::size_t begin = equals + 2, end = end_of_quoted(labels, begin);
    if (labels.substr(at, equals - at) == name) {
      std::string value;
      for (std::size_t i = begin; i < end; ++i) {
        if (labels[i] == '\\' && i + 1 < end) {
          ++i;
          value += labels[i] == 'n' ? '\n' : labels[i];
        } else {
          value += labels[i];
        }
      }
      return value;
    }
    at = end + 2;  // the quote and the comma
  }
  return "";
}

std::optional<double> sum_of(const expo::RenderedPage& page, std::string_view family) {
  std::optional<double> sum;
  for_each_series(page, family, [&](std::string_view, double value) { sum = sum.value_or(0) + value; });
  return sum;
}

}  // namespace tocsin::agent
