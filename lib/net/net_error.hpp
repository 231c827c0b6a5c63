#pragma once
// Errors of sockets in the words of Go, which people grep for in Prometheus' and Alertmanager's pages.

#include <string>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace tocsin::net {

/// "connection refused", "EOF": the operating system's text as Go's syscall package prints it.
std::string go_error_text(const boost::system::error_code& error);
/// "127.0.0.1:9090", "[::1]:9090".
std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint);
/// The same, or the path of a Unix socket ("@" without one).
std::string endpoint_text(const boost::asio::generic::stream_protocol::endpoint& endpoint);

inline constexpr const char* kDeadlineText = "context deadline exceeded";

}  // namespace tocsin::net
