#include "expo/format.hpp"

#include "expo/openmetrics_parser.hpp"
#include "expo/text_parser.hpp"

namespace tocsin::expo {

std::optional<PageFormat> page_format(std::string_view media_type) {
  if (media_type == "text/plain") return PageFormat::kText;
  if (media_type == "application/openmetrics-text") return PageFormat::kOpenMetrics;
  return std::nullopt;
}

std::unique_ptr<Parser> make_parser(PageFormat format, std::string_view page) {
  if (format == PageFormat::kOpenMetrics) return std::make_unique<OpenMetricsParser>(page);
  return std::make_unique<TextParser>(page);
}

}  // namespace tocsin::expo
