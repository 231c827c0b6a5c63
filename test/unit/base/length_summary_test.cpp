#include "base/length_summary.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("lengths are counted, summed and put into buckets") {
  LengthSummary summary;
  CHECK(std::isnan(summary.stats(0s).quantiles[0]));
  for (const double seconds : {0.01, 0.05, 0.5, 5.0, 50.0}) summary.observe(1s, seconds);
  const auto stats = summary.stats(2s);
  CHECK(stats.count == 5);
  CHECK(stats.sum_seconds == Approx(55.56));
  CHECK(stats.buckets == std::array<std::uint64_t, 4>{1, 2, 3, 4});
  CHECK(stats.quantiles == std::array<double, 5>{0.01, 0.01, 0.5, 50, 50});
}

TEST_CASE("quantiles forget what is ten minutes old, and look at a thousand lengths at most") {
  LengthSummary summary;
  summary.observe(0s, 100);
  for (int i = 1; i <= 100; ++i) summary.observe(5min, i);
  CHECK(summary.stats(10min).quantiles == std::array<double, 5>{2, 6, 51, 91, 100});
  CHECK(summary.stats(11min).quantiles == std::array<double, 5>{1, 5, 50, 90, 99});
  CHECK(std::isnan(summary.stats(16min).quantiles[2]));
  CHECK(summary.stats(16min).count == 101);
  for (int i = 0; i < 1000; ++i) summary.observe(20min, 7);
  CHECK(summary.stats(20min).quantiles == std::array<double, 5>{7, 7, 7, 7, 7});
}
