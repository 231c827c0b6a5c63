#pragma once
// Go's fmt: the texts that %v, %d, %q and the others make of values. Source: Go package fmt (documentation and texts of
// bad verbs), checked against amtool and promtool.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// Nothing that a template makes may be longer; more is kLimit.
inline constexpr std::size_t kMaxTextBytes = 4U << 20U;

/// fmt.Sprint: %v of each, a space between two operands when neither is a string.
Result<std::string> sprint(Args args);
Result<std::string> sprintln(Args args);
Result<std::string> sprintf(std::string_view format, Args args);

/// strconv.FormatFloat: verb 'e', 'f', 'g', 'x' or 'b'; precision -1: the fewest digits that read back the same.
std::string format_float(double value, char verb, int precision);

}  // namespace tocsin::tmpl
