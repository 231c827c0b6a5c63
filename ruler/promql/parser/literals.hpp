#pragma once
// Numbers and strings as PromQL writes them.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::promql::parser {

/// Go's integer literals (decimal, 0x, octal with a leading 0), else Go's floating-point literals; underscores between
/// digits; Inf and NaN in any case.
/// @return kInvalid with Prometheus' text: `error parsing number: strconv.ParseFloat: parsing "x": value out of range`.
Result<double> parse_number(std::string_view text);

/// The value of a literal that the lexer accepted, in quotes of any of the three kinds. Bytes of \x and octal escapes
/// stay bytes.
std::string unquote(std::string_view literal);

}  // namespace tocsin::promql::parser
