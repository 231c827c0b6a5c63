#pragma once
// Numbers as Go writes and reads them (strconv), which is what the exposition format, PromQL and the HTTP API show.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin {

/// Shortest digits that read back as the same double, in the form of strconv.FormatFloat(v, 'f', -1, 64) unless
/// |v| < 1e-6 or >= 1e21, then 'e': what Prometheus' JSON API writes. NaN, +Inf, -Inf.
std::string format_float_api(double value);
/// strconv 'g' with shortest digits: exponent form iff the decimal exponent is < -4 or >= 6. Go's %v, so "1e+06".
std::string format_float_g(double value);
/// strconv 'e' with shortest digits ("1e+00"): the alert values of /api/v1/alerts.
std::string format_float_e(double value);
/// strconv 'f' with shortest digits, never an exponent.
std::string format_float_f(double value);

/// Appends the exposition format's text of a value to a buffer: as format_float_g.
/// Source: prometheus/common expfmt/text_create.go; checked against node_exporter's e2e output.
void append_float_expo(std::string& out, double value);
/// As format_float_api, appended.
void append_float_api(std::string& out, double value);
/// The same, written at `at`, where there is room for kMaxFloatApiBytes. @return where the text ends
char* write_float_api(char* at, double value);
inline constexpr std::size_t kMaxFloatApiBytes = 40;

/// strconv.ParseFloat: decimal, hexadecimal floats, underscores not allowed, "inf"/"infinity"/"nan" in any case and
/// with a sign (nan without). Out of range gives +/-Inf and success, as Prometheus' parsers see it through their
/// checks.
/// @return false if the text is not a number as a whole.
bool parse_float(std::string_view text, double& value);

}  // namespace tocsin
