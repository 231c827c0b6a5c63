#pragma once
// What the matcher grammar is defined by in Go's terms: white space, reserved runes, quoted strings.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::config {

/// unicode.IsSpace.
bool is_unicode_space(std::uint32_t code);

/// What ends an unquoted word of a matcher: white space and {}!=~,\"'` .
bool is_matcher_reserved(std::uint32_t code);

/// Go's strconv.Unquote of a text in double quotes; kInvalid if it is not well formed or not UTF-8 afterwards.
Result<std::string> unquote_go(std::string_view quoted);

}  // namespace tocsin::config
