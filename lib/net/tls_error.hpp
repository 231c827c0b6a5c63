#pragma once
// Errors of TLS in Go's words.

#include <string>

namespace tocsin::net {

/// Of a code of OpenSSL's error queue: "remote error: tls: bad certificate", "tls: ...".
std::string tls_error_text(unsigned long code);

}  // namespace tocsin::net
