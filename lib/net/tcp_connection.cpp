#include "net/tcp_connection.hpp"

#include <array>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "net/net_error.hpp"

namespace tocsin::net {
namespace {

constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Asio would hand over 64 KiB at a time: each is a call of the system, and wakes the one who reads.
std::size_t all_at_once(const boost::system::error_code& error, std::size_t) {
  constexpr std::size_t kMost = std::size_t{1} << 20U;
  return error ? 0 : kMost;
}

}  // namespace

bool socket_is_left(int fd) {
  pollfd look{fd, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool socket_is_quiet(int fd) {
  char byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::string socket_error_text(std::string_view operation, const StreamSocket& socket,
                              const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return go_error_text(error);
  boost::system::error_code no_local, no_remote;
  const auto local = socket.local_endpoint(no_local);
  const auto remote = socket.remote_endpoint(no_remote);
  if (no_local || no_remote) return fmt::format("{}: {}", operation, go_error_text(error));
  const bool is_unix = remote.protocol().family() == AF_UNIX;
  return fmt::format("{} {} {}->{}: {}: {}", operation, is_unix ? "unix" : "tcp", endpoint_text(local),
                     endpoint_text(remote), operation, go_error_text(error));
}

TcpConnection::TcpConnection(StreamSocket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

Task<Result<std::size_t>> TcpConnection::read_some(char* out, std::size_t size) {
  const auto [error, got] = co_await socket_.async_read_some(boost::asio::buffer(out, size), kAwaitTuple);
  if (error == boost::asio::error::eof) co_return std::size_t{0};
  if (error) co_return fail(Errc::kIo, "{}", socket_error_text("read", socket_, error));
  co_return got;
}

Task<Result<void>> TcpConnection::write(std::string_view first, std::string_view second) {
  const std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(first), boost::asio::buffer(second)};
  const auto [error, put] = co_await boost::asio::async_write(socket_, buffers, all_at_once, kAwaitTuple);
  written_ += put;
  if (error) co_return fail(Errc::kIo, "{}", socket_error_text("write", socket_, error));
  co_return Result<void>();
}

bool TcpConnection::is_stale() {
  return !socket_.is_open() || !socket_is_quiet(socket_.native_handle());
}

bool TcpConnection::peer_has_left() {
  return !socket_.is_open() || socket_is_left(socket_.native_handle());
}

void TcpConnection::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TcpConnection::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void TcpConnection::shutdown_send() {
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace tocsin::net
