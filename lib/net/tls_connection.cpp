#include "net/tls_connection.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <openssl/err.h>

#include "net/net_error.hpp"
#include "net/tls_error.hpp"
#include "net/tls_verify.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kRecord = 16U << 10U;        // TLS' largest
constexpr std::size_t kWritePiece = 64U << 10U;    // encrypted at once
constexpr std::size_t kReadBytes = kRecord + 512;  // a record with its header

/// OpenSSL's state between two memory buffers. Thread: one at a time; the lane's while it steps, else the loop's.
struct TlsSession {
  TlsSession(std::shared_ptr<const TlsContext> c, const std::string& name) : context(std::move(c)) {
    tls.reset(SSL_new(context->context.get()));
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), in, out);  // owns both
    SSL_set_connect_state(tls.get());
    expect_server(tls.get(), name, context->verify, &verdict);
  }

  /// One step of the handshake: SSL_ERROR_NONE when it is done, SSL_ERROR_WANT_READ, or how it failed.
  int step() {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls.get());
    return done == 1 ? SSL_ERROR_NONE : note_error(done);
  }

  int note_error(int done) {
    const int outcome = SSL_get_error(tls.get(), done);
    if (outcome == SSL_ERROR_SSL || outcome == SSL_ERROR_SYSCALL) error = ERR_get_error();
    ERR_clear_error();
    return outcome;
  }

  /// What is to be sent.
  std::string take_output() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string bytes(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(out));
    return bytes;
  }

  std::shared_ptr<const TlsContext> context;
  TlsVerdict verdict;
  SslPtr tls;
  BIO* in = nullptr;
  BIO* out = nullptr;
  unsigned long error = 0;
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(std::unique_ptr<Connection> under, std::shared_ptr<const TlsContext> context, const std::string& name)
      : under_(std::move(under)), session_(std::make_shared<TlsSession>(std::move(context), name)) {}

  Task<Result<void>> shake_hands(TaskLoop& loop, Executor* lane) {
    for (;;) {
      int outcome = SSL_ERROR_NONE;
      if (lane == nullptr) {
        outcome = session_->step();
      } else {
        std::function<int()> step = [session = session_] { return session->step(); };
        outcome = co_await run_on(loop, *lane, std::move(step));
      }
      const Result<void> sent = co_await flush();
      if (outcome == SSL_ERROR_NONE) co_return sent;
      if (outcome != SSL_ERROR_WANT_READ) co_return fail(Errc::kIo, "{}", handshake_error());
      TOCSIN_CO_OK(sent);
      TOCSIN_CO_TRY(const std::size_t got, co_await feed());
      if (got == 0) co_return fail(Errc::kIo, "EOF");
    }
  }

  Task<Result<std::size_t>> read_some(char* out, std::size_t size) override {
    for (;;) {
      ERR_clear_error();
      std::size_t got = 0;
      const int done = SSL_read_ex(session_->tls.get(), out, size, &got);
      if (done == 1) co_return got;
      const int outcome = session_->note_error(done);
      if (outcome == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
      if (outcome != SSL_ERROR_WANT_READ) co_return fail(Errc::kIo, "{}", tls_error_text(session_->error));
      // An answer to a request of the protocol itself, such as new keys; a write under way takes it along.
      if (!writing_) TOCSIN_CO_OK(co_await flush());
      TOCSIN_CO_TRY(const std::size_t fed, co_await feed());
      if (fed == 0) co_return fail(Errc::kIo, "unexpected EOF");
    }
  }

  Task<Result<void>> write(std::string_view first, std::string_view second) override {
    writing_ = true;
    Result<void> done;
    if (first.size() + second.size() <= kRecord) {  // one record for both
      const std::string joined = std::string(first).append(second);
      done = co_await write_all(joined);
    } else {
      done = co_await write_all(first);
      if (done) done = co_await write_all(second);
    }
    writing_ = false;
    co_return done;
  }

  std::uint64_t bytes_written() const override { return written_; }
  bool is_stale() override {
    return under_->is_stale() || BIO_ctrl_pending(session_->in) > 0 || SSL_has_pending(session_->tls.get()) == 1;
  }
  void abort() override { under_->abort(); }

 private:
  Task<Result<void>> write_all(std::string_view text) {
    while (!text.empty()) {
      ERR_clear_error();
      std::size_t put = 0;
      const int done = SSL_write_ex(session_->tls.get(), text.data(), std::min(text.size(), kWritePiece), &put);
      if (done != 1) {
        session_->note_error(done);
        co_return fail(Errc::kIo, "{}", tls_error_text(session_->error));
      }
      TOCSIN_CO_OK(co_await flush());
      written_ += put;
      text.remove_prefix(put);
    }
    co_return Result<void>();
  }

  /// Sends what OpenSSL has ready.
  Task<Result<void>> flush() {
    const std::string bytes = session_->take_output();
    if (bytes.empty()) co_return Result<void>();
    co_return co_await under_->write(bytes, {});
  }

  /// Gives OpenSSL what has come; 0 at the end of the connection.
  Task<Result<std::size_t>> feed() {
    const auto bytes = std::make_unique_for_overwrite<char[]>(kReadBytes);
    auto got = co_await under_->read_some(bytes.get(), kReadBytes);
    if (!got || *got == 0) co_return got;
    if (first_bytes_.size() < kFirst) first_bytes_.append(bytes.get(), std::min(*got, kFirst - first_bytes_.size()));
    BIO_write(session_->in, bytes.get(), static_cast<int>(*got));
    co_return got;
  }

  std::string handshake_error() const {
    if (!session_->verdict.text.empty()) return "tls: failed to verify certificate: " + session_->verdict.text;
    if (first_bytes_ == "HTTP/") return "http: server gave HTTP response to HTTPS client";
    return tls_error_text(session_->error);
  }

  static constexpr std::size_t kFirst = 5;
  std::unique_ptr<Connection> under_;
  std::shared_ptr<TlsSession> session_;  // also of a step on the lane
  std::string first_bytes_;
  std::uint64_t written_ = 0;
  bool writing_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<Connection>>> start_tls(TaskLoop& loop, Executor* lane, std::unique_ptr<Connection> under,
                                                    std::shared_ptr<const TlsContext> context, std::string host,
                                                    MonoTime deadline) {
  const std::string name = context->server_name.empty() ? std::move(host) : context->server_name;
  auto connection = std::make_unique<TlsConnection>(std::move(under), std::move(context), name);
  Watchdog watchdog(loop, [&connection] { connection->abort(); });
  watchdog.set(deadline);
  const Result<void> done = co_await connection->shake_hands(loop, lane);
  if (watchdog.expired()) co_return fail(Errc::kTimeout, "{}", kDeadlineText);
  if (!done) co_return fail(done.error());
  co_return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace tocsin::net
