#pragma once
// What an address to listen at may look like, for checks of configuration that opens nothing.

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace tocsin::net {

struct ListenAddress {
  std::string host;  // "": all addresses
  std::uint16_t port = 0;
};

/// "host:port", "[::1]:port", ":port". kInvalid in Go's words: "listen tcp: address x: missing port in address".
Result<ListenAddress> parse_listen_address(const std::string& address);

}  // namespace tocsin::net
