#pragma once
// Base64 (RFC 4648).

#include <string>
#include <string_view>

namespace tocsin {

/// Section 4, with padding.
std::string base64_encode(std::string_view bytes);
/// Section 5 (URL and filename safe), with padding.
std::string base64_url_encode(std::string_view bytes);

}  // namespace tocsin
