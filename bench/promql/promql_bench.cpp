// The engine alone, without HTTP and JSON. On samples that lie in memory: 1,000 counters and 500 buckets of 50
// services, one sample a minute. With --data=FOLDER, that of peers.py, instead: its twelve queries on the same blocks.
// "helped" has one helper beside the query's thread; CPU is then that of both.

#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/rng.hpp"
#include "net/work_threads.hpp"
#include "promql/block_store.hpp"
#include "promql/column_store.hpp"
#include "promql/engine.hpp"
#include "tsdb/return_memory.hpp"

using namespace tocsin;

namespace {

constexpr Timestamp kDay = 86'400'000;
constexpr Timestamp kMinute = 60'000;
constexpr Timestamp kNow = 1'700'000'040'000;

bench::StoredSeries counter(model::Labels labels, Rng& rng, Timestamp history) {
  bench::StoredSeries series;
  series.labels = std::move(labels);
  double value = 0;
  for (Timestamp t = kNow - history; t <= kNow; t += kMinute) {
    value = rng.next() % 20'000 == 0 ? 0 : value + static_cast<double>(rng.next() % 100);
    series.times.push_back(t);
    series.values.push_back(value);
  }
  return series;
}

bench::ColumnStore& store() {
  static bench::ColumnStore made = [] {
    bench::ColumnStore out;
    Rng rng(1);
    for (int service = 0; service < 50; ++service) {
      const std::string name = fmt::format("service-{:02}", service);
      for (const char* const code : {"200", "404", "500", "503"}) {
        for (int instance = 0; instance < 5; ++instance) {
          out.add(counter({{"__name__", "http_requests_total"},
                           {"job", "shop"},
                           {"service", name},
                           {"code", code},
                           {"instance", fmt::format("10.0.0.{}:8080", instance)}},
                          rng, 7 * kDay));
        }
      }
      for (const char* const le : {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"}) {
        out.add(counter({{"__name__", "latency_bucket"}, {"job", "shop"}, {"service", name}, {"le", le}}, rng, kDay));
      }
    }
    return out;
  }();
  return made;
}

const promql::Engine& engine() {
  static const promql::Engine made(promql::EngineOptions{}, system_clock());
  return made;
}

const promql::Engine& helped_engine() {
  static net::WorkThreads threads(0, 0, 1);
  static const promql::Engine made(promql::EngineOptions{.helpers = &threads}, system_clock());
  return made;
}

void instant(benchmark::State& state, const char* query) {
  store();
  for (auto _ : state) {
    const auto result = engine().instant(store(), query, kNow);
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

void range_by(const promql::Engine& by, benchmark::State& state, const char* query, Timestamp length,
              std::int64_t step) {
  store();
  for (auto _ : state) {
    const auto result = by.range(store(), query, kNow - length, kNow, step);
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

void range(benchmark::State& state, const char* query, Timestamp length, std::int64_t step) {
  range_by(engine(), state, query, length, step);
}

void helped(benchmark::State& state, const char* query, Timestamp length, std::int64_t step) {
  range_by(helped_engine(), state, query, length, step);
}

constexpr const char* kRate = "sum by (service) (rate(http_requests_total[5m]))";
constexpr const char* kP99 = "histogram_quantile(0.99, sum by (le, service) (rate(latency_bucket[5m])))";
constexpr Timestamp kSixHours = 6 * 3'600'000;

BENCHMARK_CAPTURE(instant, rate_by_service, kRate)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(instant, p99_by_service, kP99)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(instant, topk_rate, "topk(10, rate(http_requests_total[5m]))")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(instant, regex_4_labels,
                  "sum(rate(http_requests_total{job=~\"sh.*\", service=~\"service-[0-2].\", code=~\"5..\", "
                  "instance=~\"10.0.0.[0-1]:.*\"}[5m]))")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(instant, error_ratio_1d,
                  "sum by (service) (rate(http_requests_total{code=~\"5..\"}[1d])) / "
                  "sum by (service) (rate(http_requests_total[1d]))")
    ->Unit(benchmark::kMillisecond);
constexpr const char* kAverage = "sum by (service) (avg_over_time(http_requests_total[1h]))";
constexpr const char* kMaximum = "max by (service) (max_over_time(http_requests_total[1h]))";
constexpr const char* kRateHour = "sum by (service) (rate(http_requests_total[1h]))";

/// A range query on its own thread, and with a helper.
#define RANGE_QUERY(name, ...)                                                                                        \
  BENCHMARK_CAPTURE(range, name, __VA_ARGS__)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime(); \
  BENCHMARK_CAPTURE(helped, name, __VA_ARGS__)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime()

RANGE_QUERY(rate_by_service_6h_15s, kRate, kSixHours, 15'000);
RANGE_QUERY(p99_by_service_6h_15s, kP99, kSixHours, 15'000);
RANGE_QUERY(rate_1h_7d_1h, kRateHour, 6 * kDay, 3'600'000);
RANGE_QUERY(avg_over_1h_6h_15s, kAverage, kSixHours, 15'000);
RANGE_QUERY(max_over_1h_6h_15s, kMaximum, kSixHours, 15'000);

// ---- on blocks

const std::string kBlocksRate = "sum by (service)(rate(http_requests_total[5m]))";
const std::string kBlocksP99 =
    "histogram_quantile(0.99, sum by (le,service)(rate(http_request_duration_seconds_bucket[5m])))";

std::string error_ratio(std::string_view range) {
  return fmt::format(
      "sum by (service)(rate(http_requests_total{{code=~\"5..\"}}[{0}])) / "
      "sum by (service)(rate(http_requests_total[{0}]))",
      range);
}

struct Query {
  const char* name;
  std::string text;
  Timestamp length = 0;   // of a range query
  std::int64_t step = 0;  // 0: instant
};

/// As in peers.py.
std::vector<Query> twelve_queries() {
  constexpr std::int64_t kHour = 3'600'000;
  return {{"rate5m_by_service", kBlocksRate},
          {"p99_5m_by_service", kBlocksP99},
          {"topk10_rate5m", "topk(10, rate(http_requests_total[5m]))"},
          {"regex_matcher",
           "sum by (service)(rate(http_requests_total{service=~\"svc-[0-2].\",code=~\"5..\","
           "instance!~\"10.0.0.4.*\"}[5m]))"},
          {"one_series_instant", "http_requests_total{service=\"svc-07\",code=\"200\",instance=\"10.0.0.1:8080\"}"},
          {"err_ratio_1h", error_ratio("1h")},
          {"err_ratio_1d", error_ratio("1d")},
          {"err_ratio_30d", error_ratio("30d")},
          {"range_6h_15s_rate5m", kBlocksRate, kSixHours, 15'000},
          {"range_6h_15s_p99", kBlocksP99, kSixHours, 15'000},
          {"range_6h_15s_one_service", "sum by (code)(rate(http_requests_total{service=\"svc-07\"}[5m]))", kSixHours,
           15'000},
          {"range_30d_1h_rate1h", "sum by (service)(rate(http_requests_total[1h]))", 30 * kDay - kHour, kHour}};
}

void on_blocks(const promql::Engine& by, benchmark::State& state, bench::BlockStore& blocks, const Query& query,
               Timestamp end) {
  for (auto _ : state) {
    const auto result = query.step == 0 ? by.instant(blocks, query.text, end)
                                        : by.range(blocks, query.text, end - query.length, end, query.step);
    if (!result) return state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

/// Registers the queries on FOLDER/tocsin at the second time of FOLDER/range.
Result<std::unique_ptr<bench::BlockStore>> use_blocks(const std::string& folder) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!(std::ifstream(folder + "/range") >> start >> end)) return fail(Errc::kNotFound, "{}/range: no times", folder);
  TOCSIN_TRY(auto blocks, bench::BlockStore::open(posix_fs(), folder + "/tocsin"));
  for (const Query& query : twelve_queries()) {
    for (const auto& [kind, by] : {std::pair("", &engine()), std::pair("helped/", &helped_engine())}) {
      const std::string name = std::string(kind) + query.name;
      benchmark::RegisterBenchmark(name.c_str(),
                                   [by, store = blocks.get(), query, end](benchmark::State& state) {
                                     on_blocks(*by, state, *store, query, end * 1000);
                                   })
          ->Unit(benchmark::kMillisecond)
          ->MeasureProcessCPUTime()
          ->UseRealTime();
    }
  }
  return blocks;
}

}  // namespace

int main(int argc, char** argv) {
  tsdb::keep_some_freed_memory();  // as the ruler does
  constexpr std::string_view kData = "--data=";
  std::unique_ptr<bench::BlockStore> blocks;
  if (argc > 1 && std::string_view(argv[1]).starts_with(kData)) {
    benchmark::ClearRegisteredBenchmarks();
    auto opened = use_blocks(argv[1] + kData.size());
    if (!opened) {
      fmt::print(stderr, "{}\n", opened.error().message);
      return 1;
    }
    blocks = std::move(*opened);
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
