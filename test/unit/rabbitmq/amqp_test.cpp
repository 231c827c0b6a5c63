#include "exporters/rabbitmq/amqp.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::rabbitmq {
namespace {

using namespace std::string_literals;

/// connection.start of version 0-9 with no properties, PLAIN and AMQPLAIN, en_US.
const std::string kStart =
    "\1\0\0\0\0\0\x25"
    "\0\12\0\12"
    "\0\11"
    "\0\0\0\0"
    "\0\0\0\xEPLAIN AMQPLAIN"
    "\0\0\0\5en_US"
    "\xCE"s;

}  // namespace

TEST_CASE("a frame is read when all of it is there", "[rabbitmq]") {
  for (std::size_t length = 0; length < kStart.size(); ++length) {
    const auto frame = read_amqp_frame(std::string_view(kStart).substr(0, length));
    REQUIRE_FALSE(frame);
    CHECK(frame.error().code == Errc::kUnavailable);
  }
  const std::string longer = kStart + "more";
  const auto frame = read_amqp_frame(longer);
  REQUIRE(frame);
  CHECK(frame->type == 1);
  CHECK(frame->channel == 0);
  CHECK(frame->size == kStart.size());
  CHECK(*amqp_method(*frame) == 0x000A000A);
  CHECK(read_amqp_start(frame->payload)->plain);
}

TEST_CASE("what is no frame is told from one that has not come yet", "[rabbitmq]") {
  const auto error = [](std::string_view text) { return read_amqp_frame(text).error(); };
  CHECK(error("HTTP/1.1 400 Bad Request\r\n").code == Errc::kCorrupt);
  CHECK(error("AMQP\0\0\11\1"s).message == "the broker speaks another version of AMQP");
  CHECK(error("\1\0\0\xff\0\0\0"s).code == Errc::kCorrupt);
  std::string wrong_end = kStart;
  wrong_end.back() = '\0';
  CHECK(error(wrong_end).code == Errc::kCorrupt);
}

TEST_CASE("a greeting that is cut short, and one without PLAIN", "[rabbitmq]") {
  const auto frame = read_amqp_frame(kStart);
  REQUIRE(frame);
  const std::size_t needed = 4 + 2 + 4 + 4 + 14;
  for (std::size_t length = 0; length < needed; ++length) {
    CHECK_FALSE(read_amqp_start(frame->payload.substr(0, length)));
  }
  std::string other(frame->payload);
  other.replace(other.find("PLAIN "), 6, "GUESS ");
  CHECK_FALSE(read_amqp_start(other)->plain);
  CHECK_FALSE(amqp_method(AmqpFrame{.payload = "\0\12\0"}));
}

TEST_CASE("a refusal is told in the broker's words", "[rabbitmq]") {
  const std::string payload = "\0\12\0\x32\2\x12\13NOT_ALLOWED\0\12\0\x28"s;
  CHECK(*read_amqp_close(payload) == "NOT_ALLOWED (530)");
  CHECK_FALSE(read_amqp_close(payload.substr(0, 10)));
}

TEST_CASE("what is sent is whole frames", "[rabbitmq]") {
  const auto method = [](const std::string& bytes) {
    const auto frame = read_amqp_frame(bytes);
    REQUIRE(frame);
    CHECK(frame->size == bytes.size());
    return *amqp_method(*frame);
  };
  CHECK(method(amqp_start_ok("user", "secret")) == 0x000A000B);
  CHECK(amqp_start_ok("user", "secret").find("\0\0\0\x0c\0user\0secret"s) != std::string::npos);
  CHECK(method(amqp_open("/")) == 0x000A0028);
  CHECK(method(amqp_open(std::string(1000, 'v'))) == 0x000A0028);
  CHECK(method(amqp_close()) == 0x000A0032);
  CHECK(method(*amqp_tune_ok("\0\12\0\x1e\0\1\0\0\0\2\0\3"s)) == 0x000A001F);
  CHECK_FALSE(amqp_tune_ok("\0\12\0\x1e\0\1"s));
}

}  // namespace tocsin::exporters::rabbitmq
