#include "exporters/redis/replies.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::redis {
namespace {

/// The values as JSON-like text.
std::string shown(const Reply& reply) {
  switch (reply.kind()) {
    case Reply::Kind::kNil:
      return "nil";
    case Reply::Kind::kText:
      return fmt::format("'{}'", reply.text());
    case Reply::Kind::kError:
      return fmt::format("error '{}'", reply.text());
    case Reply::Kind::kInteger:
      return fmt::format("{}", *reply.integer());
    case Reply::Kind::kArray:
      break;
  }
  std::string out = "[";
  reply.each([&](const Reply& element) { out += (out.size() > 1 ? "," : "") + shown(element); });
  return out + "]";
}

std::string read(std::string_view bytes, std::size_t wanted, std::size_t piece) {
  Replies replies(wanted);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const auto fed = replies.feed(bytes.substr(at, piece));
    if (!fed) return fed.error().message;
  }
  if (!replies.done()) return "not done";
  std::string out;
  for (std::size_t i = 0; i < wanted; ++i) out += shown(replies.at(i)) + " ";
  return out;
}

}  // namespace

TEST_CASE("answers are the same however their bytes come in", "[redis]") {
  struct Case {
    std::string_view bytes;
    std::size_t wanted;
    std::string_view values;
  };
  const Case cases[] = {
      {"+OK\r\n:-12\r\n$5\r\na\r\nb!\r\n", 3, "'OK' -12 'a\r\nb!' "},
      {"-NOAUTH Authentication required.\r\n", 1, "error 'NOAUTH Authentication required.' "},
      {"$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n", 4, "nil nil '' [] "},
      {"*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$1\r\nz\r\n", 1, "[1,['a',[]],'z'] "},
      {"*2\r\n*1\r\n*1\r\n:7\r\n*1\r\n:8\r\n+end\r\n", 2, "[[[7]],[8]] 'end' "},
  };
  for (const Case& one : cases) {
    CHECK(read(one.bytes, one.wanted, one.bytes.size()) == one.values);
    CHECK(read(one.bytes, one.wanted, 1) == one.values);
    CHECK(read(one.bytes, one.wanted, 3) == one.values);
    CHECK(read(one.bytes.substr(0, one.bytes.size() - 1), one.wanted, 1000) == "not done");
  }
}

TEST_CASE("what is no answer of Redis is refused with what it begins with", "[redis]") {
  CHECK(read("HTTP/1.1 400 Bad Request\r\n", 1, 1000) == "not RESP: \"HTTP/1.1 400 Bad Request\\r\"");
  CHECK(read("+OK\n", 1, 1000) == "not RESP: \"+OK\"");
  CHECK(read(":1x\r\n", 1, 1000) == "not RESP: \":1x\\r\"");
  CHECK(read("$-7\r\n", 1, 1000) == "not RESP: \"$-7\\r\"");
  CHECK(read("$2\r\nabc\r\n", 1, 1000) == "not RESP: a text of 2 bytes does not end there");
  CHECK(read("+OK\r\n+OK\r\n", 1, 1000) == "the server sent more than it was asked for");
  CHECK(read("+" + std::string(70'000, 'x'), 1, 1000) == "a line of RESP does not end");
}

TEST_CASE("answers are bounded by bytes, values and depth before memory is taken", "[redis]") {
  const auto fed = [](std::string_view bytes) {
    Replies replies(1, {.bytes = 100, .values = 5, .depth = 3});
    const auto result = replies.feed(bytes);
    return result ? std::string("good") : result.error().message;
  };
  CHECK(fed("$1000000000\r\n") == "the answers have more than 100 bytes");
  CHECK(fed(std::string(101, '+')) == "the answers have more than 100 bytes");
  CHECK(fed("*1000000000\r\n") == "the answers have more than 5 values");
  CHECK(fed("*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n") == "the answers have more than 5 values");
  CHECK(fed("*1\r\n*1\r\n*1\r\n*1\r\n") == "arrays lie deeper than 3");
}

TEST_CASE("maps and elements are found in an array", "[redis]") {
  Replies replies(1);
  REQUIRE(replies.feed("*6\r\n+name\r\n+orders\r\n+sub\r\n*1\r\n:3\r\n$3\r\nlag\r\n$2\r\n17\r\n"));
  const Reply map = replies.at(0);
  CHECK(map.text_of("name") == "orders");
  CHECK(map.find("lag")->integer() == 17);
  CHECK(map.find("sub")->at(0)->integer() == 3);
  CHECK_FALSE(map.find("sub")->at(1));
  CHECK_FALSE(map.find("orders"));
  CHECK(map.text_of("none").empty());
  CHECK(map.at(4)->text() == "lag");
}

}  // namespace tocsin::exporters::redis
