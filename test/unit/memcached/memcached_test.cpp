#include "exporters/memcached/memcached.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "exporters/memcached/stats.hpp"
#include "exporters/memcached/target.hpp"
#include "net/runtime.hpp"
#include "support/talk_imposter.hpp"
#include "support/test_loop.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::exporters::memcached {
namespace {

using Answers = std::map<std::string, std::string>;

Answers answers() {
  return {
      {"stats",
       "STAT uptime 57\r\nSTAT version 1.6.18\r\nSTAT rusage_user 1.250000\r\nSTAT get_hits 7\r\nSTAT get_misses 3\r\n"
       "STAT cmd_set 9\r\nSTAT cas_misses 1\r\nSTAT cas_hits 2\r\nSTAT cas_badval 1\r\nSTAT cmd_flush 4\r\n"
       "STAT curr_connections 2\r\nSTAT bytes 100\r\nSTAT round_robin_fallback 0\r\nEND\r\n"},
      {"stats settings",
       "STAT maxconns 1024\r\nSTAT lru_crawler yes\r\nSTAT hot_lru_pct 20\r\n"
       "STAT lru_maintainer_thread no\r\nSTAT inter NULL\r\nEND\r\n"},
      {"stats slabs",
       "STAT 1:chunk_size 96\r\nSTAT 1:cmd_set 5\r\nSTAT 1:cas_hits 1\r\nSTAT 1:cas_badval 1\r\n"
       "STAT 1:get_hits 6\r\nSTAT active_slabs 1\r\nSTAT total_malloced 1048576\r\nEND\r\n"},
      {"stats items",
       "STAT items:1:number 2\r\nSTAT items:1:evicted 3\r\nSTAT items:1:hits_to_warm 5\r\n"
       "STAT items:10:number 4\r\nEND\r\n"}};
}

/// Answers each line by the table; "hang" and "close" are what they say.
struct FakeMemcached {
  explicit FakeMemcached(Answers with) : table(std::move(with)) {}
  Answers table;
  test::TalkImposter imposter{[this](std::string& received) {
    test::TalkImposter::Reaction reaction;
    for (std::size_t end = 0; (end = received.find("\r\n")) != std::string::npos;) {
      const std::string line = received.substr(0, end);
      received.erase(0, end + 2);
      const auto found = table.find(line);
      const std::string reply = found == table.end() ? "ERROR\r\n" : found->second;
      if (reply == "hang") break;
      if (reply == "close") {
        reaction.close = true;
        break;
      }
      reaction.send += reply;
    }
    return reaction;
  }};
  std::string address() const { return fmt::format("127.0.0.1:{}", imposter.port()); }
};

struct Asker {
  MemFs fs;
  test::TestLoop loop;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(loop, {});
  Services services{.loop = loop,
                    .work = loop.work(),
                    .http = *http,
                    .resolver = net::make_system_resolver(loop),
                    .fs = fs,
                    .anchor = std::make_shared<LoopAnchor>(loop)};
  std::unique_ptr<Source> source;
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();
  Result<void> result;

  Result<void> configure(const std::string& text) {
    TOCSIN_TRY(const auto section, yaml::parse(text, "agent.yml"));
    TOCSIN_TRY(source, source_info().make(section, services));
    return {};
  }
  net::Task<Result<void>> task(std::shared_ptr<Target> target) {
    return target->collect(page, loop.clock().mono() + std::chrono::seconds(5));
  }
  std::string collect(std::shared_ptr<Target> target = nullptr) {
    page->begin();
    result = loop.pump(task(target ? target : source->targets().at(0).target));
    page->end();
    return page->render();
  }
};

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

}  // namespace

TEST_CASE("memcached's statistics have the names of memcached_exporter", "[memcached]") {
  FakeMemcached server(answers());
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + server.address() + "']"));
  const std::string page = asker.collect();
  CHECK(asker.result);
  for (const char* line : {"memcached_up 1",
                           "memcached_uptime_seconds 57",
                           "memcached_version{version=\"1.6.18\"} 1",
                           "memcached_process_user_cpu_seconds_total 1.25",
                           "memcached_commands_total{command=\"get\",status=\"hit\"} 7",
                           "memcached_commands_total{command=\"get\",status=\"miss\"} 3",
                           "memcached_commands_total{command=\"set\",status=\"hit\"} 5",
                           "memcached_commands_total{command=\"cas\",status=\"badval\"} 1",
                           "memcached_commands_total{command=\"flush\",status=\"hit\"} 4",
                           "memcached_current_connections 2",
                           "memcached_current_bytes 100",
                           "memcached_malloced_bytes 1.048576e+06",
                           "memcached_max_connections 1024",
                           "memcached_lru_crawler_enabled 1",
                           "memcached_lru_crawler_hot_percent 20",
                           "memcached_lru_crawler_maintainer_thread 0",
                           "memcached_slab_chunk_size_bytes{slab=\"1\"} 96",
                           "memcached_slab_commands_total{command=\"set\",slab=\"1\",status=\"hit\"} 3",
                           "memcached_slab_commands_total{command=\"get\",slab=\"1\",status=\"hit\"} 6",
                           "memcached_slab_current_items{slab=\"1\"} 2",
                           "memcached_slab_current_items{slab=\"10\"} 4",
                           "memcached_slab_items_evicted_total{slab=\"1\"} 3",
                           "memcached_slab_lru_hits_total{lru=\"warm\",slab=\"1\"} 5",
                           "# TYPE memcached_uptime_seconds counter"}) {
    CHECK(has_line(page, line));
  }
  CHECK_FALSE(page.contains("round_robin"));  // of proxies alone
  asker.collect();
  CHECK(server.imposter.connections() == 1);
  server.imposter.drop_connections();
  server.imposter.wait_until_closed();
  CHECK(has_line(asker.collect(), "memcached_up 1"));
}

TEST_CASE("a memcached that is down, closes, or is none at all has memcached_up 0 and a reason", "[memcached]") {
  const auto reason = [](const std::string& stats) {
    auto with = answers();
    with["stats"] = stats;
    FakeMemcached server(with);
    Asker asker;
    REQUIRE(asker.configure("targets: ['" + server.address() + "']"));
    CHECK(has_line(asker.collect(), "memcached_up 0"));
    REQUIRE_FALSE(asker.result);
    const std::string prefix = "memcached " + server.address() + ": ";
    CHECK(asker.result.error().message.starts_with(prefix));
    return asker.result.error().message.substr(prefix.size());
  };
  CHECK(reason("close") == "EOF");
  CHECK(reason("CLIENT_ERROR unauthenticated\r\n") == "CLIENT_ERROR unauthenticated");
  CHECK(reason("-ERR unknown command\r\n").starts_with("not memcached"));
  CHECK(reason("STAT uptime x\r\nEND\r\n") == "uptime is no number: \"x\"");
  CHECK(reason("STAT " + std::string(5U << 20U, 'x')) == "the answers have more than 4194304 bytes");
  Asker down;
  std::uint16_t port = 0;
  ::close(test::listen_on_loopback(port));
  REQUIRE(down.configure(fmt::format("targets: ['127.0.0.1:{}']", port)));
  CHECK(has_line(down.collect(), "memcached_up 0"));
}

TEST_CASE("a memcached that hangs costs the deadline, and the next round makes a new connection", "[memcached]") {
  auto with = answers();
  with["stats items"] = "hang";
  FakeMemcached server(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + server.address() + "']"));
  asker.page->begin();
  auto asked = asker.loop.start(asker.task(asker.source->targets()[0].target));
  asker.loop.pump_until([&] { return server.imposter.connections() == 1; });
  asker.loop.advance(std::chrono::seconds(6));
  asker.loop.pump_until([&] { return asked.done(); });
  asker.page->end();
  const auto result = asked.get();
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "memcached " + server.address() + ": context deadline exceeded");
}

TEST_CASE("an old memcached that knows not all of the questions is asked all the same", "[memcached]") {
  auto with = answers();
  with.erase("stats settings");
  FakeMemcached server(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + server.address() + "']"));
  const std::string page = asker.collect();
  CHECK(has_line(page, "memcached_up 1"));
  CHECK_FALSE(page.contains("max_connections"));
}

TEST_CASE("users, TLS and probes reach memcached", "[memcached]") {
  auto with = answers();
  with["set auth 0 0 8"] = "";
  with["app s3cr"] = "STORED\r\n";
  with["app bad!"] = "CLIENT_ERROR authentication failure\r\n";
  FakeMemcached server(with);
  {
    Asker asker;
    REQUIRE(asker.configure("targets: [{address: '" + server.address() + "', user: app, password: s3cr}]"));
    CHECK(has_line(asker.collect(), "memcached_up 1"));
    REQUIRE(asker.configure("targets: [{address: '" + server.address() + "', user: app, password: bad!}]"));
    CHECK(has_line(asker.collect(), "memcached_up 0"));
    CHECK(asker.result.error().message.ends_with("authentication: CLIENT_ERROR authentication failure"));
  }
  const test::Identity identity("IP:127.0.0.1", 3600);
  test::TlsImposter tls(identity, {.forward_to = server.imposter.port()});
  Asker asker;
  REQUIRE(asker.fs.write_file_atomic("/ca.pem", identity.cert_pem()));
  REQUIRE(asker.configure("tls: {ca_file: /ca.pem}\ntargets: []"));
  CHECK(asker.source->probe_path() == "/scrape");
  CHECK_FALSE(asker.source->probe({"GET", "/scrape"}));
  CHECK_FALSE(asker.source->probe({"GET", "/scrape?target=a:b"}));
  const auto probe = asker.source->probe({"GET", fmt::format("/scrape?target=127.0.0.1:{}", tls.port())});
  REQUIRE(probe);
  CHECK(has_line(asker.collect(*probe), "memcached_up 1"));
}

TEST_CASE("addresses of memcached are hosts, ports and sockets", "[memcached]") {
  const auto shown = [](std::string_view text) {
    const auto address = parse_address(text);
    return address ? address->text() : address.error().message;
  };
  CHECK(shown("cache") == "cache:11211");
  CHECK(shown("cache:1") == "cache:1");
  CHECK(shown("[::1]:2") == "[::1]:2");
  CHECK(shown("/run/memcached.sock") == "/run/memcached.sock");
  CHECK(shown("unix:///run/memcached.sock") == "/run/memcached.sock");
  CHECK(shown("cache:x") == "invalid address \"cache:x\"");
  CHECK(shown("") == "invalid address \"\"");
}

TEST_CASE("an answer is whole with its END, or with the line of an error", "[memcached]") {
  const auto taken = [](std::string_view bytes) { return std::string(take_answer(bytes)) + "|" + std::string(bytes); };
  CHECK(taken("STAT a 1\r\nEND\r\nERROR\r\n") == "STAT a 1\r\nEND\r\n|ERROR\r\n");
  CHECK(taken("ERROR\r\nEND\r\n") == "ERROR\r\n|END\r\n");
  CHECK(taken("END\r\n") == "END\r\n|");
  CHECK(taken("STAT a 1\r\n") == "|STAT a 1\r\n");
  CHECK(taken("") == "|");
  CHECK(parse_stats("STAT a b c\r\nSTAT d\r\nEND\r\n")->at("a") == "b c");
  CHECK_FALSE(parse_stats("STAT a 1\r\n"));
  CHECK_FALSE(parse_stats(""));
}

}  // namespace tocsin::exporters::memcached
