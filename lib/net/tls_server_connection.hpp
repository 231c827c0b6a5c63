#pragma once
// The server's side of TLS on a socket. OpenSSL reads and writes the socket itself, without blocking; the loop waits
// for the socket; the handshake's arithmetic runs on a lane.

#include <memory>
#include <string>

#include "net/slots.hpp"
#include "net/tcp_connection.hpp"
#include "net/tls_server.hpp"

namespace tocsin::net {

/// Thread: the loop's.
class TlsServerConnection final : public ServerConnection {
 public:
  TlsServerConnection(StreamSocket socket, std::shared_ptr<const TlsServerContext> context);

  enum class Handshake { kDone, kFailed, kPlainHttp };
  /// Shakes hands; the arithmetic on `lane` (nullptr: here), one step per slot. kPlainHttp: the first bytes are an HTTP
  /// request; nothing was read yet.
  Task<Handshake> handshake(TaskLoop& loop, Executor* lane, Slots& slots);
  /// What was wrong, after kFailed.
  const std::string& error() const;
  /// The socket after kPlainHttp; this object is empty then.
  StreamSocket release();

  Task<Result<std::size_t>> read_some(char* out, std::size_t size) override;
  Task<Result<void>> write(std::string_view first, std::string_view second) override;
  std::uint64_t bytes_written() const override { return written_; }
  bool is_stale() override;
  void abort() override;
  void cancel() override;
  bool is_open() const override;
  bool peer_has_left() override;
  void shutdown_send() override;

 private:
  struct State;  // shared with a step of the handshake that runs on the lane
  Task<bool> wait_for(int ssl_error);
  Task<Result<void>> write_all(std::string_view text);
  std::shared_ptr<State> state_;
  std::uint64_t written_ = 0;
};

}  // namespace tocsin::net
