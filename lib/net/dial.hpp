#pragma once
// From "host, port", or a path, to a connected socket.

#include <cstdint>
#include <memory>
#include <string>

#include "net/resolver.hpp"
#include "net/tcp_connection.hpp"

namespace tocsin::net {

/// Tries the addresses of the host in turn, each with a share of the time left, as Go's Dialer does without racing
/// them. Errors: "dial tcp 127.0.0.1:1: connect: connection refused" (kIo, of the first address), "dial tcp: lookup
/// nohost: no such host", kTimeout "context deadline exceeded". The loop and the resolver must live until the end.
Task<Result<StreamSocket>> dial(TaskLoop& loop, std::shared_ptr<Resolver> resolver, std::string host,
                                std::uint16_t port, MonoTime deadline);

/// "dial unix /run/x.sock: connect: no such file or directory" (kIo).
Task<Result<StreamSocket>> dial_unix(TaskLoop& loop, std::string path, MonoTime deadline);

}  // namespace tocsin::net
