#pragma once
// Absolute http and https URLs, taken apart as a client needs them. Boost.URL does the grammar (RFC 3986).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::net {

struct Url {
  bool tls = false;
  std::string host;  // without brackets, percent-decoded, lower case
  std::uint16_t port = 0;
  std::string host_field;     // for the Host field: with brackets, and the port if it is not the scheme's
  std::string target;         // path and query, at least "/"
  std::string authorization;  // "Basic ..." if there is userinfo, else ""
  std::string text;           // as given, without the fragment

  /// "host:port", brackets where needed.
  std::string address() const;
};

/// kInvalid in Go's words: `unsupported protocol scheme "ftp"`, "no Host in request URL".
Result<Url> parse_url(std::string_view text);
/// A Location field, seen from the URL that answered it.
Result<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace tocsin::net
