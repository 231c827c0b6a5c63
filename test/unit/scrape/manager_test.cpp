#include <set>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "net/gzip.hpp"
#include "scrape/scrape_manager.hpp"
#include "stored.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using scrape::Health;
using test::FakeHttpClient;
using Lines = std::vector<std::string>;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;
constexpr const char* kType = "text/plain; version=0.0.4";

net::HttpResponse page(std::string text) {
  return {200, kType, std::move(text)};
}

struct Bench {
  explicit Bench(scrape::ScrapeOptions options = {})
      : manager(loop, loop.work(), client, store, with_fs(std::move(options))) {}

  test::LogCapture log;
  test::TestLoop loop{kStart};
  FakeHttpClient client{loop};
  test::MapStore store;
  MemFs fs;
  scrape::ScrapeManager manager;

  void apply(std::vector<config::ScrapeConfig> jobs) {
    auto config = std::make_shared<config::PrometheusConfig>();
    config->scrape_configs = std::move(jobs);
    manager.apply(config);
    loop.run_ready();
  }
  Lines lines(const std::string& regex) { return test::stored(store, kStart, regex); }

 private:
  scrape::ScrapeOptions with_fs(scrape::ScrapeOptions options) {
    options.fs = &fs;
    return options;
  }
};

config::ScrapeConfig job(std::string name, std::vector<std::string> targets, Duration interval = 10s) {
  config::ScrapeConfig out;
  out.job_name = std::move(name);
  out.scrape_interval = interval;
  out.scrape_timeout = interval;
  out.discovery.statics = {{.targets = std::move(targets), .labels = {}}};
  return out;
}

/// Times of the requests, relative to the start.
std::vector<Timestamp> request_times(const FakeHttpClient& client) {
  std::vector<Timestamp> out;
  for (const auto& sent : client.sent()) out.push_back(sent.at - kStart);
  return out;
}

}  // namespace

TEST_CASE("each target is scraped at its slots, and samples carry the slot's time") {
  Bench bench;
  bench.client.when("GET", "http://a:1/metrics", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(30s);
  const auto times = request_times(bench.client);
  REQUIRE(times.size() == 3);
  const Timestamp first = times[0];
  CHECK(first >= 0);
  CHECK(first < 10000);
  CHECK(first % 100 == 0);
  CHECK(times == std::vector<Timestamp>{first, first + 10000, first + 20000});
  CHECK(bench.lines("x") ==
        Lines{fmt::format("x{{instance=\"a:1\", job=\"j\"}} 1@{} 1@{} 1@{}", first, first + 10000, first + 20000)});
  CHECK(bench.client.sent()[0].request.headers.get("X-Prometheus-Scrape-Timeout-Seconds") == "10");
  CHECK(bench.client.sent()[0].options.timeout == 10s);

  const auto status = bench.manager.status();
  REQUIRE(status.active.size() == 1);
  CHECK(status.active[0].health == Health::kUp);
  CHECK(status.active[0].scrape_url == "http://a:1/metrics");
  CHECK(status.active[0].scrape_pool == "j");
  CHECK(status.active[0].scrape_interval == "10s");
  CHECK(status.active[0].last_scrape == kStart + first + 20000);
  CHECK(status.active[0].labels == model::Labels{{"instance", "a:1"}, {"job", "j"}});
  CHECK(bench.manager.pools() == Lines{"j"});
  CHECK(bench.manager.stats().scrapes == 3);
  CHECK(bench.manager.stats().rows_by_position == 2);
  CHECK(bench.loop.failures().empty());
}

TEST_CASE("many targets spread over the interval, in slots that they share") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  std::vector<std::string> targets;
  for (int i = 0; i < 500; ++i) targets.push_back(fmt::format("t{}:1", i));
  bench.apply({job("j", targets)});
  bench.loop.advance(9999ms);
  const auto times = request_times(bench.client);
  CHECK(times.size() == 500);
  const std::set<Timestamp> slots(times.begin(), times.end());
  CHECK(slots.size() <= 100);
  CHECK(slots.size() >= 80);
  CHECK(bench.manager.stats().wake_ups == slots.size());
}

TEST_CASE("the offset depends on the server's seed") {
  const auto first_request = [](std::uint64_t seed) {
    Bench bench({.offset_seed = seed});
    bench.client.when("GET", "*", page(""));
    bench.apply({job("j", {"a:1"}, 1h)});
    bench.loop.advance(1h);
    return request_times(bench.client).at(0);
  };
  CHECK(first_request(1) == first_request(1));
  CHECK(first_request(1) != first_request(2));
}

TEST_CASE("a target that is not scraped yet is unknown") {
  Bench bench;
  bench.apply({job("j", {"a:1"}, 1h)});
  const auto status = bench.manager.status();
  REQUIRE(status.active.size() == 1);
  CHECK(status.active[0].health == Health::kUnknown);
  CHECK_FALSE(status.active[0].scraped);
}

TEST_CASE("every way to fail sets up to 0 and says why") {
  struct Case {
    Result<net::HttpResponse> answer;
    std::string want;
  };
  const Case cases[] = {
      {fail(Errc::kIo, "dial tcp 127.0.0.1:1: connect: connection refused"),
       "Get \"http://a:1/metrics\": dial tcp 127.0.0.1:1: connect: connection refused"},
      {fail(Errc::kLimit, "stopped after 10 redirects"), "Get \"http://a:1/metrics\": stopped after 10 redirects"},
      {net::HttpResponse(500, kType, "x 1\n"), "server returned HTTP status 500 Internal Server Error"},
      {net::HttpResponse(200, "text/html", "x 1\n"),
       "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified for target"},
      {page("x one\n"), "invalid syntax of a number at line 1, column 3: \"x one\""},
  };
  for (const auto& test : cases) {
    INFO(test.want);
    Bench bench;
    bench.client.when_in_turn("GET", "http://a:1/metrics", {page("x 1\n"), test.answer, page("x 3\n")});
    bench.apply({job("j", {"a:1"})});
    bench.loop.advance(20s);
    auto status = bench.manager.status().active.at(0);
    CHECK(status.health == Health::kDown);
    CHECK(status.last_error == test.want);
    CHECK(bench.log.contains("target is down"));
    bench.loop.advance(10s);
    status = bench.manager.status().active.at(0);
    CHECK(status.health == Health::kUp);
    CHECK(status.last_error.empty());
    CHECK(bench.log.contains("target is up again"));
    const auto up = bench.lines("up").at(0);
    CHECK(up.find(" 1@") < up.find(" 0@"));
    CHECK(bench.lines("x").at(0).find(" stale@") != std::string::npos);
    CHECK(bench.manager.stats().scrapes_failed == 1);
  }
}

TEST_CASE("a target that stays down is logged once") {
  Bench bench;
  bench.client.when("GET", "*", fail(Errc::kIo, "refused"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(60s);
  CHECK(bench.manager.stats().scrapes_failed == 6);
  CHECK(bench.log.lines().size() == 1);
}

TEST_CASE("a slow target times out, and its next scrape comes at its slot") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  auto slow = job("j", {"a:1"});
  slow.scrape_timeout = 3s;
  bench.client.set_delay(20s);
  bench.apply({slow});
  bench.loop.advance(20s);
  const auto status = bench.manager.status().active.at(0);
  CHECK(status.last_error == "Get \"http://a:1/metrics\": context deadline exceeded");
  CHECK(status.last_scrape_duration_seconds == Approx(3));
  CHECK(bench.client.sent().size() == 2);
  CHECK(bench.client.sent()[1].at - bench.client.sent()[0].at == 10000);
}

TEST_CASE("scrapes of one target never overlap") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"}, 1s)});
  bench.client.set_delay(1s);  // until the very moment of the next slot
  bench.loop.advance(10s);
  CHECK(bench.client.in_flight() <= 1);
  CHECK(bench.manager.stats().scrapes_skipped > 0);
  CHECK(bench.manager.stats().scrapes + bench.manager.stats().scrapes_skipped >= 9);
}

TEST_CASE("a reload keeps the state of targets that stay") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1", "b:1"})});
  bench.loop.advance(10s);
  const auto before = bench.manager.status();
  CHECK(bench.client.sent().size() == 2);
  bench.client.forget();

  auto changed = job("j", {"a:1", "c:1"});
  changed.sample_limit = 100;
  bench.apply({changed});
  const auto status = bench.manager.status();
  REQUIRE(status.active.size() == 2);
  CHECK(status.active[0].health == Health::kUp);
  CHECK(status.active[0].last_scrape == before.active[0].last_scrape);
  CHECK(status.active[1].scrape_url == "http://c:1/metrics");
  CHECK(status.active[1].health == Health::kUnknown);

  bench.loop.advance(10s);
  CHECK(bench.manager.stats().rows_by_position == 1);  // a's second page
  for (const auto& sent : bench.client.sent()) {
    if (sent.request.target == "http://a:1/metrics") CHECK(sent.at == before.active[0].last_scrape + 10000);
  }
  CHECK(bench.manager.stats().pool_reloads == 1);
  CHECK(bench.manager.stats().pools == 1);
}

TEST_CASE("a reload does not touch a pool that is as it was") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"}), job("k", {"b:1"})});
  bench.loop.advance(10s);
  const auto config = bench.manager.pool_config("j");
  const auto syncs = bench.manager.pool_stats().at(0).syncs;
  auto changed = job("k", {"b:1"});
  changed.honor_labels = true;
  bench.apply({job("j", {"a:1"}), changed});
  CHECK(bench.manager.pool_config("j") == config);
  CHECK(bench.manager.pool_stats().at(0).syncs == syncs);
  CHECK(bench.manager.pool_config("k")->honor_labels);
  CHECK(bench.manager.stats().pool_reloads == 1);
  CHECK(bench.manager.stats().pools == 2);
  CHECK(bench.manager.reload_lengths().at("10s").count == 1);
}

TEST_CASE("a reload that relabels otherwise keeps what was found") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  auto changed = job("j", {"a:1", "b:1"});
  bench.apply({changed});
  bench.loop.advance(10s);
  config::RelabelConfig rule;
  rule.source_labels = {"__address__"};
  rule.regex = *model::AnchoredRegex::make("b.*");
  rule.action = config::RelabelAction::kDrop;
  changed.relabel_configs = {rule};
  bench.apply({changed});
  const auto status = bench.manager.status();
  REQUIRE(status.active.size() == 1);
  CHECK(status.active[0].health == Health::kUp);
  CHECK(status.dropped_counts.at("j") == 1);
}

TEST_CASE("another interval gives a target other slots, and the cache stays") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  bench.client.forget();
  bench.apply({job("j", {"a:1"}, 2s)});
  bench.loop.advance(10s);
  CHECK(bench.client.sent().size() == 5);
  CHECK(bench.manager.stats().rows_by_position == 5);
  CHECK(bench.manager.status().active.at(0).scrape_interval == "2s");
}

TEST_CASE("a target that goes ends its series after two intervals and a tenth, at the slot it missed") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1", "b:1"})});
  bench.loop.advance(10s);
  const Timestamp last = bench.manager.status().active.at(0).last_scrape - kStart;
  bench.apply({job("j", {"b:1"})});
  CHECK(bench.manager.status().active.size() == 1);
  const std::string alive = fmt::format("x{{instance=\"a:1\", job=\"j\"}} 1@{}", last);
  bench.loop.advance(std::chrono::milliseconds(last + 10000 + 11000 - 10000 - 1));
  CHECK(bench.lines("x").at(0) == alive);
  bench.loop.advance(1s);
  CHECK(bench.lines("x").at(0) == fmt::format("{} stale@{}", alive, last + 10000));
  CHECK(bench.lines("up").at(0).find(fmt::format(" stale@{}", last + 10000)) != std::string::npos);
}

TEST_CASE("a target that comes back in time goes on as if it had never gone") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  bench.apply({job("other", {"b:1"})});
  CHECK(bench.manager.pools() == Lines{"other"});
  bench.loop.advance(5s);
  bench.apply({job("j", {"a:1"})});
  CHECK(bench.manager.status().active.at(0).health == Health::kUp);
  bench.loop.advance(60s);
  CHECK(bench.lines("x").at(0).find("stale") == std::string::npos);
  CHECK(bench.manager.stats().rows_by_position >= 5);
}

TEST_CASE("targets that relabelling drops are shown as dropped, those that are none are reported") {
  Bench bench;
  auto mixed = job("j", {"a:1", "drop:1", "http://wrong"});
  config::RelabelConfig drop;
  drop.source_labels = {"__address__"};
  drop.regex = *model::AnchoredRegex::make("drop.*");
  drop.action = config::RelabelAction::kDrop;
  mixed.relabel_configs = {drop};
  bench.apply({mixed});
  const auto status = bench.manager.status();
  CHECK(status.active.size() == 1);
  REQUIRE(status.dropped.size() == 1);
  CHECK(status.dropped[0].discovered_labels.get("__address__") == "drop:1");
  CHECK(status.dropped[0].scrape_pool == "j");
  CHECK(status.dropped_counts.at("j") == 1);
  CHECK(bench.manager.stats().targets_failed == 1);
  CHECK(bench.log.contains("\\\"http://wrong\\\" is not a valid hostname"));
}

TEST_CASE("keep_dropped_targets limits what is kept of dropped targets, not their count") {
  Bench bench;
  std::vector<std::string> targets;
  for (int i = 0; i < 20; ++i) targets.push_back(fmt::format("t{}:1", i));
  auto dropping = job("j", targets);
  config::RelabelConfig drop;
  drop.action = config::RelabelAction::kDrop;
  dropping.relabel_configs = {drop};
  dropping.keep_dropped_targets = 3;
  bench.apply({dropping});
  CHECK(bench.manager.status().dropped.size() == 3);
  CHECK(bench.manager.status().dropped_counts.at("j") == 20);
  dropping.keep_dropped_targets = 0;
  bench.apply({dropping});
  CHECK(bench.manager.status().dropped.size() == 20);
}

TEST_CASE("a large set of targets is made on a worker, and made again when what was found has changed") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  std::vector<std::string> targets;
  for (int i = 0; i < 2000; ++i) targets.push_back(fmt::format("t{}:1", i));
  bench.apply({job("j", targets, 1h)});
  CHECK(bench.manager.status().active.size() == 2000);
  targets.resize(1000);
  bench.apply({job("j", targets, 1h)});  // within the pause: later
  CHECK(bench.manager.status().active.size() == 2000);
  bench.loop.advance(2s);
  CHECK(bench.manager.status().active.size() == 1000);
  targets.resize(10);
  bench.apply({job("j", targets, 1h)});
  bench.loop.advance(2s);
  CHECK(bench.manager.status().active.size() == 10);
  bench.apply({});
  CHECK(bench.manager.status().active.empty());
  CHECK(bench.loop.failures().empty());
}

TEST_CASE("body_size_limit is on the page, packed or not, and told in the report") {
  const std::string text = "x 1\n# " + std::string(100, 'c') + "\n";
  net::HttpResponse packed(200, kType, net::gzip(text));
  packed.headers.set("Content-Encoding", "gzip");
  for (const net::HttpResponse& answer : {page(text), packed}) {
    Bench bench;
    bench.client.when("GET", "*", answer);
    auto limited = job("j", {"a:1"});
    limited.extra_scrape_metrics = true;
    limited.sample_limit = 7;
    limited.body_size_limit = text.size();  // a page of just the limit is too long, as in Prometheus
    bench.apply({limited});
    bench.loop.advance(10s);
    CHECK(bench.manager.status().active.at(0).last_error == "body size limit exceeded");
    CHECK(bench.lines("scrape_body_size_bytes").at(0).find(" -1@") != std::string::npos);
    CHECK(bench.manager.stats().exceeded_body_size_limit == 1);
    limited.body_size_limit = text.size() + 1;
    bench.apply({limited});
    bench.loop.advance(10s);
    CHECK(bench.manager.status().active.at(0).last_error.empty());
    CHECK(bench.lines("scrape_body_size_bytes").at(0).find(fmt::format(" {}@", text.size())) != std::string::npos);
    CHECK(bench.lines("scrape_timeout_seconds").at(0).find(" 10@") != std::string::npos);
    CHECK(bench.lines("scrape_sample_limit").at(0).find(" 7@") != std::string::npos);
  }
}

TEST_CASE("a packed page is unpacked whether it was asked for or not, and a wrong one fails in Go's words") {
  Bench bench;
  net::HttpResponse packed(200, kType, net::gzip("x 1\n"));
  packed.headers.set("Content-Encoding", "gzip");
  net::HttpResponse wrong(200, kType, "some_metric 1\n");
  wrong.headers.set("Content-Encoding", "gzip");
  net::HttpResponse torn(200, kType, net::gzip("x 1\n").substr(0, 15));
  torn.headers.set("Content-Encoding", "gzip");
  bench.client.when_in_turn("GET", "*", {packed, wrong, torn});
  auto plain = job("j", {"a:1"});
  plain.enable_compression = false;
  bench.apply({plain});
  bench.loop.advance(10s);
  CHECK(bench.manager.status().active.at(0).health == Health::kUp);
  bench.loop.advance(10s);
  CHECK(bench.manager.status().active.at(0).last_error == "gzip: invalid header");
  bench.loop.advance(10s);
  CHECK(bench.manager.status().active.at(0).last_error == "unexpected EOF");
}

TEST_CASE("an empty page is a good one, whatever its content type") {
  Bench bench;
  bench.client.when("GET", "*", net::HttpResponse(200, "text/html", ""));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  CHECK(bench.manager.status().active.at(0).health == Health::kUp);
}

TEST_CASE("heavy pages are read one at a time, and the memory of all is bounded") {
  Bench bench({.body_budget_bytes = 20U << 20U});
  const std::string heavy = "x 1\n# " + std::string(9U << 20U, 'c') + "\n";
  net::HttpResponse bomb(200, kType, net::gzip(heavy));
  bomb.headers.set("Content-Encoding", "gzip");
  bench.client.when("GET", "http://bomb*", bomb);
  bench.client.when("GET", "http://page*", page(heavy));
  bench.apply({job("j", {"bomb1:1", "bomb2:1", "page1:1", "page2:1"}, 1s)});
  bench.loop.advance(3s);
  for (const auto& target : bench.manager.status().active) {
    INFO(target.scrape_url << " " << target.last_error);
    CHECK(target.health == Health::kUp);
  }
  CHECK(bench.manager.stats().body_bytes == 0);

  Bench poor({.body_budget_bytes = 5U << 20U});
  poor.client.when("GET", "http://bomb*", bomb);
  poor.client.when("GET", "http://page*", page(heavy));
  poor.client.when("GET", "http://small*", page("x 1\n"));
  poor.apply({job("j", {"bomb1:1", "page1:1", "small:1"}, 1s)});
  poor.loop.advance(3s);
  for (const auto& target : poor.manager.status().active) {
    INFO(target.scrape_url);
    if (target.scrape_url.find("small") != std::string::npos) {
      CHECK(target.health == Health::kUp);
    } else {
      CHECK(target.last_error == "the memory for the bodies of all scrapes is used up");
    }
  }
  CHECK(poor.manager.stats().body_bytes == 0);
  CHECK(poor.loop.failures().empty());
}

TEST_CASE("without adjust_timestamps samples carry the time at which their scrape began") {
  Bench bench({.adjust_timestamps = false});
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  CHECK(bench.manager.status().active.at(0).last_scrape - kStart == request_times(bench.client).at(0));
}

TEST_CASE("scrapes that get no page are written to scrape_failure_log_file, which a reload opens again") {
  Bench bench;
  bench.client.when("GET", "*", fail(Errc::kIo, "refused"));
  bench.client.when("GET", "http://wrong*", page("x one\n"));  // that is a page
  REQUIRE(bench.fs.create_directories("/log"));
  auto logged = job("j", {"a:1", "wrong:1"});
  logged.scrape_failure_log_file = "/log/failures.json";
  bench.apply({logged});
  bench.loop.advance(20s);
  const auto lines = [&](const std::string& path) {
    const auto text = bench.fs.read_file(path);
    return text ? std::count(text->begin(), text->end(), '\n') : -1;
  };
  CHECK(lines("/log/failures.json") == 2);
  const std::string text = *bench.fs.read_file("/log/failures.json");
  CHECK(text.starts_with("{\"time\":\"2023-11-14T"));
  CHECK(text.find("\"level\":\"ERROR\",\"source\":\"scrape_run.cpp\",\"msg\":\"Get \\\"http://a:1/metrics\\\": "
                  "refused\",\"job_name\":\"j\",\"target\":\"http://a:1/metrics\"}\n") != std::string::npos);

  REQUIRE(bench.fs.rename("/log/failures.json", "/log/old.json"));
  bench.loop.advance(10s);
  CHECK(lines("/log/old.json") == 3);
  bench.apply({logged});
  bench.loop.advance(10s);
  CHECK(lines("/log/old.json") == 3);
  CHECK(lines("/log/failures.json") == 1);
  bench.apply({job("j", {"a:1", "wrong:1"})});
  bench.loop.advance(10s);
  CHECK(lines("/log/failures.json") == 1);
}

TEST_CASE("intervals between scrapes are counted by their length") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(50s);
  const auto lengths = bench.manager.interval_lengths().at("10s");
  CHECK(lengths.count == 4);
  CHECK(lengths.sum_seconds == Approx(40));
  CHECK(lengths.quantiles[4] == Approx(10));
  CHECK(lengths.buckets == std::array<std::uint64_t, 4>{0, 0, 0, 4});
}

TEST_CASE("a target may be behind a socket of this machine") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  auto local = job("j", {"app:80"});
  config::RelabelConfig rule;
  rule.target_label = "__unix_socket__";
  rule.replacement = "/run/app.sock";
  local.relabel_configs = {rule};
  bench.apply({local});
  bench.loop.advance(10s);
  CHECK(bench.client.sent().at(0).options.unix_socket == "/run/app.sock");
  CHECK(bench.client.sent().at(0).request.target == "http://app:80/metrics");
}

TEST_CASE("a target that is discovered twice is scraped once") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1", "a:1"})});
  bench.loop.advance(10s);
  CHECK(bench.client.sent().size() == 1);
  CHECK(bench.manager.status().active.size() == 1);
}

TEST_CASE("beyond target_limit every target of the pool fails without being asked") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  auto limited = job("j", {"a:1", "b:1"});
  limited.target_limit = 1;
  bench.apply({limited});
  bench.loop.advance(10s);
  CHECK(bench.client.sent().empty());
  for (const auto& target : bench.manager.status().active) {
    CHECK(target.last_error == "target_limit exceeded (number of targets: 2, limit: 1)");
  }
  CHECK(bench.lines("up").size() == 2);
  limited.target_limit = 2;
  bench.apply({limited});
  bench.loop.advance(10s);
  CHECK(bench.client.sent().size() == 2);
}

TEST_CASE("stop waits for the scrapes under way and begins no more") {
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.client.set_delay(2s);
  bench.apply({job("j", {"a:1"})});
  bench.loop.run_until([&] { return bench.client.in_flight() == 1; });
  bench.loop.run(bench.manager.stop());
  CHECK(bench.client.in_flight() == 0);
  CHECK(bench.lines("x").size() == 1);
  bench.loop.advance(60s);
  CHECK(bench.client.sent().size() == 1);
  CHECK(bench.lines("x").at(0).find("stale") == std::string::npos);
}

TEST_CASE("a manager may go while its scrapes are under way") {
  test::LogCapture log;
  test::TestLoop loop(kStart);
  FakeHttpClient client(loop);
  test::MapStore store;
  client.when("GET", "*", page("x 1\n"));
  client.set_delay(2s);
  {
    scrape::ScrapeManager manager(loop, loop.work(), client, store, {});
    auto config = std::make_shared<config::PrometheusConfig>();
    config->scrape_configs = {job("j", {"a:1"})};
    manager.apply(config);
    loop.run_until([&] { return client.in_flight() == 1; });
  }
  loop.advance(60s);
  CHECK(client.sent().size() == 1);
  CHECK(loop.failures().empty());
}

TEST_CASE("global URLs name this machine as others see it") {
  Bench bench({.external_url = "http://mon.example:9090/", .listen_address = "127.0.0.1:9090"});
  bench.apply({job("j", {"localhost:9100"})});
  CHECK(bench.manager.status().active.at(0).global_url == "http://mon.example:9100/metrics");
}
