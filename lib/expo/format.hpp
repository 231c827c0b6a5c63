#pragma once
// The formats that pages are read in.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "expo/parser.hpp"

namespace tocsin::expo {

enum class PageFormat : std::uint8_t {
  kText,         // text 0.0.4 and 1.0.0: one grammar
  kOpenMetrics,  // OpenMetrics 0.0.1 and 1.0.0: one grammar
  kProtobuf,     // delimited io.prometheus.client.MetricFamily messages
};

/// The format of a media type ("text/plain", without parameters, in lower case); nothing if we do not read it. Versions
/// do not matter. Source: Prometheus model/textparse/interface.go, New.
std::optional<PageFormat> page_format(std::string_view media_type);

/// The page must live as long as the parser.
std::unique_ptr<Parser> make_parser(PageFormat format, std::string_view page, const HistogramOptions& options = {});

}  // namespace tocsin::expo
