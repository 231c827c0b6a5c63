#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "net/server_connection.hpp"

namespace tocsin::net {

/// A connected socket of TCP or of the Unix domain; tcp::socket becomes one by a move.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

/// A connected TCP or Unix socket.
class TcpConnection final : public ServerConnection {
 public:
  explicit TcpConnection(StreamSocket socket);

  Task<Result<std::size_t>> read_some(char* out, std::size_t size) override;
  Task<Result<void>> write(std::string_view first, std::string_view second) override;
  std::uint64_t bytes_written() const override { return written_; }
  bool is_stale() override;
  void abort() override;
  void cancel() override;
  bool is_open() const override { return socket_.is_open(); }
  bool peer_has_left() override;
  void shutdown_send() override;
  /// The socket itself, for TLS on top; this object is empty then.
  StreamSocket release() { return std::move(socket_); }

 private:
  StreamSocket socket_;
  std::uint64_t written_ = 0;
};

/// Nothing to read and not closed by the peer, without reading.
bool socket_is_quiet(int fd);
/// The peer has shut down or reset the connection, though bytes may wait.
bool socket_is_left(int fd);
/// "read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer", "read unix @->/run/x.sock: read: ...";
/// `operation` is read or write. "EOF" stands alone.
std::string socket_error_text(std::string_view operation, const StreamSocket& socket,
                              const boost::system::error_code& error);

}  // namespace tocsin::net
