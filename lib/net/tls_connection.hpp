#pragma once
// TLS over a connected socket, by OpenSSL. Only tls_connection.cpp sees it.

#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/http.hpp"
#include "net/tcp_connection.hpp"

namespace tocsin::net {

/// Certificates and rules, made once from TlsOptions. Thread: the loop's.
struct TlsContext;

/// kInvalid if a certificate or key does not parse. nullptr: the defaults.
Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsOptions* options);

/// The client's handshake, which verifies the chain and the name ("tls: failed to verify certificate: x509: ..."),
/// kTimeout at the deadline. Runs on the loop, about 1 ms of CPU; whoever needs it on a lane changes it here alone.
Task<Result<std::unique_ptr<Connection>>> start_tls(TaskLoop& loop, StreamSocket socket,
                                                    std::shared_ptr<TlsContext> context, std::string host,
                                                    MonoTime deadline);

}  // namespace tocsin::net
