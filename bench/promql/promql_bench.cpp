// The engine alone, on samples that lie in memory: 1,000 counters and 500 buckets of 50 services, one sample a minute.

#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "promql/column_store.hpp"
#include "promql/engine.hpp"

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

void instant(benchmark::State& state, const char* query) {
  store();
  for (auto _ : state) {
    const auto result = engine().instant(store(), query, kNow);
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

void range(benchmark::State& state, const char* query, Timestamp length, std::int64_t step) {
  store();
  for (auto _ : state) {
    const auto result = engine().range(store(), query, kNow - length, kNow, step);
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
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
BENCHMARK_CAPTURE(range, rate_by_service_6h_15s, kRate, kSixHours, 15'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(range, p99_by_service_6h_15s, kP99, kSixHours, 15'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(range, rate_1h_7d_1h, "sum by (service) (rate(http_requests_total[1h]))", 6 * kDay, 3'600'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(range, avg_over_1h_6h_15s, "sum by (service) (avg_over_time(http_requests_total[1h]))", kSixHours,
                  15'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(range, max_over_1h_6h_15s, "max by (service) (max_over_time(http_requests_total[1h]))", kSixHours,
                  15'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
