#include <map>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "discovery/discoverer.hpp"
#include "support/dns_imposter.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using net::DnsAnswer;
using net::DnsRecord;
using Groups = std::vector<TargetGroup>;

namespace {

/// Answers by script; questions without a script are never answered.
class FakeDns final : public net::DnsClient {
 public:
  struct Asked {
    std::string server, name;
    Duration patience{0};
  };
  explicit FakeDns(test::TestLoop& loop) : loop_(loop) {}
  std::map<std::pair<std::string, std::string>, Result<DnsAnswer>> answers;  // by server and name
  std::vector<Asked> asked;
  std::size_t most_at_once = 0;

  net::Task<Result<DnsAnswer>> ask(std::string server, std::string name, net::DnsType, MonoTime deadline) override {
    asked.push_back({server, name, deadline - loop_.clock().mono()});
    most_at_once = std::max(most_at_once, ++at_once_);
    const auto found = answers.find({server, name});
    Result<DnsAnswer> answer = fail(Errc::kTimeout, "context deadline exceeded");
    if (found != answers.end()) {
      answer = found->second;
      co_await net::sleep_for(loop_, 10ms);
    } else {
      co_await net::sleep_until(loop_, deadline);
    }
    --at_once_;
    co_return answer;
  }

 private:
  test::TestLoop& loop_;
  std::size_t at_once_ = 0;
};

constexpr const char* kFirst = "10.0.0.53:53";
constexpr const char* kSecond = "[2001:db8::53]:53";

struct Fixture {
  test::LogCapture log;
  test::TestLoop loop;
  MemFs fs{loop.clock()};
  test::FakeHttpClient client{loop};
  std::shared_ptr<FakeDns> dns = std::make_shared<FakeDns>(loop);
  discovery::Services services{loop, loop.work(), client, fs, "job"};
  config::DnsSdConfig config;
  std::vector<Groups> heard;
  std::unique_ptr<discovery::Discoverer> discoverer;

  Fixture() {
    REQUIRE(fs.create_directories("/etc"));
    REQUIRE(fs.write_file_atomic("/etc/resolv.conf", "nameserver 10.0.0.53\n"));
    services.dns = dns;
  }
  void start() {
    discoverer = discovery::make_dns_discoverer(config, services);
    discoverer->start([this](Groups groups) { heard.push_back(std::move(groups)); });
    loop.advance(5s);
  }
  void answer(const char* server, const std::string& name, Result<DnsAnswer> result) {
    dns->answers.insert_or_assign({server, name}, std::move(result));
  }
};

DnsAnswer records(std::vector<DnsRecord> list) {
  return {true, std::move(list)};
}
const DnsAnswer kNoName{false, {}};
const Result<DnsAnswer> kServFail = fail(Errc::kIo, "DNS server returned general failure");

}  // namespace

TEST_CASE("records become targets with the labels of their type") {
  struct Case {
    const char* type;
    std::vector<DnsRecord> records;
    std::vector<model::Labels> targets;
  };
  const std::vector<Case> cases = {
      {"SRV",
       {{"", "a.example.", 9100}, {"", "b.example.", 9101}},
       {{{"__address__", "a.example:9100"},
         {"__meta_dns_name", "x.example."},
         {"__meta_dns_srv_record_port", "9100"},
         {"__meta_dns_srv_record_target", "a.example."}},
        {{"__address__", "b.example:9101"},
         {"__meta_dns_name", "x.example."},
         {"__meta_dns_srv_record_port", "9101"},
         {"__meta_dns_srv_record_target", "b.example."}}}},
      {"A", {{"10.0.0.1", "", 0}}, {{{"__address__", "10.0.0.1:80"}, {"__meta_dns_name", "x.example."}}}},
      {"AAAA", {{"2001:db8::1", "", 0}}, {{{"__address__", "[2001:db8::1]:80"}, {"__meta_dns_name", "x.example."}}}},
      {"MX",
       {{"", "mail.example.", 0}},
       {{{"__address__", "mail.example:80"},
         {"__meta_dns_mx_record_target", "mail.example."},
         {"__meta_dns_name", "x.example."}}}},
      {"NS",
       {{"", "ns.example.", 0}},
       {{{"__address__", "ns.example:80"},
         {"__meta_dns_name", "x.example."},
         {"__meta_dns_ns_record_target", "ns.example."}}}},
  };
  for (const Case& c : cases) {
    INFO(c.type);
    Fixture f;
    f.config = {.names = {"x.example."}, .type = c.type, .port = 80};
    f.answer(kFirst, "x.example.", records(c.records));
    f.start();
    REQUIRE(f.heard.size() == 1);
    CHECK(f.heard[0] == Groups{{"x.example.", c.targets, {}}});
    CHECK(f.dns->asked[0].patience == Duration(2s));
  }
}

TEST_CASE("the search path is tried in order until a name exists") {
  Fixture f;
  REQUIRE(f.fs.write_file_atomic("/etc/resolv.conf", "nameserver 10.0.0.53\nsearch one.example two.example\n"));
  f.config = {.names = {"db"}, .type = "A", .port = 80};
  f.answer(kFirst, "db.one.example.", kNoName);
  f.answer(kFirst, "db.two.example.", records({{"10.0.0.1", "", 0}}));
  f.start();
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0] == Groups{{"db", {{{"__address__", "10.0.0.1:80"}, {"__meta_dns_name", "db"}}}, {}}});
  CHECK(f.dns->asked.size() == 2);
}

TEST_CASE("the second server is asked when the first has no viable answer") {
  Fixture f;
  REQUIRE(f.fs.write_file_atomic("/etc/resolv.conf", "nameserver 10.0.0.53\nnameserver 2001:db8::53\n"));
  f.config = {.names = {"x.example."}, .type = "A", .port = 80};
  SECTION("it fails") {
    f.answer(kFirst, "x.example.", kServFail);
  }
  SECTION("it is silent") {}
  f.answer(kSecond, "x.example.", records({{"10.0.0.1", "", 0}}));
  f.start();
  CHECK(f.heard.size() == 1);
  CHECK(f.log.lines().empty());
}

TEST_CASE("a name that does not exist has no targets; a name that nobody answers for keeps its own") {
  Fixture f;
  f.config = {.names = {"a.example.", "b.example."}, .type = "A", .port = 80};
  f.answer(kFirst, "a.example.", records({{"10.0.0.1", "", 0}}));
  f.answer(kFirst, "b.example.", records({{"10.0.0.2", "", 0}}));
  f.start();
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0].size() == 2);
  f.answer(kFirst, "a.example.", kNoName);
  f.answer(kFirst, "b.example.", kServFail);
  f.loop.advance(60s);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{{"a.example.", {}, {}}});
  CHECK(f.services.stats->dns_lookups == 6);
  CHECK(f.services.stats->dns_lookup_failures == 2);
  CHECK(f.log.lines().size() == 1);
  CHECK(f.log.contains("could not resolve \\\"b.example.\\\": all servers responded with errors"));
  f.answer(kFirst, "b.example.", records({{"10.0.0.3", "", 0}}));
  f.loop.advance(30s);
  CHECK(f.heard.size() == 3);
}

TEST_CASE("an error in the search path keeps a missing name from being called missing") {
  Fixture f;
  REQUIRE(f.fs.write_file_atomic("/etc/resolv.conf", "nameserver 10.0.0.53\nsearch one.example\n"));
  f.config = {.names = {"db"}, .type = "A", .port = 80};
  f.answer(kFirst, "db.one.example.", kServFail);
  f.answer(kFirst, "db.", kNoName);
  f.start();
  CHECK(f.heard.empty());
  CHECK(f.services.stats->refreshes.at({"dns", "job"}).failures == 1);
}

TEST_CASE("without a resolv.conf, or a server in it, nothing can be resolved") {
  Fixture f;
  f.config = {.names = {"x.example."}, .type = "A", .port = 80};
  SECTION("no file") {
    REQUIRE(f.fs.remove("/etc/resolv.conf"));
    f.start();
    CHECK(f.log.contains("could not load resolv.conf"));
  }
  SECTION("no server") {
    REQUIRE(f.fs.write_file_atomic("/etc/resolv.conf", "search x\n"));
    f.start();
    CHECK(f.log.contains("could not resolve"));
  }
  CHECK(f.heard.empty());
  REQUIRE(f.fs.write_file_atomic("/etc/resolv.conf", "nameserver 10.0.0.53\n"));
  f.answer(kFirst, "x.example.", records({{"10.0.0.1", "", 0}}));
  f.loop.advance(30s);
  CHECK(f.heard.size() == 1);
}

TEST_CASE("many names are asked for side by side, but not all at once, and within the interval") {
  Fixture f;
  for (int i = 0; i < 200; ++i) f.config.names.push_back("n" + std::to_string(i) + ".example.");
  f.start();
  f.loop.advance(26s);
  CHECK(f.dns->most_at_once == 32);
  CHECK(f.services.stats->dns_lookup_failures == 200);
}

TEST_CASE("a DNS discoverer may go while it is asking") {
  Fixture f;
  f.config.names = {"x.example."};
  f.discoverer = discovery::make_dns_discoverer(f.config, f.services);
  f.discoverer->start([&f](Groups groups) { f.heard.push_back(std::move(groups)); });
  f.loop.run_ready();
  REQUIRE(f.dns->asked.size() == 1);
  f.discoverer = nullptr;
  f.loop.advance(100s);
  CHECK(f.heard.empty());
  CHECK(f.dns->asked.size() == 1);
}

TEST_CASE("with a real server behind it, records that do not fit a packet become targets") {
  /// Sends what is meant for port 53 to the imposter.
  class Redirect final : public net::DnsClient {
   public:
    Redirect(net::TaskLoop& loop, std::string to) : client_(net::make_dns_client(loop)), to_(std::move(to)) {}
    net::Task<Result<DnsAnswer>> ask(std::string, std::string name, net::DnsType type, MonoTime deadline) override {
      return client_->ask(to_, std::move(name), type, deadline);
    }

   private:
    std::unique_ptr<net::DnsClient> client_;
    std::string to_;
  };
  test::DnsImposter server;
  std::vector<test::dns::Record> all;
  for (int i = 0; i < 500; ++i) all.push_back(test::dns::srv(0, 0, 9100, "node" + std::to_string(i) + ".example"));
  server.when("_node._tcp.example", test::dns::kSrv, {.records = all});
  Fixture f;
  f.services.dns = std::make_shared<Redirect>(f.loop, server.address());
  f.config.names = {"_node._tcp.example"};
  f.discoverer = discovery::make_dns_discoverer(f.config, f.services);
  f.discoverer->start([&f](Groups groups) { f.heard.push_back(std::move(groups)); });
  f.loop.pump_until([&f] { return !f.heard.empty(); });
  REQUIRE(f.heard[0].size() == 1);
  CHECK(f.heard[0][0].targets.size() == 500);
  CHECK(f.heard[0][0].targets[499].get("__address__") == "node499.example:9100");
}
