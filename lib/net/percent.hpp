#pragma once
// Percent-decoding of paths and forms (RFC 3986 section 2.1; WHATWG URL, application/x-www-form-urlencoded).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::net {

/// Decodes %XX; nothing if an escape is cut short or not hexadecimal. `plus_is_space` as in forms.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The pairs of "a=1&b=2", decoded, in order. A pair with a broken escape or a bare semicolon is left out, as Go's
/// Request.FormValue does.
void append_form_pairs(std::string_view form, std::vector<std::pair<std::string, std::string>>& out);

}  // namespace tocsin::net
