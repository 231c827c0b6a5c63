#include "exporters/rabbitmq/amqp.hpp"
#include "net/connector.hpp"
#include "net/read_buffer.hpp"
#include "net/watchdog.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

constexpr std::string_view kProtocolHeader("AMQP\0\0\11\1", 8);
constexpr std::uint32_t kStart = 0x000A000A, kTune = 0x000A001E, kOpenOk = 0x000A0029, kClose = 0x000A0032,
                        kCloseOk = 0x000A0033;

/// One connection. Thread: the loop's.
class Session {
 public:
  Session(net::TaskLoop& loop, std::shared_ptr<net::Resolver> resolver, Executor& lane, AmqpServer server,
          MonoTime deadline)
      : server_(std::move(server)),
        deadline_(deadline),
        connector_(loop, std::move(resolver), &lane, "tocsin"),
        watchdog_(loop, [this] {
          if (connection_) connection_->abort();
        }) {
    watchdog_.set(deadline);
  }

  net::Task<Result<void>> run() {
    net::Way way;
    way.url.host = server_.host;
    way.url.port = server_.port;
    way.url.tls = server_.tls != nullptr;
    way.tls = server_.tls;
    auto connection = co_await connector_.connect(std::move(way), deadline_);
    if (!connection) co_return fail(std::move(connection).error());
    connection_ = std::move(*connection);
    TOCSIN_CO_TRY(const std::string start, co_await ask(std::string(kProtocolHeader), kStart, "the protocol header"));
    TOCSIN_CO_TRY(const AmqpGreeting greeting, read_amqp_start(start));
    if (!greeting.plain) co_return fail(Errc::kUnsupported, "the broker does not take the mechanism PLAIN");
    TOCSIN_CO_TRY(const std::string tune,
                  co_await ask(amqp_start_ok(server_.username, server_.password.reveal()), kTune, "authentication"));
    TOCSIN_CO_TRY(const std::string tune_ok, amqp_tune_ok(tune));
    TOCSIN_CO_TRY(const std::string opened,
                  co_await ask(tune_ok + amqp_open(server_.vhost), kOpenOk, "connection.open"));
    // The broker's word for the end is a courtesy; without it the connection was open nevertheless.
    static_cast<void>(co_await ask(amqp_close(), kCloseOk, "connection.close"));
    co_return Result<void>();
  }

 private:
  std::unexpected<Error> cut(std::string_view step) const {
    if (watchdog_.expired()) return fail(Errc::kTimeout, "{}: context deadline exceeded", step);
    // Brokers of before 3.2, and some proxies, refuse a password like this.
    return fail(Errc::kIo, "{}: the broker has closed the connection", step);
  }

  /// Sends, and waits for this method; its payload.
  net::Task<Result<std::string>> ask(std::string bytes, std::uint32_t wanted, std::string step) {
    if (auto written = co_await connection_->write(bytes, {}); !written) co_return cut(step);
    for (;;) {
      auto frame = read_amqp_frame(buffer_.view());
      if (!frame && frame.error().code != Errc::kUnavailable) co_return fail(std::move(frame).error().wrap(step));
      if (!frame) {
        auto read = co_await connection_->read_some(buffer_.prepare(4096), 4096);
        if (!read || *read == 0) co_return cut(step);
        buffer_.commit(*read);
        continue;
      }
      const std::string payload(frame->payload);
      TOCSIN_CO_TRY(const std::uint32_t method, amqp_method(*frame));
      buffer_.consume(frame->size);
      if (method == wanted) co_return payload;
      if (method == kClose) {
        TOCSIN_CO_TRY(const std::string reason, read_amqp_close(payload));
        co_return fail(Errc::kUnavailable, "{}: {}", step, reason);
      }
      co_return fail(Errc::kCorrupt, "{}: the broker answers with method {}.{}", step, method >> 16U, method & 0xFFFFU);
    }
  }

  const AmqpServer server_;
  const MonoTime deadline_;
  net::Connector connector_;
  std::unique_ptr<net::Connection> connection_;
  net::ReadBuffer buffer_;
  net::Watchdog watchdog_;
};

}  // namespace

net::Task<Result<void>> amqp_ping(net::TaskLoop& loop, std::shared_ptr<net::Resolver> resolver, Executor& lane,
                                  AmqpServer server, MonoTime deadline) {
  Session session(loop, std::move(resolver), lane, std::move(server), deadline);
  co_return co_await session.run();
}

}  // namespace tocsin::exporters::rabbitmq
