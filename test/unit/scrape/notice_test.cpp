// What is told when a scrape was stored.

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "base/mem_fs.hpp"
#include "scrape/scrape_manager.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/map_store.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

net::HttpResponse page(std::string text) {
  return {200, "text/plain; version=0.0.4", std::move(text)};
}

struct Told {
  std::uint64_t target;
  model::Labels labels;
  bool any_name;
  std::unordered_set<std::uint64_t> names;
  std::uint64_t version;

  bool has(std::string_view name) const { return any_name || names.contains(xxhash64(name)); }
};

struct Bench {
  Bench()
      : manager(loop, loop.work(), client, store,
                {.fs = &fs, .on_stored = [this](const scrape::ScrapeNotice& notice) {
                   told.push_back({notice.target, notice.labels, notice.names == nullptr,
                                   notice.names != nullptr ? *notice.names : std::unordered_set<std::uint64_t>(),
                                   notice.names_version});
                 }}) {}

  void apply(std::vector<config::ScrapeConfig> jobs) {
    auto config = std::make_shared<config::PrometheusConfig>();
    config->scrape_configs = std::move(jobs);
    manager.apply(config);
    loop.run_ready();
  }

  test::LogCapture log;
  test::TestLoop loop{1'700'000'000'000};
  test::FakeHttpClient client{loop};
  test::MapStore store;
  MemFs fs;
  std::vector<Told> told;
  scrape::ScrapeManager manager;
};

config::ScrapeConfig job(std::string name, std::vector<std::string> targets) {
  config::ScrapeConfig out;
  out.job_name = std::move(name);
  out.scrape_interval = 10s;
  out.scrape_timeout = 10s;
  out.discovery.statics = {{.targets = std::move(targets), .labels = {}}};
  return out;
}

config::RelabelConfig rule(config::RelabelAction action) {
  config::RelabelConfig out;
  out.source_labels = {"__name__"};
  out.action = action;
  return out;
}

}  // namespace

TEST_CASE("each scrape that was stored is told with its target's labels and the names of its metrics") {
  Bench bench;
  bench.client.when("GET", "http://a:1/metrics", page("x 1\ny{z=\"1\"} 2\ny{z=\"2\"} 2\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(20s);
  REQUIRE(bench.told.size() == 2);
  const Told first = bench.told[0];
  CHECK(first.labels == model::Labels{{"instance", "a:1"}, {"job", "j"}});
  for (const char* name : {"x", "y", "up", "scrape_samples_scraped"}) CHECK(first.has(name));
  CHECK_FALSE(first.has("z"));
  CHECK(bench.told[1].target == first.target);
  CHECK(bench.told[1].version == first.version);  // the same page

  bench.client.when("GET", "http://a:1/metrics", page("x 1\nnew 1\n"));
  bench.loop.advance(10s);
  REQUIRE(bench.told.size() == 3);
  CHECK(bench.told[2].version != first.version);
  CHECK(bench.told[2].has("new"));
  CHECK(bench.told[2].has("y"));  // its series got their markers
}

TEST_CASE("a scrape that failed is told: its series end, up is 0") {
  Bench bench;
  bench.client.when("GET", "http://a:1/metrics", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  bench.client.when("GET", "http://a:1/metrics", net::HttpResponse(500, "", ""));
  bench.loop.advance(10s);
  REQUIRE(bench.told.size() == 2);
  CHECK(bench.told[1].has("x"));
  CHECK(bench.told[1].has("up"));
}

TEST_CASE("a scrape that was not stored is not told") {
  Bench bench;
  bench.client.when("GET", "http://a:1/metrics", page("x 1\n"));
  bench.store.fail_commits(Error{Errc::kIo, "disk full"});
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  CHECK(bench.told.empty());
}

TEST_CASE("the names are those after relabelling, of all targets of the pool; other pools have their own") {
  Bench bench;
  bench.client.when("GET", "http://a:1/metrics", page("x 1\ngo_x 1\n"));
  bench.client.when("GET", "http://b:1/metrics", page("y 1\n"));
  bench.client.when("GET", "http://c:1/metrics", page("w 1\n"));
  auto dropping = job("j", {"a:1", "b:1"});
  dropping.metric_relabel_configs = {rule(config::RelabelAction::kDrop)};
  dropping.metric_relabel_configs[0].regex = *model::AnchoredRegex::make("go_.*");
  bench.apply({dropping, job("k", {"c:1"})});
  bench.loop.advance(20s);
  REQUIRE(bench.told.size() == 6);
  std::uint64_t versions = 0;
  for (auto told = bench.told.rbegin(); told != bench.told.rbegin() + 3; ++told) {
    const bool is_k = told->labels.get("job") == "k";
    CHECK(told->has("x") == !is_k);
    CHECK(told->has("y") == !is_k);
    CHECK(told->has("w") == is_k);
    CHECK_FALSE(told->has("go_x"));
    CHECK_FALSE(told->labels.empty());  // rules that keep or drop change no label
    versions += told->version;
  }
  CHECK(versions > 0);
}

TEST_CASE("labels are not told where the page or relabelling may change them") {
  for (const bool honor : {true, false}) {
    Bench bench;
    bench.client.when("GET", "http://a:1/metrics", page("x 1\n"));
    auto changing = job("j", {"a:1"});
    changing.honor_labels = honor;
    if (!honor) changing.metric_relabel_configs = {rule(config::RelabelAction::kLabelDrop)};
    bench.apply({changing});
    bench.loop.advance(10s);
    REQUIRE(bench.told.size() == 1);
    CHECK(bench.told[0].labels.empty());
    // A reload that changes this is another version.
    bench.apply({job("j", {"a:1"})});
    bench.loop.advance(10s);
    REQUIRE(bench.told.size() == 2);
    CHECK_FALSE(bench.told[1].labels.empty());
    CHECK(bench.told[1].version != bench.told[0].version);
  }
}

TEST_CASE("the end of a target's series is told, be its pool still there or not") {
  const bool keep_pool = GENERATE(true, false);
  Bench bench;
  bench.client.when("GET", "*", page("x 1\n"));
  bench.apply({job("j", {"a:1"})});
  bench.loop.advance(10s);
  bench.apply(keep_pool ? std::vector{job("j", {})} : std::vector<config::ScrapeConfig>{});
  bench.loop.advance(1min);
  REQUIRE(bench.told.size() == 2);
  CHECK(bench.told[1].target == bench.told[0].target);
  CHECK(bench.told[1].has("x"));
  CHECK(bench.told[1].any_name == !keep_pool);
}
