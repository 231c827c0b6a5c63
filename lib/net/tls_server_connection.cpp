#include "net/tls_server_connection.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>
#include <sys/socket.h>

#include "net/net_error.hpp"
#include "net/tls_server_context.hpp"

namespace tocsin::net {
namespace {

using boost::system::error_code;

constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t kRecord = 16U << 10U;      // TLS' largest
constexpr std::size_t kLoopBytes = 256U << 10U;  // encrypted in about 0.1 ms; then it is the turn of others

/// As Go's tlsRecordHeaderLooksLikeHTTP.
bool looks_like_http(std::string_view first_bytes) {
  static constexpr std::array<std::string_view, 5> kStarts = {"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"};
  return std::ranges::find(kStarts, first_bytes) != kStarts.end();
}

/// The oldest error of this thread's queue, which is emptied.
std::string openssl_error_text(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? std::string("tls: ") + reason : otherwise;
}

}  // namespace

/// Thread: the loop's, but while `stepping` that of the lane, which then alone touches `ssl`.
struct TlsServerConnection::State {
  State(StreamSocket s, std::shared_ptr<const TlsServerContext> c) : socket(std::move(s)), context(std::move(c)) {
    error_code ignored;
    socket.native_non_blocking(true, ignored);
    ssl.reset(SSL_new(context->get()));
    SSL_set_accept_state(ssl.get());
    SSL_set_fd(ssl.get(), socket.native_handle());
  }

  /// One step of the handshake: SSL_ERROR_NONE when it is done, else what it waits for or how it failed.
  int step() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl.get());
    const int outcome = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl.get(), done);
    if (outcome != SSL_ERROR_NONE && outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_WANT_WRITE) {
      error = openssl_error_text("EOF");
    }
    return outcome;
  }

  struct Free {
    void operator()(SSL* gone) const { SSL_free(gone); }
  };
  StreamSocket socket;
  std::shared_ptr<const TlsServerContext> context;
  std::unique_ptr<SSL, Free> ssl;
  std::string error;
  bool stepping = false;
  bool aborted = false;
};

TlsServerConnection::TlsServerConnection(StreamSocket socket, std::shared_ptr<const TlsServerContext> context)
    : state_(std::make_shared<State>(std::move(socket), std::move(context))) {}

Task<TlsServerConnection::Handshake> TlsServerConnection::handshake(TaskLoop& loop, Executor* lane, Slots& slots) {
  // A client that says nothing costs the lane nothing.
  if (!co_await wait_for(SSL_ERROR_WANT_READ)) co_return Handshake::kFailed;
  std::array<char, 5> first{};
  const ssize_t peeked = ::recv(state_->socket.native_handle(), first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
  if (peeked > 0 && looks_like_http(std::string_view(first.data(), static_cast<std::size_t>(peeked)))) {
    co_return Handshake::kPlainHttp;
  }
  for (;;) {
    co_await slots.enter();
    if (state_->aborted) {
      slots.leave();
      co_return Handshake::kFailed;
    }
    int outcome = SSL_ERROR_NONE;
    if (lane == nullptr) {
      outcome = state_->step();
    } else {
      std::function<int()> step = [state = state_] { return state->step(); };
      state_->stepping = true;
      outcome = co_await run_on(loop, *lane, std::move(step));
      state_->stepping = false;
    }
    slots.leave();
    if (state_->aborted) {
      abort();
      co_return Handshake::kFailed;
    }
    if (outcome == SSL_ERROR_NONE) co_return Handshake::kDone;
    if (!co_await wait_for(outcome)) co_return Handshake::kFailed;
  }
}

const std::string& TlsServerConnection::error() const {
  return state_->error;
}

StreamSocket TlsServerConnection::release() {
  state_->ssl.reset();
  return std::move(state_->socket);
}

/// False if it is nothing to wait for.
Task<bool> TlsServerConnection::wait_for(int ssl_error) {
  if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) co_return false;
  const auto what = ssl_error == SSL_ERROR_WANT_READ ? StreamSocket::wait_read : StreamSocket::wait_write;
  const auto [error] = co_await state_->socket.async_wait(what, kAwaitTuple);
  if (error) state_->error = go_error_text(error);
  co_return !error;
}

Task<Result<std::size_t>> TlsServerConnection::read_some(char* out, std::size_t size) {
  while (is_open()) {
    ERR_clear_error();
    std::size_t got = 0;
    const int done = SSL_read_ex(state_->ssl.get(), out, size, &got);
    if (done == 1) co_return got;
    const int outcome = SSL_get_error(state_->ssl.get(), done);
    if (outcome == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_WANT_WRITE) {
      co_return fail(Errc::kIo, "{}", openssl_error_text("EOF"));
    }
    if (!co_await wait_for(outcome)) break;
  }
  co_return fail(Errc::kIo, "{}", state_->error.empty() ? "use of closed network connection" : state_->error);
}

Task<Result<void>> TlsServerConnection::write_all(std::string_view text) {
  std::size_t in_one_go = 0;
  while (!text.empty()) {
    if (in_one_go >= kLoopBytes) {
      in_one_go = 0;
      co_await boost::asio::post(state_->socket.get_executor(), boost::asio::use_awaitable);
    }
    if (!is_open()) co_return fail(Errc::kIo, "use of closed network connection");
    ERR_clear_error();
    std::size_t put = 0;
    const int done = SSL_write_ex(state_->ssl.get(), text.data(), std::min(text.size(), kRecord), &put);
    if (done == 1) {
      written_ += put;
      in_one_go += put;
      text.remove_prefix(put);
      continue;
    }
    const int outcome = SSL_get_error(state_->ssl.get(), done);
    in_one_go = 0;
    if (!co_await wait_for(outcome)) {
      co_return fail(Errc::kIo, "{}", state_->error.empty() ? openssl_error_text("broken pipe") : state_->error);
    }
  }
  co_return Result<void>();
}

Task<Result<void>> TlsServerConnection::write(std::string_view first, std::string_view second) {
  // One record for both when they are small: the fields of an answer should not travel alone.
  std::string joined;
  if (!second.empty() && first.size() + second.size() <= kRecord) {
    joined.append(first).append(second);
    co_return co_await write_all(joined);
  }
  if (auto head = co_await write_all(first); !head) co_return head;
  co_return co_await write_all(second);
}

bool TlsServerConnection::is_stale() {
  return !is_open() || !socket_is_quiet(state_->socket.native_handle());
}

bool TlsServerConnection::peer_has_left() {
  return !is_open() || socket_is_left(state_->socket.native_handle());
}

void TlsServerConnection::abort() {
  state_->aborted = true;
  // The lane's step still uses the descriptor: it may only be made useless, not given back.
  if (state_->stepping) {
    ::shutdown(state_->socket.native_handle(), SHUT_RDWR);
    return;
  }
  error_code ignored;
  state_->socket.close(ignored);
}

void TlsServerConnection::cancel() {
  error_code ignored;
  state_->socket.cancel(ignored);
}

bool TlsServerConnection::is_open() const {
  return !state_->aborted && state_->socket.is_open();
}

void TlsServerConnection::shutdown_send() {
  if (!is_open()) return;
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
  error_code ignored;
  state_->socket.shutdown(StreamSocket::shutdown_send, ignored);
}

}  // namespace tocsin::net
