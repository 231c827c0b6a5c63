#pragma once
// URLs in configuration files: which ones Go's url.Parse takes, and with which words it refuses others.
// Requests are made with net::parse_url(), which is stricter (RFC 3986, http and https only).

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::config {

/// What a configuration has to know of a URL. Nothing is decoded.
struct GoUrl {
  std::string scheme;  // lower case; "" for a relative reference
  std::string host;    // with port, without user and password
  std::string path;
};

/// Source: Go net/url, Parse.
/// @return kInvalid `parse "TEXT": reason`; a text that may hold a password is not shown.
Result<GoUrl> parse_go_url(std::string_view text);

}  // namespace tocsin::config
