// What is calculated with native histograms is calculated with each of their buckets.

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "base/virtual_loop.hpp"
#include "model/histogram.hpp"
#include "model/histogram_buckets.hpp"
#include "promql/engine.hpp"
#include "support/map_store.hpp"
#include "support/one_bucket.hpp"

namespace tocsin::promql {
namespace {

constexpr int kBuckets = 5;
constexpr int kSeries = 4;
constexpr Timestamp kEnd = 1'800'000;

/// Histograms `h`, and their buckets, counts and sums as floats: `bucket{index}`, `count`, `sum`.
struct World {
  explicit World(std::uint64_t seed, bool gauge) {
    Rng rng(seed);
    for (int s = 0; s < kSeries; ++s) {
      const std::string job = std::to_string(s);
      std::vector<double> counts(kBuckets);
      for (Timestamp t = 15'000; t <= kEnd; t += 15'000) {
        if (rng.next() % 20 == 0) continue;
        auto h = std::make_shared<model::FloatHistogram>();
        h->reset_hint = gauge ? model::CounterReset::kGauge : model::CounterReset::kUnknown;
        h->positive_spans = {{-2, 2}, {3, 3}};
        if (!gauge && rng.next() % 30 == 0) counts.assign(kBuckets, 0);
        for (double& count : counts) {
          count = gauge ? static_cast<double>(rng.next() % 1000) / 7 : count + static_cast<double>(rng.next() % 9);
          h->positive_buckets.push_back(count);
          h->count += count;
        }
        h->sum = h->count / 3;
        for (int b = 0; b < kBuckets; ++b) {
          store.add({{"__name__", "bucket"}, {"index", std::to_string(b)}, {"job", job}}, t, counts[b]);
        }
        store.add({{"__name__", "count"}, {"job", job}}, t, h->count);
        store.add({{"__name__", "sum"}, {"job", job}}, t, h->sum);
        const model::Labels labels{{"__name__", "h"}, {"job", job}};
        const auto appender = store.appender();
        appender->append_histogram(0, &labels, t, std::move(h));
        REQUIRE(appender->commit());
      }
    }
  }

  /// By labels, time and part ("count", "sum", "0".."4").
  using Parts = std::map<std::string, double>;
  Matrix range(const std::string& query) {
    const auto result = Engine({}, loop).range(store, query, 600'000, kEnd, 60'000);
    INFO(query << ": " << (result ? "" : result.error().message));
    REQUIRE(result);
    return std::get<Matrix>(result->value);
  }
  static std::string key(const model::Labels& labels, Timestamp t, const std::string& part) {
    return labels.without({"__name__", "index"}).to_string() + "@" + std::to_string(t) + " " + part;
  }
  static void put_metric(std::string& pattern, std::string_view metric) {
    for (auto at = pattern.find('$'); at != std::string::npos; at = pattern.find('$')) pattern.replace(at, 1, metric);
  }
  /// @param pattern  with $ where the metric stands.
  Parts of_histograms(std::string pattern) {
    put_metric(pattern, "h");
    Parts parts;
    for (const MatrixSeries& series : range(pattern)) {
      CHECK(series.floats.empty());
      for (const HistogramPoint& point : series.histograms) {
        parts[key(series.labels, point.t, "count")] = point.h->count;
        parts[key(series.labels, point.t, "sum")] = point.h->sum;
        static const std::map<std::int64_t, std::string> kNames{{-2, "0"}, {-1, "1"}, {3, "2"}, {4, "3"}, {5, "4"}};
        std::vector<double> counts(kBuckets);
        for (model::BucketCursor at(point.h->positive_spans, point.h->positive_buckets); !at.done(); at.next()) {
          counts[static_cast<std::size_t>(std::stoi(kNames.at(at.index())))] = at.count();
        }
        for (int b = 0; b < kBuckets; ++b) parts[key(series.labels, point.t, std::to_string(b))] = counts[b];
      }
    }
    return parts;
  }
  Parts of_floats(const std::string& pattern, const std::string& grouped) {
    Parts parts;
    for (const char* const metric : {"bucket", "count", "sum"}) {
      std::string query = std::string(metric) == "bucket" ? grouped : pattern;
      put_metric(query, metric);
      for (const MatrixSeries& series : range(query)) {
        const std::string part =
            std::string(metric) == "bucket" ? std::string(series.labels.get("index")) : std::string(metric);
        for (const model::Sample& point : series.floats) parts[key(series.labels, point.t, part)] = point.v;
      }
    }
    return parts;
  }

  VirtualLoop loop;
  test::MapStore store;
};

bool close(double a, double b) {
  return a == b || std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
}

/// @param grouped  the same for buckets, where an aggregation has to keep them apart.
void compare(World& world, const std::string& pattern, const std::string& grouped) {
  INFO(pattern);
  const auto histograms = world.of_histograms(pattern);
  const auto floats = world.of_floats(pattern, grouped);
  CHECK(histograms.size() > 100);
  REQUIRE(histograms.size() == floats.size());
  for (const auto& [key, value] : floats) {
    const auto found = histograms.find(key);
    INFO(key);
    REQUIRE(found != histograms.end());
    REQUIRE(close(found->second, value));
  }
}

TEST_CASE("gauge histograms are calculated with as their buckets are") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    World world(seed, true);
    for (const std::string query :
         {"delta($[5m])", "idelta($[5m])", "sum_over_time($[5m])", "avg_over_time($[7m])", "last_over_time($[5m])",
          "first_over_time($[5m])", "$ * 2.5", "3 * $", "$ / 7", "-$", "sum_over_time($[5m:30s])"}) {
      compare(world, query, query);
    }
    compare(world, "sum($)", "sum by (index) ($)");
    compare(world, "avg($)", "avg by (index) ($)");
    compare(world, "sum($ offset 1m) * 3", "sum by (index) ($ offset 1m) * 3");
    compare(world, "$ unless $ offset 20m or $", "$ unless $ offset 20m or $");
  }
}

TEST_CASE("counter histograms are calculated with as their buckets are") {
  World world(7, false);
  // Windows in whose first sample nothing limits the extrapolation: that goes by the count, not by each bucket.
  for (const std::string query : {"irate($[5m])"}) compare(world, query, query);
  const auto resets = world.range("resets(h[10m])");
  const auto expected = world.range("resets(count[10m])");
  REQUIRE(resets.size() == expected.size());
  for (std::size_t i = 0; i < resets.size(); ++i) {
    for (std::size_t k = 0; k < resets[i].floats.size(); ++k) {
      CHECK(resets[i].floats[k].v >= expected[i].floats[k].v);
    }
  }
  const auto rates = world.of_histograms("increase($[10m])");
  for (const auto& [key, value] : world.of_floats("increase($[10m])", "increase($[10m])")) {
    if (!key.ends_with(" count")) continue;
    INFO(key);
    REQUIRE(close(rates.at(key), value));
  }
}

TEST_CASE("a subtraction undoes an addition, a division a multiplication") {
  World world(11, true);
  const auto plain = world.of_histograms("$");
  auto check = [&](const std::string& query) {
    INFO(query);
    const auto parts = world.of_histograms(query);
    REQUIRE(parts.size() == plain.size());
    double most = 0;
    for (const auto& [key, value] : parts) {
      const double before = plain.at(key);
      most = std::max(most, std::abs(before - value) / std::max(1.0, std::abs(before)));
    }
    CHECK(most < 1e-12);
  };
  check("$ + h - h");
  check("$ * 3 / 3");
  check("-(-$)");
}

TEST_CASE("histograms that contradict each other about a reset have a sum within an aggregation alone") {
  using Hint = model::CounterReset;
  test::MapStore store;
  for (const auto& [was, hint] : {std::pair{"reset", Hint::kReset}, std::pair{"none", Hint::kNotReset}}) {
    auto h = test::one_bucket(2);
    h->reset_hint = hint;
    const model::Labels labels{{"__name__", "h"}, {"was", was}};
    const auto appender = store.appender();
    appender->append_histogram(0, &labels, 60'000, std::move(h));
    REQUIRE(appender->commit());
  }
  VirtualLoop loop;
  const Engine engine({}, loop);
  const auto ask = [&](const std::string& query) { return engine.instant(store, query, 60'000); };
  for (const auto& [op, operation] : {std::pair{"+", "addition"}, std::pair{"-", "subtraction"}}) {
    const auto result = ask(std::string("h{was=\"reset\"} ") + op + " ignoring (was) h{was=\"none\"}");
    REQUIRE(result);
    CHECK(std::get<Vector>(result->value).empty());
    REQUIRE(result->warnings.size() == 1);
    CHECK(result->warnings[0] ==
          std::string("PromQL warning: conflicting counter resets during histogram ") + operation + " (1:1)");
  }
  const auto sum = ask("sum(h)");
  REQUIRE(sum);
  CHECK(std::get<Vector>(sum->value).front().h->count == 4);
  REQUIRE(sum->warnings.size() == 1);
  CHECK(sum->warnings[0] == "PromQL warning: conflicting counter resets during histogram aggregation (1:5)");
}

}  // namespace
}  // namespace tocsin::promql
