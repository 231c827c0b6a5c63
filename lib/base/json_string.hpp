#pragma once
// Strings of JSON.

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

/// Who else's text it is to equal. All are the same string to whoever reads JSON.
enum class JsonStyle : std::uint8_t {
  kPlain,     // escapes what must be, bytes that are no UTF-8 are a replacement character
  kGo,        // encoding/json: also < > & and U+2028, U+2029; \b and \f by letter, \ufffd
  kJsoniter,  // json-iterator as Prometheus' API uses it: as kGo, \b and \f by number
};

/// Appends the text with its quotes.
void append_json_string(std::string& out, std::string_view text, JsonStyle style = JsonStyle::kPlain);

}  // namespace tocsin
