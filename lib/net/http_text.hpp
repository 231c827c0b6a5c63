#pragma once
// Start lines and fields as text.

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "net/http.hpp"

namespace tocsin::net {

/// "Not Found"; "" for a status that RFC 9110 does not name.
std::string_view reason_phrase(int status);
/// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp now);
/// A token (RFC 9110 section 5.6.2): what a method or a field's name may be.
bool is_token(std::string_view text);
/// No control characters but tab: what a field's value may be.
bool is_field_value(std::string_view text);
/// "Basic ..." (RFC 7617). A secret.
std::string basic_authorization(std::string_view user, std::string_view password);
/// Appends "Name: value\r\n"; control characters in the value become blanks.
void append_field(std::string& out, std::string_view name, std::string_view value);
/// Appends all fields but `except` and those that frame the message (Connection, Content-Length, Transfer-Encoding),
/// which are ours.
void append_fields(std::string& out, const Headers& headers, std::string_view except = {});
/// An Accept-Encoding that takes gzip: "gzip", "*", not with q=0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace tocsin::net
