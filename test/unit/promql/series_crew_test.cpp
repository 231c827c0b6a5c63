// Queries whose series are worked on by several threads: answers, errors and counts are those of one thread.

#include "promql/series_crew.hpp"

#include <atomic>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "base/virtual_loop.hpp"
#include "promql/engine.hpp"
#include "support/map_store.hpp"
#include "support/one_bucket.hpp"
#include "support/promql_exact.hpp"
#include "support/test_helpers.hpp"

namespace tocsin::promql {
namespace {

using test::exact;

constexpr int kSeries = 60;
constexpr Timestamp kEnd = 3'600'000;

/// Values whose sums depend on the order in which they are added.
void fill(test::MapStore& store) {
  Rng rng(7);
  const auto appender = store.appender();
  for (int i = 0; i < kSeries; ++i) {
    const auto labels = [&](const char* name) {
      return model::Labels{
          {"__name__", name}, {"job", fmt::format("job-{}", i % 4)}, {"instance", fmt::format("host-{}", i)}};
    };
    const model::Labels total = labels("requests_total"), gauge = labels("temperature"), histogram = labels("latency");
    double count = 0;
    for (Timestamp t = (i % 5) * 100'000; t <= kEnd; t += 15'000) {
      count = rng.next() % 50 == 0 ? 0 : count + rng.uniform() * 10;
      appender->append(0, &total, t, count);
      appender->append(0, &gauge, t, (rng.uniform() - 0.5) * 1e6);
      if (i >= 10) continue;
      appender->append_histogram(0, &histogram, t, test::one_bucket(count));
    }
  }
  REQUIRE(appender->commit());
}

struct World {
  World() { fill(store); }
  Result<QueryResult> ask(std::string_view query, Helpers* helpers, bool instant = false) {
    EngineOptions with = options;
    with.helpers = helpers;
    const Engine engine(with, loop);
    return instant ? engine.instant(store, query, kEnd) : engine.range(store, query, 600'000, kEnd, 30'000);
  }

  VirtualLoop loop;
  EngineOptions options{.help_from = 2'000};
  test::MapStore store;
};

constexpr const char* kQueries[] = {
    "requests_total",
    "sum by (job) (rate(requests_total[5m]))",
    "avg(temperature)",
    "stddev by (job) (temperature)",
    "topk(3, rate(requests_total[2m]))",
    "quantile(0.7, temperature)",
    "sum(rate(temperature[5m]))",  // with a note on its name
    "sum by (job) (rate(requests_total[5m])) / on (job) sum by (job) (avg_over_time(temperature[10m]))",
    "requests_total - requests_total offset 5m",
    "sum(sum_over_time(temperature[7m]))",
    "quantile_over_time(0.3, temperature[9m])",
    "histogram_quantile(0.9, sum(rate(latency[5m])))",
    "count(latency)",
    "absent_over_time(requests_total[1m])",
    "max_over_time(rate(requests_total[2m])[10m:1m])",
    "sum(requests_total @ 1800)",
    "sum(rate({__name__=~\"requests_total|latency\"}[5m]))",
    "count_values(\"v\", round(temperature, 1e5))",
    "label_replace(requests_total, \"x\", \"$1\", \"instance\", \"host-(.*)\")",
    "rate({job=\"job-1\"}[5m])",  // two of one label set: an error
    "sum(temperature) + sum(temperature)",
};

TEST_CASE("answers are the same to the bit whoever works on the series") {
  World world;
  std::size_t helped = 0;
  for (const char* const query : kQueries) {
    for (const bool instant : {false, true}) {
      const std::string alone = exact(world.ask(query, nullptr, instant));
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO(query << " by seed " << seed);
        world.options.help_from = seed % 2 == 0 ? 0 : 2'000;
        test::InterleavingHelpers helpers(seed);
        CHECK(exact(world.ask(query, &helpers, instant)) == alone);
        helped += helpers.started();
      }
    }
  }
  CHECK(helped > 1000);
}

TEST_CASE("answers are the same to the bit with helpers on threads of their own") {
  World world;
  std::size_t helped = 0;
  for (const char* const query : kQueries) {
    const std::string alone = exact(world.ask(query, nullptr));
    INFO(query);
    test::ThreadHelpers helpers;
    CHECK(exact(world.ask(query, &helpers)) == alone);
    helped += helpers.started();
  }
  CHECK(helped > std::size(kQueries));
}

TEST_CASE("a limit of samples is met at the same sample with helpers as without") {
  World world;
  world.options.help_from = 0;
  for (const char* const query : {"requests_total", "sum(rate(requests_total[20m]))", "topk(2, latency)"}) {
    const auto whole = world.ask(query, nullptr);
    REQUIRE(whole);
    const std::size_t peak = whole->stats.peak_samples;
    for (const std::size_t most : {std::size_t{1}, peak / 3, peak - 1, peak}) {
      INFO(query << " with at most " << most);
      world.options.max_samples = most;
      const auto alone = world.ask(query, nullptr);
      CHECK(alone.has_value() == (most == peak));
      test::InterleavingHelpers helpers(most);
      CHECK(exact(world.ask(query, &helpers)) == exact(alone));
    }
    world.options.max_samples = EngineOptions().max_samples;
  }
}

/// Hands out some series of the first selection, and others of later ones.
class MovingStore final : public storage::Queryable {
 public:
  explicit MovingStore(storage::Queryable& store) : store_(store) {}
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    ++queriers;
    TOCSIN_TRY(auto inner, store_.querier(start, end));
    return std::make_unique<MovingQuerier>(std::move(inner));
  }
  int queriers = 0;

 private:
  class MovingQuerier final : public storage::Querier {
   public:
    explicit MovingQuerier(std::unique_ptr<storage::Querier> inner) : inner_(std::move(inner)) {}
    std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                               std::span<const model::Matcher> matchers) override {
      auto set = inner_->select(hints, matchers);
      if (++selects_ > 1) (void)set->next();  // the retention took the first one
      return set;
    }
    Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t most) override {
      return inner_->label_names(matchers, most);
    }
    Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                  std::size_t most) override {
      return inner_->label_values(name, matchers, most);
    }

   private:
    std::unique_ptr<storage::Querier> inner_;
    int selects_ = 0;
  };
  storage::Queryable& store_;
};

TEST_CASE("if the retention takes a series between the selections of two workers, the query runs again on one thread") {
  World world;
  MovingStore moving(world.store);
  for (const std::uint64_t help_from : {0, 2'000, 40'000}) {
    test::InterleavingHelpers helpers(3);
    EngineOptions options{.help_from = help_from};
    options.helpers = &helpers;
    moving.queriers = 0;
    const auto found = Engine(options, world.loop).range(moving, "sum(temperature)", 600'000, kEnd, 30'000);
    REQUIRE(found);
    CHECK(std::visit(test::ExactValue(), found->value) ==
          std::visit(test::ExactValue(), world.ask("sum(temperature)", nullptr)->value));
    CHECK(moving.queriers == (helpers.started() > 0 ? 2 : 1));
  }
}

/// Accepts work and destroys it unrun, as threads do that are stopped.
class StoppedHelpers final : public Helpers {
 public:
  bool start(Job) override { return ++asked < 100; }
  bool idle() const override { return true; }
  bool spare() const override { return true; }
  int asked = 0;
};

TEST_CASE("a query does not wait for helpers that never begin") {
  World world;
  StoppedHelpers helpers;
  CHECK(exact(world.ask("sum(temperature)", &helpers)) == exact(world.ask("sum(temperature)", nullptr)));
  CHECK(helpers.asked > 1);
}

/// Cancels the query as soon as it asks for help, then helps.
class CancelingHelpers final : public Helpers {
 public:
  bool start(Job job) override {
    canceled->store(true);
    job();
    return true;
  }
  bool idle() const override { return true; }
  bool spare() const override { return true; }
  std::shared_ptr<std::atomic<bool>> canceled = std::make_shared<std::atomic<bool>>(false);
};

TEST_CASE("a cancellation reaches whoever works on the query") {
  World world;
  CancelingHelpers helpers;
  EngineOptions options{.helpers = &helpers, .help_from = 5'000};
  QueryOptions asked;
  asked.canceled = helpers.canceled;
  const auto gone = Engine(options, world.loop).range(world.store, "sum(temperature)", 0, kEnd, 1'000, asked);
  REQUIRE(helpers.canceled->load());
  REQUIRE(!gone);
  CHECK(gone.error().code == Errc::kCanceled);
  CHECK(gone.error().message == "query was canceled in expression evaluation");
}

}  // namespace
}  // namespace tocsin::promql
