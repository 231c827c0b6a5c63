#pragma once
// The client's side of TLS over any connection, by OpenSSL: over a socket, or within a proxy's TLS.

#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/tls_context.hpp"

namespace tocsin::net {

/// Shakes hands: the chain and the name are verified ("tls: failed to verify certificate: x509: ..."), kTimeout at the
/// deadline. The arithmetic runs on `lane` (nullptr: here); about 1 ms of CPU a handshake.
/// @param host  the name to ask for and verify, unless the context has one.
Task<Result<std::unique_ptr<Connection>>> start_tls(TaskLoop& loop, Executor* lane, std::unique_ptr<Connection> under,
                                                    std::shared_ptr<const TlsContext> context, std::string host,
                                                    MonoTime deadline);

}  // namespace tocsin::net
