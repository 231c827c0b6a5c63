// The same manager on real threads: one loop, several workers. What matters here the thread sanitizer sees.

#include <catch2/catch.hpp>

#include "net/runtime.hpp"
#include "scrape/scrape_manager.hpp"
#include "stored.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"

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

}  // namespace

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
