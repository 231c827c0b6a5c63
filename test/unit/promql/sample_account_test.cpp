// Samples are counted as Prometheus counts them. What is expected is what promql/engine_test.go of 3.14 expects of the
// same queries on the same series (TestQueryStatistics, TestMaxQuerySamples), under shorter names.

#include "promql/sample_account.hpp"

#include <memory>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "promql/engine.hpp"
#include "promqltest/loader.hpp"
#include "promqltest/script.hpp"
#include "support/map_store.hpp"

namespace tocsin::promql {
namespace {

constexpr std::size_t kPlenty = 50'000'000;

struct World {
  explicit World(const char* load) {
    const auto script = promqltest::parse_script(load, {});
    REQUIRE(script);
    auto points = promqltest::expand_load(std::get<promqltest::LoadCommand>(script->front()));
    REQUIRE(points);
    REQUIRE(promqltest::LoadWriter().write(store, *points, kMaxTimestamp));
  }
  /// Times are seconds; without a step at one time.
  Result<QueryResult> ask(const char* query, std::int64_t start, std::int64_t end, std::int64_t step,
                          std::size_t max_samples = kPlenty) {
    options.max_samples = max_samples;
    options.per_step_stats = true;
    const Engine engine(options, loop);
    QueryOptions asked;
    asked.per_step_stats = true;
    if (step == 0) return engine.instant(store, query, start * 1000, asked);
    return engine.range(store, query, start * 1000, end * 1000, step * 1000, asked);
  }
  QueryStats stats(const char* query, std::int64_t start, std::int64_t end = 0, std::int64_t step = 0) {
    const auto result = ask(query, start, end, step);
    REQUIRE(result);
    return result->stats;
  }

  VirtualLoop loop;
  EngineOptions options;
  test::MapStore store;
};

std::uint64_t sum_of(const std::vector<StepSamples>& steps, std::uint64_t StepSamples::* counted) {
  std::uint64_t sum = 0;
  for (const StepSamples& step : steps) sum += step.*counted;
  return sum;
}

bool is_too_many(const Result<QueryResult>& result) {
  return !result && result.error().code == Errc::kLimit &&
         result.error().message == "query processing would load too many samples into memory in query execution";
}

constexpr const char* kSeries = R"(
load 10s
  one 1+1x100
  three{a="1",b="1"} 1+1x100
  three{a="2",b="2"} 1+1x100
  three{a="3",b="2"} 1+1x100
  h {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100
)";

TEST_CASE("samples that are looked at, read and held are counted as Prometheus counts them") {
  struct Case {
    const char* query;
    std::uint64_t total, read, peak;
    std::int64_t start, end, step;
  };
  static constexpr Case kCases[] = {
      {"\"literal string\"", 0, 0, 0, 21, 0, 0},
      {"1", 0, 0, 1, 21, 0, 0},
      {"one", 1, 1, 1, 21, 0, 0},
      {"h", 13, 13, 13, 21, 0, 0},
      {"timestamp(one)", 1, 1, 2, 21, 0, 0},
      {"timestamp(h)", 1, 1, 2, 21, 0, 0},
      {"one", 1, 1, 1, 22, 0, 0},
      {"one offset 10s", 1, 1, 1, 21, 0, 0},
      {"one @ 15", 1, 1, 1, 21, 0, 0},
      {"three{a=\"1\"}", 1, 1, 1, 21, 0, 0},
      {"three{a=\"1\"} @ 19", 1, 1, 1, 21, 0, 0},
      {"three{a=\"1\"}[20s] @ 19", 2, 2, 2, 21, 0, 0},
      {"three", 3, 3, 3, 21, 0, 0},
      {"one[60s]", 6, 6, 6, 201, 0, 0},
      {"h[60s]", 78, 78, 78, 201, 0, 0},
      {"max_over_time(one[60s])[20s:5s]", 24, 8, 10, 201, 0, 0},
      {"max_over_time(one[61s])[20s:5s]", 26, 8, 11, 201, 0, 0},
      {"max_over_time(h[60s])[20s:5s]", 312, 104, 78, 201, 0, 0},
      {"one[60s] @ 30", 4, 4, 4, 201, 0, 0},
      {"h[60s] @ 30", 52, 52, 52, 201, 0, 0},
      {"sum(max_over_time(three[60s] @ 30))", 12, 12, 7, 201, 0, 0},
      {"sum by (b) (max_over_time(three[60s] @ 30))", 12, 12, 7, 201, 0, 0},
      {"one[60s] offset 10s", 6, 6, 6, 201, 0, 0},
      {"three[60s]", 18, 18, 18, 201, 0, 0},
      {"max_over_time(one[60s])", 6, 6, 7, 201, 0, 0},
      {"absent_over_time(one[60s])", 6, 6, 7, 201, 0, 0},
      {"max_over_time(three[60s])", 18, 18, 9, 201, 0, 0},
      {"one[60s:5s]", 12, 12, 12, 201, 0, 0},
      {"one[60s:5s] offset 10s", 12, 12, 12, 201, 0, 0},
      {"max_over_time(three[60s:5s])", 36, 36, 51, 201, 0, 0},
      {"sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))", 72, 72, 52, 201, 0, 0},
      {"three{a=\"1\"}", 4, 4, 4, 201, 220, 5},
      {"three{a=\"1\"}", 4, 4, 4, 204, 223, 5},
      {"h", 52, 52, 52, 204, 223, 5},
      {"timestamp(one)", 4, 4, 5, 201, 220, 5},
      {"timestamp(h)", 4, 4, 5, 201, 220, 5},
      {"max_over_time(three{a=\"1\"}[10s])", 2, 2, 2, 991, 1021, 10},
      {"three{a=\"1\"} offset 10s", 4, 4, 4, 201, 220, 5},
      {"max_over_time(three[60s] @ 30)", 48, 12, 12, 201, 220, 5},
      {"three", 12, 12, 12, 201, 220, 5},
      {"max_over_time(three[60s])", 72, 21, 18, 201, 220, 5},
      {"max_over_time(three[60s:5s])", 144, 45, 69, 201, 216, 5},
      {"max_over_time(three[60s:5s])", 144, 45, 69, 201, 220, 5},
      {"max_over_time(one[60s:5s])", 48, 15, 31, 201, 220, 5},
      {"sum by (b) (max_over_time(one[60s:5s]))", 48, 15, 31, 201, 220, 5},
      {"sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))", 288, 90, 73, 201, 220, 5},
      {"sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))", 192, 60, 69, 201, 216, 5},
      {"sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))", 192, 60, 69, 201, 220, 5},
      {"max_over_time(one[20s:10s])", 2, 2, 5, 201, 0, 0},
      {"sum_over_time(one[30s:30s])", 1, 1, 3, 90, 0, 0},
      {"max_over_time(one[30s:2m])", 1, 1, 3, 240, 0, 0},
      {"max_over_time(one[30s:10s])", 6, 6, 11, 201, 231, 30},
      {"max_over_time(one[20s:10s])", 14, 8, 17, 201, 261, 10},
      {"max_over_time(one[30s:10s])", 6, 6, 14, 201, 261, 60},
      {"histogram_count(max_over_time(h[20s:10s]))", 26, 26, 52, 201, 0, 0},
      {"avg_over_time(h[2m:1m])", 78, 52, 117, 120, 240, 60},
      {"max_over_time(three[60s:10s])", 126, 72, 99, 200, 400, 30},
      {"predict_linear(one[60s] @ 100, 60)", 18, 6, 12, 100, 300, 100},
      {"sum_over_time(three[20s:10s] @ 200)", 6, 6, 11, 250, 0, 0},
      {"sum_over_time(one[20s:10s] offset 1m)", 2, 2, 5, 240, 0, 0},
      {"sum_over_time(three[1m:10s] @ 200 offset 1m)", 18, 18, 27, 300, 0, 0},
      {"sum_over_time(max_over_time(three[60s] @ 300)[5m:1m] @ 600)[10m:2m]", 75, 18, 23, 800, 0, 0},
      {"rate(sum_over_time(one[30s])[1m:30s])", 2, 6, 5, 240, 0, 0},
  };
  World world(kSeries);
  for (const Case& one : kCases) {
    CAPTURE(one.query, one.start, one.end, one.step);
    const auto result = world.ask(one.query, one.start, one.end, one.step);
    REQUIRE(result);
    CHECK(result->stats.total_samples == one.total);
    CHECK(result->stats.samples_read == one.read);
    CHECK(result->stats.peak_samples == one.peak);
    CHECK(sum_of(result->stats.steps, &StepSamples::total) == one.total);
    CHECK(sum_of(result->stats.steps, &StepSamples::read) == one.read);
    if (one.peak == 0) continue;
    CHECK(world.ask(one.query, one.start, one.end, one.step, one.peak));
    CHECK(is_too_many(world.ask(one.query, one.start, one.end, one.step, one.peak - 1)));
  }
}

TEST_CASE("samples are counted for each step if somebody asks") {
  struct Case {
    const char* query;
    std::vector<std::uint64_t> totals, reads;
    std::int64_t start, end, step;
  };
  const Case cases[] = {
      {"\"literal string\"", {0}, {0}, 21, 0, 0},
      {"1", {0}, {0}, 21, 0, 0},
      {"h", {13}, {13}, 21, 0, 0},
      {"one[60s]", {6}, {6}, 201, 0, 0},
      {"max_over_time(one[60s])[20s:5s]", {24}, {8}, 201, 0, 0},
      {"one[60s:5s]", {12}, {12}, 201, 0, 0},
      {"three", {3, 3, 3, 3}, {3, 3, 3, 3}, 201, 220, 5},
      {"h", {13, 13, 13, 13}, {13, 13, 13, 13}, 204, 223, 5},
      {"timestamp(h)", {1, 1, 1, 1}, {1, 1, 1, 1}, 201, 220, 5},
      {"max_over_time(three{a=\"1\"}[10s])", {1, 1, 0, 0}, {1, 1, 0, 0}, 991, 1021, 10},
      {"max_over_time(three[60s] @ 30)", {12, 12, 12, 12}, {12, 0, 0, 0}, 201, 220, 5},
      {"max_over_time(three[60s])", {18, 18, 18, 18}, {18, 0, 3, 0}, 201, 220, 5},
      {"max_over_time(three[60s:5s])", {36, 36, 36, 36}, {36, 3, 3, 3}, 201, 220, 5},
      {"sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))",
       {48, 48, 48, 48},
       {48, 4, 4, 4},
       201,
       220,
       5},
      {"max_over_time(one[30s:10s])", {3, 3}, {3, 3}, 201, 231, 30},
      {"max_over_time(one[20s:10s])", {2, 2, 2, 2, 2, 2, 2}, {2, 1, 1, 1, 1, 1, 1}, 201, 261, 10},
      {"max_over_time(one[30s:10s])", {3, 3}, {3, 3}, 201, 261, 60},
  };
  World world(kSeries);
  for (const Case& one : cases) {
    CAPTURE(one.query, one.start, one.end, one.step);
    const std::vector<StepSamples> steps = world.stats(one.query, one.start, one.end, one.step).steps;
    REQUIRE(steps.size() == one.totals.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      CAPTURE(i);
      CHECK(steps[i].t == (one.start + static_cast<std::int64_t>(i) * one.step) * 1000);
      CHECK(steps[i].total == one.totals[i]);
      CHECK(steps[i].read == one.reads[i]);
    }
  }
  // Nobody is told who did not ask, or where the engine has no leave.
  const Engine silent(EngineOptions(), world.loop);
  QueryOptions asked;
  CHECK(Engine(world.options, world.loop).instant(world.store, "one", 21'000, asked)->stats.steps.empty());
  asked.per_step_stats = true;
  CHECK(silent.instant(world.store, "one", 21'000, asked)->stats.steps.empty());
}

TEST_CASE("a query may hold exactly as many samples as the limit says") {
  struct Case {
    const char* query;
    std::size_t max_samples;
    std::int64_t start, end, step;
  };
  static constexpr Case kCases[] = {
      {"1", 1, 1, 0, 0},
      {"metric", 1, 1, 0, 0},
      {"metric[20s]", 2, 10, 0, 0},
      {"rate(metric[20s])", 3, 10, 0, 0},
      {"metric[20s:5s]", 3, 10, 0, 0},
      {"metric[20s] @ 10", 2, 0, 0, 0},
      {"1", 3, 0, 2, 1},
      {"metric", 3, 0, 2, 1},
      {"metric", 3, 0, 10, 5},
      {"rate(big[1s])", 1, 0, 10, 5},
      {"metric @ 10", 3, 0, 10, 5},
      {"rate(big[10s:1s] @ 10)", 32, 0, 10, 5},
      {"rate(big[10s:1s] @ 10) + rate(big[10s:1s] @ 30)", 34, 0, 10, 5},
      {"rate(big[10s:1s]) + rate(big[10s:1s] @ 30)", 56, 10, 20, 5},
      {"rate(rate(big[10:1s] @ 10)[100s:25s] @ 1000)[100s:20s] @ 2000", 32, 10, 0, 0},
      {"rate(rate(big[10s:1s] @ 10)[100s:25s] @ 1000)[17s:1s] @ 2000", 34, 10, 0, 0},
      {"max_over_time(h[61s])[20s:5s]", 91, 201, 0, 0},
  };
  World world(R"(
load 10s
  metric 1+1x100
  big{a="1"} 1+1x100
  big{a="2"} 1+1x100
  h {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100
)");
  for (const Case& one : kCases) {
    CAPTURE(one.query, one.start, one.end, one.step);
    const auto within = world.ask(one.query, one.start, one.end, one.step, one.max_samples);
    REQUIRE(within);
    CHECK(within->stats.peak_samples == one.max_samples);
    CHECK(is_too_many(world.ask(one.query, one.start, one.end, one.step, one.max_samples - 1)));
  }
}

TEST_CASE("a histogram weighs its bytes in samples of sixteen") {
  model::FloatHistogram histogram;
  CHECK(sample_size(histogram) == 11);
  histogram.positive_spans = {{0, 4}};
  histogram.positive_buckets = {1, 3, 4, 5};
  CHECK(sample_size(histogram) == 13);
  histogram.negative_spans = {{0, 1}, {5, 1}};
  histogram.negative_buckets = {1, 1};
  histogram.custom_values = {1, 2, 3};
  CHECK(sample_size(histogram) == 17);
}

TEST_CASE("what is evaluated once for several places counts in each") {
  World world(kSeries);
  CHECK(world.stats("sum(three)", 21).total_samples == 3);
  CHECK(world.stats("sum(three) / count(three)", 21).total_samples == 6);
  CHECK(world.stats("sum(three) / count(three)", 21).samples_read == 6);
}

TEST_CASE("windows that are known by summaries count like those that are read") {
  World world(kSeries);
  for (const char* const query : {"rate(three[10m])", "sum_over_time(one[10m])", "absent_over_time(one[10m])"}) {
    CAPTURE(query);
    world.options.summaries = SummaryUse::kNever;
    const QueryStats read = world.stats(query, 900);
    const QueryStats apart = world.stats(query, 100, 900, 700);
    world.options.summaries = SummaryUse::kAlways;
    CHECK(world.stats(query, 900).total_samples == read.total_samples);
    CHECK(world.stats(query, 900).samples_read == read.samples_read);
    CHECK(world.stats(query, 900).peak_samples == read.peak_samples);
    CHECK(world.stats(query, 100, 900, 700).total_samples == apart.total_samples);
    CHECK(world.stats(query, 100, 900, 700).samples_read == apart.samples_read);
    // Of windows that overlap, the share of time that is new is taken for that of samples.
    CHECK(world.stats(query, 700, 900, 60).samples_read > 0);
  }
}

}  // namespace
}  // namespace tocsin::promql
