#pragma once
// Certificates and rules of a client, made once from TlsOptions.

#include <memory>

#include "net/http.hpp"
#include "net/openssl_ptr.hpp"

namespace tocsin::net {

/// Immutable. Thread: any.
struct TlsContext {
  SslContextPtr context;
  std::string server_name;
  bool verify = true;
  std::shared_ptr<const TlsOptions> options;  // held: no other options get this address while a connection lives
};

/// nullptr: the defaults. kInvalid if a certificate or key does not parse. A large bundle takes milliseconds: for a
/// lane. Thread: any.
Result<std::shared_ptr<const TlsContext>> make_tls_context(std::shared_ptr<const TlsOptions> options);

}  // namespace tocsin::net
