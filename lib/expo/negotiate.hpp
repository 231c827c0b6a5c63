#pragma once
// Which format a scraper gets. Source: prometheus/common expfmt/encode.go, NegotiateIncludingOpenMetrics.

#include <string>
#include <string_view>

#include "expo/escape_name.hpp"
#include "expo/format.hpp"

namespace tocsin::expo {

struct Exposition {
  PageFormat format = PageFormat::kText;
  EscapingScheme escaping = EscapingScheme::kUnderscores;
  std::string content_type;
};

/// The first of the header's media ranges, by q-value, that we write: text 0.0.4 and 1.0.0, OpenMetrics 0.0.1 and
/// 1.0.0, delimited protobuf; text 0.0.4 if there is none. Its `escaping`, or that of a better range before it, tells
/// what becomes of names beyond [a-zA-Z_:][a-zA-Z0-9_:]*: underscores if nothing does. Never fails.
Exposition negotiate(std::string_view accept);

}  // namespace tocsin::expo
