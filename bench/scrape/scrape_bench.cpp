// A target's pages on a worker, without storage: parse, series cache, report. What the store costs is not in it.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/virtual_loop.hpp"
#include "expo/page.hpp"
#include "scrape/target_ingest.hpp"

using namespace tocsin;

namespace {

/// Takes everything and keeps nothing.
class NoStore final : public storage::Appendable, public storage::Appender {
 public:
  std::unique_ptr<storage::Appender> appender() override { return std::make_unique<NoStore>(); }
  storage::AppendResult append(storage::SeriesRef ref, const model::Labels* labels, Timestamp, double value,
                               Timestamp) override {
    benchmark::DoNotOptimize(value);
    if (ref == 0 && labels != nullptr) return {storage::AppendStatus::kOk, ++last_, true};
    return {storage::AppendStatus::kOk, ref, false};
  }
  storage::AppendResult append_histogram(storage::SeriesRef ref, const model::Labels*, Timestamp, model::HistogramPtr,
                                         Timestamp) override {
    return {storage::AppendStatus::kOk, ref, false};
  }
  storage::SeriesRef find(const model::Labels&) override { return 0; }
  storage::AppendStatus append_exemplar(storage::SeriesRef, const storage::Exemplar&) override {
    return storage::AppendStatus::kOk;
  }
  void set_metadata(storage::SeriesRef, const storage::Metadata&) override {}
  Result<void> commit() override { return {}; }
  void rollback() override {}

 private:
  storage::SeriesRef last_ = 0;
};

/// A hundred targets with a thousand series each, so that caches of the machine do not hold all of it.
struct Bench {
  explicit Bench(std::size_t count) : targets(count) {
    for (std::size_t i = 0; i < 4; ++i) pages.push_back(maker.page());
  }
  bench::PageMaker maker{1};
  std::vector<std::string> pages;
  std::vector<scrape::TargetIngest> targets;
  VirtualLoop loop;
  NoStore store;
  std::shared_ptr<const scrape::IngestRules> rules = std::make_shared<scrape::IngestRules>(scrape::IngestRules{
      std::make_shared<config::ScrapeConfig>(), {{"instance", "host-1.example:9100"}, {"job", "node"}}});

  scrape::PageCounts scrape(scrape::TargetIngest& target, const std::string& page) {
    loop.advance(std::chrono::milliseconds(1));
    const scrape::ScrapeInput input{.rules = rules, .page = page, .error = {}, .t = loop.now(), .started = loop.mono()};
    return target.scrape(input, store, loop).counts;
  }
};

void report(benchmark::State& state, std::uint64_t samples) {
  state.counters["ns/sample"] =
      benchmark::Counter(static_cast<double>(samples) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void same_page(benchmark::State& state) {
  Bench bench(100);
  for (auto& target : bench.targets) bench.scrape(target, bench.pages[0]);
  std::uint64_t samples = 0, round = 0;
  for (auto _ : state) {
    ++round;
    samples += bench.scrape(bench.targets[round % 100], bench.pages[round % 4]).by_position;
  }
  report(state, samples);
}
BENCHMARK(same_page);

void new_target(benchmark::State& state) {
  Bench bench(1);
  std::uint64_t samples = 0;
  for (auto _ : state) {
    bench.targets[0] = {};
    samples += bench.scrape(bench.targets[0], bench.pages[0]).fresh;
  }
  report(state, samples);
}
BENCHMARK(new_target);

void one_series_comes_and_goes(benchmark::State& state) {
  Bench bench(100);
  std::string more = bench.pages[0];
  more.insert(more.find("http_requests_total{"), "one_more{a=\"b\"} 1\n");
  std::uint64_t samples = 0, round = 0;
  for (auto _ : state) {
    ++round;
    samples += bench.scrape(bench.targets[round % 100], (round / 100) % 2 == 0 ? more : bench.pages[0]).scraped;
  }
  report(state, samples);
}
BENCHMARK(one_series_comes_and_goes);

}  // namespace
