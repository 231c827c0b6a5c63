// Functions of one range selector: what they say does not depend on who read it.

#include "promql/range_call_group.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/rng.hpp"
#include "base/virtual_loop.hpp"
#include "model/sample.hpp"
#include "promql/engine.hpp"
#include "support/map_store.hpp"
#include "support/one_bucket.hpp"
#include "support/promql_exact.hpp"
#include "support/test_helpers.hpp"

namespace tocsin::promql {
namespace {

constexpr Timestamp kEnd = 1'200'000;

/// Counters with gaps, gauges that are stale at times, native histograms, and floats among these.
void fill(test::MapStore& store) {
  Rng rng(9);
  const auto appender = store.appender();
  for (int i = 0; i < 12; ++i) {
    const auto labels = [&](const char* name) {
      return model::Labels{{"__name__", name}, {"job", i % 2 == 0 ? "a" : "b"}, {"instance", std::to_string(i)}};
    };
    const model::Labels total = labels("requests_total"), gauge = labels("temperature"), histogram = labels("latency");
    double count = 0;
    for (Timestamp t = i * 20'000; t <= kEnd; t += 15'000) {
      count = rng.next() % 30 == 0 ? 0 : count + rng.uniform() * 10;
      if (rng.next() % 8 != 0) appender->append(0, &total, t, count);
      appender->append(0, &gauge, t, rng.next() % 20 == 0 ? model::stale_nan() : rng.uniform() - 0.5);
      if (i % 3 == 0 && rng.next() % 10 == 0) {
        appender->append(0, &histogram, t, count);
        continue;
      }
      appender->append_histogram(0, &histogram, t, test::one_bucket(count));
    }
  }
  REQUIRE(appender->commit());
}

struct World {
  World() { fill(store); }
  std::string ask(const std::string& query, bool instant, Helpers* helpers = nullptr) {
    options.helpers = helpers;
    const Engine engine(options, loop);
    const auto result =
        instant ? engine.instant(store, query, kEnd) : engine.range(store, query, 200'000, kEnd, 20'000);
    std::string text = test::exact(result);
    // Not how much the store handed out, which is what reading once is for.
    if (result) text.erase(text.rfind(' '));
    return text;
  }
  VirtualLoop loop;
  EngineOptions options{.help_from = 0};
  test::MapStore store;
};

constexpr std::string_view kFunctions[] = {"rate",
                                           "increase",
                                           "delta",
                                           "irate",
                                           "idelta",
                                           "changes",
                                           "resets",
                                           "deriv",
                                           "avg_over_time",
                                           "min_over_time",
                                           "max_over_time",
                                           "sum_over_time",
                                           "count_over_time",
                                           "last_over_time",
                                           "stddev_over_time",
                                           "stdvar_over_time",
                                           "present_over_time"};

/// Both texts have the same length, so that places in annotations are the same.
std::string with_selectors(std::string_view form, std::string_view metric, bool equal) {
  return fmt::format(fmt::runtime(form), fmt::format("{}{{a!=\"1\"}}[3m]", metric),
                     fmt::format("{}{{a!=\"{}\"}}[3m]", metric, equal ? 1 : 2));
}

TEST_CASE("two functions say of one selector what they say of two") {
  World world;
  for (const std::string_view metric : {"requests_total", "temperature", "latency"}) {
    for (const std::string_view f : kFunctions) {
      for (const std::string_view g : kFunctions) {
        for (const bool instant : {false, true}) {
          const std::string form = fmt::format("{}({{0}}) + {}({{1}})", f, g);
          const std::string query = with_selectors(form, metric, true);
          INFO(query << (instant ? " at a time" : " over a range"));
          CHECK(world.ask(query, instant) == world.ask(with_selectors(form, metric, false), instant));
        }
      }
    }
  }
}

TEST_CASE("it does not matter how results are asked for, or whether they are") {
  World world;
  for (const std::string_view metric : {"requests_total", "latency"}) {
    for (const std::string_view form : {
             "sum by (job) (rate({0})) / sum by (job) (changes({1}))",
             "topk(0, rate({0})) or changes({1})",
             "limitk(1, rate({0})) or changes({1})",
             "rate({0}) or changes({1}) or rate({0}) or max_over_time({0})",
             "rate({0}) and changes({1}) unless max_over_time({1})",
             "rate({0}) > 1e9 or changes({1})",
             "scalar(sum(rate({0}))) + changes({1})",
             "(rate({0}) / rate({0})) + max_over_time({1}) - (changes({1}) - changes({0}))",
             "sum_over_time(rate({0})[2m:20s]) + sum_over_time(changes({1})[2m:20s])",
             "histogram_count(increase({0})) + changes({1})",
             "quantile(0.5, rate({0})) + on () sum(resets({1})) + on () max(irate({0}))",
             "label_replace(rate({0}), \"job\", \"c\", \"\", \"\") or changes({1})",
             "sum(rate({0})) + on (job) group_left () changes({1})",
         }) {
      for (const bool instant : {false, true}) {
        const std::string query = with_selectors(form, metric, true);
        INFO(query << (instant ? " at a time" : " over a range"));
        const std::string expected = world.ask(with_selectors(form, metric, false), instant);
        CHECK(world.ask(query, instant) == expected);
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
          test::InterleavingHelpers helpers(seed);
          CHECK(world.ask(query, instant, &helpers) == expected);
        }
      }
    }
  }
}

TEST_CASE("what is too much to keep is read again, and no query fails by what is kept for it") {
  World world;
  const std::string query = "sum(max_over_time(temperature[1m])) - sum(min_over_time(temperature[1m]))";
  const std::string expected = world.ask(query, false);
  // As few samples as the query needs without anything kept, by trial.
  std::size_t least = 1;
  const auto answers = [&](const std::string& text, std::size_t samples) {
    world.options.max_samples = samples;
    return world.ask(text, false);
  };
  const std::string apart = "sum(max_over_time(temperature[1m])) - sum(min_over_time(temperature{job!=\"\"}[1m]))";
  while (answers(apart, least) != expected && least < 1'000'000) least = least * 5 / 4 + 1;
  CHECK(least < 10'000);
  CHECK(answers(query, least) == expected);
}

}  // namespace
}  // namespace tocsin::promql
