#pragma once
// The one spelling of a bound or a quantile in labels.

#include <string>
#include <string_view>

#include "base/float_text.hpp"

namespace tocsin::expo {

/// Go's strconv 'g' with ".0" if it would look like an integer; both zeros are "0.0". Source: Prometheus
/// model/labels/float.go.
inline void append_openmetrics_float(std::string& out, double value) {
  const std::size_t before = out.size();
  append_float_expo(out, value == 0 ? 0 : value);
  const auto text = std::string_view(out).substr(before);
  if (text.find_first_of("e.NI") == std::string_view::npos) out += ".0";
}

}  // namespace tocsin::expo
