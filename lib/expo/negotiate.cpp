#include "expo/negotiate.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::expo {
namespace {

constexpr std::size_t kMaxRanges = 64;  // more than any scraper sends

struct MediaRange {
  std::string_view type;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  double q = 1;

  std::string_view parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters) {
      if (key == name) return value;
    }
    return {};
  }
};

/// Source: github.com/munnerz/goautoneg, ParseAccept.
std::vector<MediaRange> ranges_of(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const std::string_view item : split(accept, ',')) {
    if (ranges.size() == kMaxRanges) break;
    MediaRange range;
    bool first = true;
    for (const std::string_view part : split(item, ';')) {
      if (std::exchange(first, false)) {
        range.type = trim(part);
        continue;
      }
      const std::size_t equal = part.find('=');
      if (equal == std::string_view::npos) continue;
      const std::string_view name = trim(part.substr(0, equal)), value = trim(part.substr(equal + 1));
      if (name != "q") {
        range.parameters.emplace_back(name, value);
      } else if (!parse_float(value, range.q)) {
        range.q = 1;
      }
    }
    // Sorted by q, in the order of the header where they are equal.
    const auto place = std::ranges::upper_bound(ranges, range.q, std::greater<>(), &MediaRange::q);
    ranges.insert(place, std::move(range));
  }
  return ranges;
}

/// The content type up to the scheme, or "" if we do not write the format.
std::string_view content_type_of(const MediaRange& range) {
  const std::string_view version = range.parameter("version");
  if (range.type == "text/plain") {
    if (version == "1.0.0") return "text/plain; version=1.0.0; charset=utf-8";
    if (version.empty() || version == "0.0.4") return "text/plain; version=0.0.4; charset=utf-8";
  } else if (range.type == "application/openmetrics-text") {
    if (version == "1.0.0") return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    if (version.empty() || version == "0.0.1") return "application/openmetrics-text; version=0.0.1; charset=utf-8";
  } else if (range.type == "application/vnd.google.protobuf") {
    if (range.parameter("proto") == "io.prometheus.client.MetricFamily" && range.parameter("encoding") == "delimited") {
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    }
  }
  return {};
}

std::string_view scheme_name(EscapingScheme scheme) {
  switch (scheme) {
    case EscapingScheme::kAllowUtf8:
      return "allow-utf-8";
    case EscapingScheme::kDots:
      return "dots";
    case EscapingScheme::kValues:
      return "values";
    case EscapingScheme::kUnderscores:
      break;
  }
  return "underscores";
}

}  // namespace

Exposition negotiate(std::string_view accept) {
  Exposition chosen;
  std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";
  for (const MediaRange& range : ranges_of(accept)) {
    if (const auto scheme = escaping_scheme(range.parameter("escaping"))) chosen.escaping = *scheme;
    const std::string_view ours = content_type_of(range);
    if (ours.empty()) continue;
    content_type = ours;
    chosen.format = *page_format(range.type);
    break;
  }
  chosen.content_type = content_type;
  chosen.content_type += "; escaping=";
  chosen.content_type += scheme_name(chosen.escaping);
  return chosen;
}

}  // namespace tocsin::expo
