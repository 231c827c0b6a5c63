#include "net/dns_client.hpp"

#include <catch2/catch.hpp>

#include "support/dns_imposter.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using net::DnsRecord;
using net::DnsType;
namespace dns = tocsin::test::dns;

namespace {

struct Fixture {
  test::DnsImposter server;
  test::TestLoop loop;
  std::unique_ptr<net::DnsClient> client = net::make_dns_client(loop);

  Result<net::DnsAnswer> ask(const std::string& name, DnsType type) {
    return loop.pump(client->ask(server.address(), name, type, loop.clock().mono() + 2s));
  }
};

}  // namespace

TEST_CASE("records of each type are read in the order of the answer") {
  struct Case {
    DnsType type;
    std::uint16_t code;
    std::vector<dns::Record> records;
    std::vector<DnsRecord> read;
  };
  const std::vector<Case> cases = {
      {DnsType::kA, dns::kA, {dns::a("10.0.0.2"), dns::a("10.0.0.1")}, {{"10.0.0.2", "", 0}, {"10.0.0.1", "", 0}}},
      {DnsType::kAaaa, dns::kAaaa, {dns::aaaa("2001:db8::1")}, {{"2001:db8::1", "", 0}}},
      {DnsType::kSrv,
       dns::kSrv,
       {dns::srv(10, 0, 9100, "b.example"), dns::srv(0, 5, 9101, "a.example")},
       {{"", "b.example.", 9100}, {"", "a.example.", 9101}}},
      {DnsType::kMx, dns::kMx, {dns::mx(10, "mail.example")}, {{"", "mail.example.", 0}}},
      {DnsType::kNs,
       dns::kNs,
       {dns::ns("ns2.example"), dns::ns("ns1.example")},
       {{"", "ns2.example.", 0}, {"", "ns1.example.", 0}}},
  };
  Fixture f;
  for (const Case& c : cases) {
    f.server.when("x.example", c.code, {.records = c.records});
    const auto answer = f.ask("x.example.", c.type);
    REQUIRE(answer);
    CHECK(answer->exists);
    CHECK(answer->records == c.read);
  }
  const auto questions = f.server.questions();
  REQUIRE(questions.size() == cases.size());
  CHECK(questions[0].udp_size == 4096);
  CHECK(questions[0].name == "x.example");
}

TEST_CASE("aliases on the way to an address are passed over") {
  Fixture f;
  f.server.when("x.example", dns::kA, {.records = {dns::cname("x.example"), dns::a("10.0.0.1")}});
  const auto answer = f.ask("x.example", DnsType::kA);
  REQUIRE(answer);
  CHECK(answer->records == std::vector<DnsRecord>{{"10.0.0.1", "", 0}});
}

TEST_CASE("a name without such records exists; one without any does not") {
  Fixture f;
  f.server.when("x.example", dns::kA, {});
  f.server.when("txt.example", dns::kSrv, {.records = {dns::txt("not asked for")}});
  const auto empty = f.ask("x.example", DnsType::kA);
  REQUIRE(empty);
  CHECK(empty->exists);
  CHECK(empty->records.empty());
  const auto other = f.ask("txt.example", DnsType::kSrv);
  REQUIRE(other);
  CHECK(other->records.empty());
  const auto none = f.ask("nowhere.example", DnsType::kA);
  REQUIRE(none);
  CHECK(!none->exists);
}

TEST_CASE("an answer that was cut off is asked for by TCP") {
  Fixture f;
  std::vector<dns::Record> records;
  std::vector<DnsRecord> expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "node" + std::to_string(i) + ".example";
    records.push_back(dns::srv(0, 0, 9100, name));
    expected.push_back({"", name + ".", 9100});
  }
  f.server.when("many.example", dns::kSrv, {.records = records});
  const auto answer = f.ask("many.example", DnsType::kSrv);
  REQUIRE(answer);
  CHECK(answer->records == expected);
  const auto questions = f.server.questions();
  REQUIRE(questions.size() == 2);
  CHECK(!questions[0].by_tcp);
  CHECK(questions[1].by_tcp);
}

TEST_CASE("what is no answer is an error") {
  struct Case {
    test::DnsImposter::Reply reply;
    const char* what;
  };
  const std::vector<Case> cases = {
      {{.rcode = dns::kServFail}, "SERVFAIL"},
      {{.rcode = dns::kRefused}, "REFUSED"},
      {{.rcode = 4}, "NOTIMP"},
      {{.records = {{dns::kSrv, std::string("\0\0\0\0\0\1", 6)}}}, "a record without its name"},
      {{.records = {{dns::kSrv, std::string("\0\0\0\0\0\1\xc0\xff", 8)}}}, "a pointer out of the message"},
      {{.records = {{dns::kSrv, std::string("\0\0\0\0\0\1\x3fshort", 12)}}}, "a label longer than the message"},
      {{.records = std::vector<dns::Record>(2000, dns::srv(0, 0, 1, "n.example")), .refuse_tcp = true}, "no TCP"},
  };
  Fixture f;
  for (const Case& c : cases) {
    INFO(c.what);
    f.server.when("x.example", dns::kSrv, c.reply);
    const auto answer = f.ask("x.example", DnsType::kSrv);
    REQUIRE(!answer);
    CHECK(answer.error().code == Errc::kIo);
  }
}

TEST_CASE("an address record of the wrong length is an error or no record, never an address") {
  Fixture f;
  f.server.when("x.example", dns::kA, {.records = {{dns::kA, "abc"}}});
  const auto answer = f.ask("x.example", DnsType::kA);
  if (answer) CHECK(answer->records.empty());
}

TEST_CASE("who does not answer, or answers something else, is given up at the deadline") {
  Fixture f;
  SECTION("silence") {
    f.server.when("x.example", dns::kA, {.silent = true});
  }
  SECTION("garbage") {
    f.server.when("x.example", dns::kA, {.raw = "garbage"});
  }
  const auto asked = f.loop.start(f.client->ask(f.server.address(), "x.example", DnsType::kA, 2s));
  f.loop.pump_until([&f] { return !f.server.questions().empty(); });
  f.loop.run_ready();
  CHECK(!asked.done());
  f.loop.advance(2s);
  REQUIRE(asked.done());
  auto done = asked;
  const auto answer = done.get();
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::kTimeout);
}

TEST_CASE("nobody there is an error at once") {
  std::string address;
  {
    const test::DnsImposter gone;
    address = gone.address();
  }
  test::TestLoop loop;
  const auto client = net::make_dns_client(loop);
  const auto answer = loop.pump(client->ask(address, "x.example", DnsType::kA, 2s));
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::kIo);
}

TEST_CASE("names and servers that are none are refused without asking") {
  Fixture f;
  const auto name = f.ask(std::string(70, 'x') + ".example", DnsType::kA);
  REQUIRE(!name);
  CHECK(name.error().code == Errc::kInvalid);
  CHECK(!f.loop.pump(f.client->ask("nonsense", "x.example", DnsType::kA, 2s)));
  CHECK(f.server.questions().empty());
}

TEST_CASE("many questions at once do not disturb each other") {
  Fixture f;
  std::vector<test::Started<Result<net::DnsAnswer>>> asked;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    f.server.when(name, dns::kA, {.records = {dns::a("10.0.0." + std::to_string(i))}});
    asked.push_back(f.loop.start(f.client->ask(f.server.address(), name, DnsType::kA, 2s)));
  }
  for (int i = 0; i < 100; ++i) {
    auto& one = asked[static_cast<std::size_t>(i)];
    f.loop.pump_until([&one] { return one.done(); });
    const auto answer = one.get();
    REQUIRE(answer);
    CHECK(answer->records == std::vector<DnsRecord>{{"10.0.0." + std::to_string(i), "", 0}});
  }
}

TEST_CASE("the client may go, and so may the loop, while a question is under way") {
  test::DnsImposter server;
  server.when("x.example", dns::kA, {.silent = true});
  test::TestLoop loop;
  auto client = net::make_dns_client(loop);
  const auto asked = loop.start(client->ask(server.address(), "x.example", DnsType::kA, 2s));
  loop.pump_until([&server] { return !server.questions().empty(); });
  client = nullptr;
  CHECK(!asked.done());
}
