#include "expo/format.hpp"

#include <utility>

#include "expo/converting_parser.hpp"
#include "expo/openmetrics_parser.hpp"
#include "expo/protobuf_parser.hpp"
#include "expo/text_parser.hpp"

namespace tocsin::expo {

std::optional<PageFormat> page_format(std::string_view media_type) {
  if (media_type == "text/plain") return PageFormat::kText;
  if (media_type == "application/openmetrics-text") return PageFormat::kOpenMetrics;
  if (media_type == "application/vnd.google.protobuf") return PageFormat::kProtobuf;
  return std::nullopt;
}

std::unique_ptr<Parser> make_parser(PageFormat format, std::string_view page, const HistogramOptions& options) {
  if (format == PageFormat::kProtobuf) return std::make_unique<ProtobufParser>(page, options);
  std::unique_ptr<Parser> parser;
  if (format == PageFormat::kOpenMetrics) {
    parser = std::make_unique<OpenMetricsParser>(page, options.starts);
  } else {
    parser = std::make_unique<TextParser>(page);
  }
  if (options.convert) parser = std::make_unique<ConvertingParser>(std::move(parser), options.classic);
  return parser;
}

}  // namespace tocsin::expo
