#pragma once
// From a listen address to a listening socket.

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/result.hpp"

namespace tocsin::net {

/// "host:port"; ":port" is all addresses, IPv6 and IPv4 where the system has both. A host name is resolved at once,
/// which blocks: for use at start. Errors in Go's words: "listen tcp 127.0.0.1:9090: bind: address already in use".
Result<boost::asio::ip::tcp::acceptor> listen(const boost::asio::any_io_executor& executor, const std::string& address);

/// A socket that listens already; owned by the acceptor. kIo if it is none of TCP.
Result<boost::asio::ip::tcp::acceptor> adopt_listener(const boost::asio::any_io_executor& executor, int socket);

}  // namespace tocsin::net
