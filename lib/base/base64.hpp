#pragma once
// Base64 (RFC 4648), as Go's encoding/base64 does it.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace tocsin {

/// Section 4, with padding.
std::string base64_encode(std::string_view bytes);
/// Section 5 (URL and filename safe), with padding.
std::string base64_url_encode(std::string_view bytes);

/// The offset of the byte at which the text is wrong: Go's CorruptInputError.
using Base64Result = std::expected<std::string, std::size_t>;
/// Section 4; padding must be there, line breaks are passed over, bits beyond the last byte may be anything.
Base64Result base64_decode(std::string_view text);
/// Section 5, likewise.
Base64Result base64_url_decode(std::string_view text);

}  // namespace tocsin
