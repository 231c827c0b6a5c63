#pragma once
// Certificates and keys as PEM texts, judged before anybody connects.

#include <string_view>

#include "base/result.hpp"

namespace tocsin::net {

/// There is at least one certificate that parses, as Go's CertPool.AppendCertsFromPEM wants it. Thread: any.
bool has_certificate(std::string_view pem);

/// A chain and the key of its first certificate: "tls: failed to find any PEM data in certificate input", "tls: private
/// key does not match public key". Thread: any. Source: Go crypto/tls, X509KeyPair.
Result<void> check_key_pair(std::string_view cert_pem, std::string_view key_pem);

}  // namespace tocsin::net
