#pragma once
// The handshake of AMQP 0-9-1, as far as an open connection, and its end: whether a broker lets a client in.
// Source: AMQP 0-9-1 specification, sections 2.2.4, 4.2 and 1.4 (class connection).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"

namespace tocsin::exporters::rabbitmq {

struct AmqpServer {
  std::string host;
  std::uint16_t port = 5672;
  std::string vhost = "/";
  std::string username = "guest";
  Secret password;
  std::shared_ptr<const net::TlsOptions> tls;  // nullptr: none
};

/// What a broker says in the first method it sends.
struct AmqpGreeting {
  bool plain = false;  // it takes the mechanism PLAIN
};

/// One frame at the head of a text. Numbers are big-endian.
struct AmqpFrame {
  std::uint8_t type = 0;  // 1: a method
  std::uint16_t channel = 0;
  std::string_view payload;
  std::size_t size = 0;  // of the whole frame
};

inline constexpr std::size_t kMaxAmqpFrame = 128U << 10U;

/// kUnavailable if the text ends before the frame does; kCorrupt if it is none: another protocol, a wrong end, too
/// long.
Result<AmqpFrame> read_amqp_frame(std::string_view text);
/// Class and method: 0x000A000A is connection.start. kCorrupt if the payload is too short.
Result<std::uint32_t> amqp_method(const AmqpFrame& frame);
/// Of connection.start. kCorrupt.
Result<AmqpGreeting> read_amqp_start(std::string_view payload);
/// Of connection.close: "NOT_ALLOWED - vhost x not found (530)". kCorrupt.
Result<std::string> read_amqp_close(std::string_view payload);
/// Whole frames of ours.
std::string amqp_start_ok(std::string_view username, std::string_view password);
/// @param tune  the payload of connection.tune, whose values we take. kCorrupt.
Result<std::string> amqp_tune_ok(std::string_view tune);
std::string amqp_open(std::string_view vhost);
std::string amqp_close();

/// Opens a connection and closes it again. Thread: the loop's. Errors name the step: "dial tcp ...", "authentication
/// was refused", "connection.open: NOT_ALLOWED - vhost x not found (530)"; kTimeout at the deadline.
net::Task<Result<void>> amqp_ping(net::TaskLoop& loop, std::shared_ptr<net::Resolver> resolver, Executor& lane,
                                  AmqpServer server, MonoTime deadline);

}  // namespace tocsin::exporters::rabbitmq
