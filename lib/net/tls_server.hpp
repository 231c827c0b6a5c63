#pragma once
// TLS on the listening side: what is allowed, without a word of OpenSSL. Names are those of Go's crypto/tls, because
// configuration files have them.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace tocsin::net {

/// Go's tls.ClientAuthType.
enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

struct TlsServerOptions {
  std::string cert_pem;  // our chain, the leaf first
  Secret key_pem;
  ClientAuth client_auth = ClientAuth::kNone;
  std::string client_ca_pem;  // who signs clients; "": the system's certificates
  /// If set: DNS names, e-mail addresses, IP addresses or URIs, one of which the client's certificate must have.
  std::optional<std::vector<std::string>> client_allowed_sans;
  int min_version = 0x0303, max_version = 0x0304;  // 0x0301 (TLS 1.0) ... 0x0304 (TLS 1.3)
  std::vector<std::string> cipher_suites;          // up to TLS 1.2, in order; empty: Go's
  std::vector<std::string> curves;                 // in order; empty: X25519, P-256, P-384, P-521
  bool prefer_server_cipher_suites = true;
};

/// Go's tls.CipherSuites().
bool is_cipher_suite(std::string_view name);
/// "CurveP256", "CurveP384", "CurveP521", "X25519".
bool is_curve(std::string_view name);

/// Certificates and rules, ready for connections. Immutable; many connections share one. Thread: any.
class TlsServerContext;

/// kInvalid in Go's words: "tls: failed to find any PEM data in certificate input", "tls: private key does not match
/// public key". Costs about a millisecond. Thread: any.
Result<std::shared_ptr<const TlsServerContext>> make_tls_server_context(const TlsServerOptions& options);

}  // namespace tocsin::net
