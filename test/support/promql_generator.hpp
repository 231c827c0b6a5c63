#pragma once
// Random data and random expressions of the stable language, for comparing the engine with its twin.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"
#include "support/promql_twin.hpp"

namespace tocsin::test {

/// Thread: one. The same seed gives the same data and the same expressions.
class PromqlGenerator {
 public:
  explicit PromqlGenerator(std::uint64_t seed) : rng_(seed) {}

  /// Native histograms, too: exponential ones, some series of them mixed with floats, and ones with bounds of their
  /// own; info metrics; and the experimental parts of the language. Without it: the stable language of floats, which
  /// every Prometheus since 2.42 knows.
  PromqlGenerator& whole() {
    whole_ = true;
    return *this;
  }
  /// The whole, with samples that say when their counting began; some of them contradict each other.
  PromqlGenerator& with_starts() {
    starts_ = true;
    return whole();
  }
  /// Counters with resets, gauges with gaps and staleness markers, small integers with NaN and Inf, a classic
  /// histogram, an info metric: 0 to 30 minutes, one sample about every 15 s. Values are multiples of 1/8, so that sums
  /// are exact in any order.
  TwinData data();
  /// An instant vector or a scalar; nested up to `depth`.
  std::string expression(int depth);

 private:
  std::uint64_t below(std::uint64_t n) { return rng_.next() % n; }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<std::string_view> choices);

  TwinSeries counter();
  TwinSeries gauge();
  TwinSeries setting();
  TwinSeries histogram();
  TwinSeries custom_histogram(bool mixed);
  TwinSeries hinted_histogram();
  void add_whole(TwinData& data);

  /// Functions that lose digits, so that two ways to evaluate them differ: never within another expression, which could
  /// make much of a small difference.
  std::string delicate(int depth);
  std::string vector(int depth);
  std::string scalar(int depth);
  std::string range(int depth);
  std::string selector(std::string_view metric);
  std::string any_selector();
  std::string modifiers();
  std::string duration(std::uint64_t max_seconds);
  std::string labels();
  std::string aggregation(int depth);
  std::string range_function(int depth);
  std::string function(int depth);
  std::string scalar_binary(int depth);
  std::string vector_binary(int depth);
  std::string arithmetic();
  std::string comparison();

  std::string histogram_metric();
  std::string bounds();
  std::string buckets();
  std::string info_call();
  std::string experimental_function(int depth);
  std::string histogram_vector(int depth);
  std::string histogram_function(int depth);
  std::string experimental(int depth);

  void add_starts(TwinSeries& series);
  std::string starts(int depth);

  Rng rng_;
  bool whole_ = false, starts_ = false;
};

}  // namespace tocsin::test
