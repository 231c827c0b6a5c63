#include "exporters/mysql/client.hpp"

#include <catch2/catch.hpp>

#include "exporters/mysql/greeting.hpp"
#include "mysql_imposter.hpp"
#include "support/temp_dir.hpp"

namespace tocsin::exporters::mysql {
namespace {

using test::column;
using test::counted;
using test::end_of_rows;
using test::greeting;
using test::MysqlImposter;
using test::ok;
using test::refusal_packet;

ConnectOptions options_for(const MysqlImposter& server) {
  return {.host = "127.0.0.1", .port = server.port(), .user = "u", .password = Secret("hunter2")};
}

MonoTime in(Duration time) {
  return system_clock().mono() + time;
}

constexpr auto kLong = std::chrono::seconds(30);

Result<std::unique_ptr<Connection>> connect_to(const MysqlImposter& server, Duration time = kLong) {
  return connect(options_for(server), system_clock(), in(time));
}

const RowReader kIgnore = [](const Row&) -> Result<void> { return {}; };

}  // namespace

TEST_CASE("rows come as they are sent, NULL told from nothing", "[mysql]") {
  const MysqlImposter server({{greeting()},
                              {ok()},
                              {"\x02", column("name"), column("value"), end_of_rows(), counted("a") + "\xFB",
                               counted("") + counted("it's"), end_of_rows()},
                              {refusal_packet("no such thing")},
                              {ok()}});
  const auto connection = connect_to(server);
  REQUIRE(connection);
  std::string seen;
  REQUIRE((*connection)->query("SELECT", in(kLong), [&](const Row& row) -> Result<void> {
    seen += fmt::format("{}={}/{}={};", row.columns()[0], row.text(0), row.columns()[1],
                        row.cells()[1] ? row.text("VALUE") : "NULL");
    return {};
  }));
  CHECK(seen == "name=a/value=NULL;name=/value=it's;");
  const auto refused = (*connection)->query("WRONG", in(kLong), kIgnore);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kInvalid);
  CHECK(refused.error().message == fmt::format("127.0.0.1:{}: Error 1064 (42000): no such thing", server.port()));
  CHECK((*connection)->refused() == 1064);
  CHECK((*connection)->usable());
  CHECK((*connection)->query("SET x", in(kLong), kIgnore));
  CHECK((*connection)->refused() == 0);
  CHECK(server.received().find("hunter2") == std::string::npos);
}

TEST_CASE("a server that says nothing costs the time that was given, at the greeting, the login and the answer",
          "[mysql]") {
  for (const std::size_t steps : {0U, 1U}) {
    INFO(steps);
    std::vector<MysqlImposter::Step> said = {{greeting()}};
    said.resize(steps);
    const MysqlImposter server(std::move(said));
    const auto late = connect_to(server, std::chrono::milliseconds(50));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == Errc::kTimeout);
    CHECK(late.error().message == fmt::format("127.0.0.1:{}: no answer by the deadline", server.port()));
  }
  const MysqlImposter server({{greeting()}, {ok()}, {"\x01", column("a"), end_of_rows(), counted("1")}});
  const auto connection = connect_to(server);
  REQUIRE(connection);
  int rows = 0;
  const auto late = (*connection)->query("SELECT", in(std::chrono::milliseconds(50)), [&](const Row&) -> Result<void> {
    ++rows;
    return {};
  });
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::kTimeout);
  CHECK(rows == 1);
  CHECK_FALSE((*connection)->usable());
  CHECK((*connection)->query("SELECT", in(kLong), kIgnore).error().code == Errc::kIo);
}

TEST_CASE("bytes that are no protocol are an error", "[mysql]") {
  const MysqlImposter server({{std::string("HTTP/1.1 400 Bad Request")}});
  const auto none = connect_to(server);
  REQUIRE_FALSE(none);
  CHECK(none.error().message.starts_with(fmt::format("127.0.0.1:{}: ", server.port())));
  for (const std::string& answer : {std::string("\xFD\xFF\xFF\xFF"), std::string("\x01"), std::string(300, '\x7F')}) {
    const MysqlImposter confused({{greeting()}, {ok()}, {answer, answer, answer, answer}});
    const auto connection = connect_to(confused);
    REQUIRE(connection);
    CHECK_FALSE((*connection)->query("SELECT", in(std::chrono::milliseconds(200)), kIgnore));
  }
}

TEST_CASE("the first packet is a greeting or an error, or the library does not get it", "[mysql]") {
  const auto packet = [](const std::string& payload) {
    std::string head(4, '\0');
    head[0] = static_cast<char>(payload.size() & 0xFFU);
    head[1] = static_cast<char>(payload.size() >> 8U);
    return head + payload;
  };
  const std::string good = packet(greeting());
  CHECK(check_greeting(good) == Greeting::kGood);
  CHECK(check_greeting(good + "more") == Greeting::kGood);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(check_greeting(std::string_view(good).substr(0, size)) == Greeting::kIncomplete);
  }
  CHECK(check_greeting(packet("\xFF\x10\x04Too many connections")) == Greeting::kGood);
  CHECK(check_greeting(packet("\xFF\xFF\xFFprogress")) == Greeting::kWrong);
  for (std::size_t size = 0; size < greeting().size() - 22; ++size) {  // cut before the name of the plugin
    INFO(size);
    CHECK(check_greeting(packet(greeting().substr(0, size))) == Greeting::kWrong);
  }
  CHECK(check_greeting(packet(std::string(100, '\x0A'))) == Greeting::kWrong);
  CHECK(check_greeting("HTTP/1.1 400") == Greeting::kWrong);
  CHECK(check_greeting(packet(std::string(600, 'x'))) == Greeting::kWrong);
}

TEST_CASE("an answer without an end is cut at the limit", "[mysql]") {
  MysqlImposter::Step answer = {"\x01", column("a"), end_of_rows()};
  answer.resize(answer.size() + 70, counted(std::string(1U << 20U, 'x')));
  const MysqlImposter server({{greeting()}, {ok()}, std::move(answer)});
  const auto connection = connect_to(server);
  REQUIRE(connection);
  const auto cut = (*connection)->query("SELECT", in(kLong), kIgnore);
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == Errc::kLimit);
  CHECK_FALSE((*connection)->usable());
}

TEST_CASE("a server does not get files, dialogs or the password in clear", "[mysql]") {
  const test::TempDir folder;
  const std::string file = folder.write("secret", "contents-of-the-file");
  const MysqlImposter server({{greeting()}, {ok()}, {"\xFB" + file}, {}, {}});
  const auto connection = connect_to(server);
  REQUIRE(connection);
  CHECK_FALSE((*connection)->query("SELECT", in(std::chrono::seconds(2)), kIgnore));
  CHECK(server.received().find("contents-of-the-file") == std::string::npos);
  for (const char* plugin : {"mysql_clear_password", "dialog", "auth_gssapi_client"}) {
    const MysqlImposter asking({{greeting()}, {std::string("\xFE") + plugin + std::string(1, '\0') + "salt"}, {ok()}});
    const auto refused = connect_to(asking, std::chrono::seconds(2));
    CHECK_FALSE(refused);
    CHECK(asking.received().find("hunter2") == std::string::npos);
  }
  const MysqlImposter allowed(
      {{greeting()}, {std::string("\xFE") + "mysql_clear_password" + std::string(1, '\0')}, {ok()}});
  ConnectOptions clear = options_for(allowed);
  clear.cleartext_password = true;
  CHECK(connect(clear, system_clock(), in(kLong)));
  CHECK(allowed.received().find("hunter2") != std::string::npos);
}

TEST_CASE("nobody listens, and a socket that is not there", "[mysql]") {
  std::uint16_t port = 0;
  {
    const MysqlImposter gone({});
    port = gone.port();
  }
  const auto refused = connect({.host = "127.0.0.1", .port = port, .user = "u"}, system_clock(), in(kLong));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kIo);
  CHECK(refused.error().message.starts_with(fmt::format("127.0.0.1:{}: Error 2002 (HY000): ", port)));
  const auto missing = connect({.socket = "/nowhere/s.sock", .user = "u"}, system_clock(), in(kLong));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.starts_with("unix:///nowhere/s.sock: Error 2002 (HY000): "));
}

}  // namespace tocsin::exporters::mysql
