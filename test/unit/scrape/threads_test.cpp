// The same manager on real threads: one loop, several workers. What matters here the thread sanitizer sees.

#include <catch2/catch.hpp>

#include "net/gzip.hpp"
#include "net/runtime.hpp"
#include "scrape/scrape_manager.hpp"
#include "stored.hpp"
#include "support/fake_http_client.hpp"
#include "support/imposter.hpp"
#include "support/log_capture.hpp"
#include "support/temp_dir.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const config::PrometheusConfig> targets(int first, int count, bool honor_labels) {
  auto config = std::make_shared<config::PrometheusConfig>();
  config::ScrapeConfig job;
  job.job_name = "j";
  job.honor_labels = honor_labels;
  job.scrape_interval = job.scrape_timeout = 20ms;
  job.discovery.statics.emplace_back();
  for (int i = first; i < first + count; ++i) job.discovery.statics[0].targets.push_back(fmt::format("t{}:1", i));
  config->scrape_configs.push_back(job);
  return config;
}

struct Bench {
  std::unique_ptr<net::Runtime> runtime = net::make_runtime({.work_threads = 3});
  test::FakeHttpClient client{runtime->loop()};
  test::MapStore store;
  scrape::ScrapeManager manager{runtime->loop(), runtime->work(), client, store, {.slot = 5ms}};
};

/// Reloads while scrapes are under way, until enough of them are done.
net::Task<void> churn(Bench& bench, std::uint64_t wanted) {
  for (int round = 0; bench.manager.stats().scrapes < wanted; ++round) {
    bench.manager.apply(targets(round % 5, 10, round % 2 == 0));
    co_await net::sleep_for(bench.runtime->loop(), 3ms);
    for (const auto& target : bench.manager.status().active) {
      if (target.scraped) CHECK(target.health == scrape::Health::kUp);
    }
  }
  co_await bench.manager.stop();
  bench.runtime->stop();
}

/// Real sockets: pages plain, packed, heavy and wrong, and a pool large enough for its targets to be made on a worker.
struct RealBench {
  RealBench() {
    const std::string heavy = "heavy 1\n# " + std::string(5U << 20U, 'x') + "\n";
    const std::pair<std::string, std::string> type{"Content-Type", "text/plain"}, packed{"Content-Encoding", "gzip"};
    server.when("GET", "/plain", test::Imposter::answer(200, "plain 1\n", {type}));
    server.when("GET", "/packed", test::Imposter::answer(200, net::gzip("packed 1\n"), {type, packed}));
    server.when("GET", "/heavy", test::Imposter::answer(200, net::gzip(heavy), {type, packed}));
    server.when("GET", "/wrong", test::Imposter::answer(500, "no"));
    server.when("GET", "/closes", test::Imposter::close_unanswered());
  }

  std::shared_ptr<const config::PrometheusConfig> config(int round) const {
    auto config = std::make_shared<config::PrometheusConfig>();
    for (const char* name : {"plain", "packed", "heavy", "wrong", "closes"}) {
      config::ScrapeConfig job;
      job.job_name = name;
      job.scrape_interval = job.scrape_timeout = 50ms;
      job.metrics_path = std::string("/") + name;
      job.honor_labels = round % 2 == 0;
      job.extra_scrape_metrics = round % 3 == 0;
      job.scrape_failure_log_file = round % 4 == 0 ? "" : dir.path() + "/failures.json";
      job.discovery.statics = {{.targets = {"127.0.0.1:" + std::to_string(server.port())}, .labels = {}}};
      config->scrape_configs.push_back(job);
    }
    config::ScrapeConfig large;
    large.job_name = "large";
    large.scrape_interval = large.scrape_timeout = 1h;
    large.discovery.statics.emplace_back();
    for (int i = 0; i < 600 + round % 7; ++i) {
      large.discovery.statics[0].targets.push_back(fmt::format("t{}:1", i));
    }
    config->scrape_configs.push_back(large);
    return config;
  }

  test::TempDir dir;
  test::Imposter server;
  test::MapStore store;
  std::unique_ptr<net::Runtime> runtime = net::make_runtime({.work_threads = 3});
  std::unique_ptr<net::HttpClient> client = net::make_http_client(runtime->loop(), {.work = &runtime->work()});
  std::unique_ptr<scrape::ScrapeManager> manager = std::make_unique<scrape::ScrapeManager>(
      runtime->loop(), runtime->work(), *client, store, scrape::ScrapeOptions{.slot = 5ms});
};

net::Task<void> reload_all_the_time(RealBench* bench, std::uint64_t wanted) {
  for (int round = 0; bench->manager->stats().scrapes < wanted; ++round) {
    bench->manager->apply(bench->config(round / 2));  // every other reload changes nothing
    co_await net::sleep_for(bench->runtime->loop(), 15ms);
    (void)bench->manager->pool_stats();
    (void)bench->manager->interval_lengths();
  }
  co_await bench->manager->stop();
  bench->runtime->stop();
}

}  // namespace

TEST_CASE("real targets are scraped while the configuration is reloaded all the time") {
  const test::LogCapture log;
  RealBench bench;
  bench.runtime->loop().spawn("reload", reload_all_the_time(&bench, 300));
  bench.runtime->run();
  for (const auto& target : bench.manager->status().active) {
    if (!target.scraped) continue;
    INFO(target.scrape_url << " " << target.last_error);
    const bool is_good =
        target.scrape_pool == "plain" || target.scrape_pool == "packed" || target.scrape_pool == "heavy";
    CHECK((target.health == scrape::Health::kUp) == is_good);
  }
  CHECK(bench.manager->stats().body_bytes == 0);
  for (const char* name : {"plain", "packed", "heavy"}) CHECK(test::stored(bench.store, 0, name).size() == 1);
  bench.manager.reset();
  bench.client.reset();
  bench.runtime.reset();
}

TEST_CASE("scrapes on several workers, with reloads between, lose and mix up nothing") {
  const test::LogCapture log;
  Bench bench;
  std::uint64_t pages = 0;
  bench.client.when("GET", "*", [&pages](const net::HttpRequest& request) -> Result<net::HttpResponse> {
    std::string page = "asked{url=\"" + request.target + "\"} 1\n";
    for (std::uint64_t i = 0; i < 20; ++i)
      page += fmt::format("series{{n=\"{}\"}} {}\n", (i * (pages % 3 + 1)) % 23, i);
    ++pages;
    return net::HttpResponse(200, "text/plain", std::move(page));
  });
  bench.runtime->loop().spawn("churn", churn(bench, 500));
  bench.runtime->run();

  CHECK(bench.manager.stats().scrapes >= 500);
  CHECK(bench.manager.stats().scrapes_failed == 0);
  const auto asked = test::stored(bench.store, 0, "asked");
  CHECK(asked.size() >= 10);
  for (const auto& line : asked) {
    // A target's page ended up under that target's labels.
    const auto host = line.substr(line.find("instance=\"") + 10,
                                  line.find('"', line.find("instance=\"") + 10) - line.find("instance=\"") - 10);
    CHECK(line.find("url=\"http://" + host + "/metrics\"") != std::string::npos);
  }
}
