#pragma once
// Whether a server's certificate holds, by Go's rules and in its words.

#include <string>

#include <openssl/ssl.h>

namespace tocsin::net {

/// What is wrong with the peer's certificate; "" if nothing.
struct TlsVerdict {
  std::string text;  // "x509: certificate signed by unknown authority"
  int rank = 0;      // Go tells time before name before the rest
};

/// Any certificate that is trusted ends a chain, as in Go, not only a root that signed itself.
void verify_as_go(SSL_CTX* context);

/// Asks the server for the name (not for an address, RFC 6066 section 3) and has it verified with the chain; the
/// verdict is written during the handshake, on its thread, and must live as long as `tls`. `verify` false: nothing is
/// verified.
void expect_server(SSL* tls, const std::string& name, bool verify, TlsVerdict* verdict);

}  // namespace tocsin::net
