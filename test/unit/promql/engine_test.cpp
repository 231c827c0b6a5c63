// The engine at its edges: limits, errors, kinds of answers, what it asks of the store.

#include "promql/engine.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "model/histogram.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"
#include "support/map_store.hpp"

namespace tocsin::promql {
namespace {

using test::MapStore;

/// Passes everything on and counts what it is asked.
class CountingStore final : public storage::Queryable {
 public:
  explicit CountingStore(MapStore& store) : store_(store) {}

  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    ++queriers;
    first = start;
    last = end;
    if (broken) return fail(Errc::kCorrupt, "the disk is gone");
    TOCSIN_TRY(std::unique_ptr<storage::Querier> inner, store_.querier(start, end));
    return std::make_unique<CountingQuerier>(*this, std::move(inner));
  }

  int queriers = 0, selects = 0;
  Timestamp first = 0, last = 0;
  storage::SelectHints hints;
  bool broken = false;
  std::function<void()> on_select = [] {};

 private:
  class CountingQuerier final : public storage::Querier {
   public:
    CountingQuerier(CountingStore& owner, std::unique_ptr<storage::Querier> inner)
        : owner_(owner), inner_(std::move(inner)) {}
    std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& asked,
                                               std::span<const model::Matcher> matchers) override {
      ++owner_.selects;
      owner_.hints = asked;
      owner_.on_select();
      return inner_->select(asked, matchers);
    }
    Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override {
      return inner_->label_names(matchers, limit);
    }
    Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                  std::size_t limit) override {
      return inner_->label_values(name, matchers, limit);
    }

   private:
    CountingStore& owner_;
    std::unique_ptr<storage::Querier> inner_;
  };

  MapStore& store_;
};

struct World {
  World() {
    for (const char* const job : {"a", "b"}) {
      for (Timestamp t = 0; t <= 600'000; t += 15'000) {
        store.add({{"__name__", "m_total"}, {"job", job}}, t, static_cast<double>(t) / 1000);
      }
    }
  }
  Result<QueryResult> instant(std::string_view query, Timestamp at = 300'000, const QueryOptions& query_options = {}) {
    return Engine(options, loop).instant(counting, query, at, query_options);
  }
  Result<QueryResult> range(std::string_view query, Timestamp start = 0, Timestamp end = 600'000,
                            std::int64_t step = 15'000) {
    return Engine(options, loop).range(counting, query, start, end, step);
  }
  static Error error(const Result<QueryResult>& result) {
    REQUIRE(!result);
    return result.error();
  }

  VirtualLoop loop;
  EngineOptions options;
  MapStore store;
  CountingStore counting{store};
};

TEST_CASE("each type of expression has its kind of answer") {
  World world;
  CHECK(std::get<Scalar>(world.instant("1 + 1")->value).v == 2);
  CHECK(std::get<Text>(world.instant("(\"a\")")->value).v == "a");
  CHECK(std::get<Vector>(world.instant("m_total")->value).size() == 2);
  const auto matrix = world.instant("m_total[1m]");
  REQUIRE(std::get<Matrix>(matrix->value).size() == 2);
  CHECK(std::get<Matrix>(matrix->value).front().floats.size() == 4);
  CHECK(std::get<Matrix>(world.instant("(m_total[1m:30s])")->value).front().floats.size() == 2);
  CHECK(std::get<Matrix>(world.range("time()")->value).front().floats.size() == 41);
  CHECK(std::get<Matrix>(world.range("m_total")->value).size() == 2);
}

TEST_CASE("a range query refuses what has no value at each step") {
  World world;
  const Error matrix = World::error(world.range("m_total[1m]"));
  CHECK(matrix.code == Errc::kInvalid);
  CHECK(matrix.message == "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
  CHECK(World::error(world.range("\"text\"")).code == Errc::kInvalid);
  CHECK(World::error(world.range("m_total", 0, 10, 0)).code == Errc::kInvalid);
  CHECK(World::error(world.range("m_total", 10, 0, 5)).code == Errc::kInvalid);
}

TEST_CASE("a query that does not parse says where") {
  World world;
  const Error error = World::error(world.instant("sum(m_total"));
  CHECK(error.code == Errc::kInvalid);
  CHECK(error.message.find("parse error") != std::string::npos);
}

TEST_CASE("times that no store can have are refused, not overflowed") {
  World world;
  CHECK(World::error(world.instant("m_total", kMaxTimestamp)).code == Errc::kInvalid);
  CHECK(World::error(world.range("m_total", kMinTimestamp, 0, 1)).code == Errc::kInvalid);
  CHECK(world.instant("m_total offset 290y"));
  CHECK(world.instant("m_total @ 9e15"));
  CHECK(world.instant("sum_over_time(m_total[290y:1y] @ -9e12)"));
}

TEST_CASE("a query that needs more samples than it may have ends with Prometheus' words") {
  World world;
  world.options.max_samples = 60;
  CHECK(world.instant("sum(m_total)"));
  const Error error = World::error(world.range("m_total"));
  CHECK(error.code == Errc::kLimit);
  CHECK(error.message == "query processing would load too many samples into memory in query execution");
  world.options.max_samples = 30;
  CHECK(World::error(world.instant("sum_over_time(m_total[1h])", 600'000)).code == Errc::kLimit);
}

TEST_CASE("a subquery of a billion steps ends at the limit") {
  World world;
  const Error error = World::error(world.instant("sum_over_time(vector(1)[10y:1ms])"));
  CHECK(error.code == Errc::kLimit);
  CHECK(error.message == "query processing would load too many samples into memory in query execution");
  CHECK(World::error(world.range("vector(1)", 0, 1'000'000'000'000, 1)).code == Errc::kLimit);
}

TEST_CASE("a query that takes too long ends with Prometheus' words") {
  World world;
  world.counting.on_select = [&] { world.loop.advance(std::chrono::minutes(3)); };
  // The clock is looked at now and then: give it some work.
  const Error error = World::error(world.range("sum(max_over_time(m_total[5m:1s]))", 0, 600'000, 1'000));
  CHECK(error.code == Errc::kTimeout);
  CHECK(error.message == "query timed out in expression evaluation");

  QueryOptions patient;
  patient.timeout = std::chrono::hours(1);  // the engine's own limit stays
  CHECK(World::error(Engine(world.options, world.loop)
                         .range(world.counting, "sum(max_over_time(m_total[5m:1s]))", 0, 600'000, 1'000, patient))
            .code == Errc::kTimeout);
}

TEST_CASE("a canceled query ends with Prometheus' words") {
  World world;
  auto canceled = std::make_shared<std::atomic<bool>>(true);
  QueryOptions options;
  options.canceled = canceled;
  const Error error = World::error(world.instant("m_total", 0, options));
  CHECK(error.code == Errc::kCanceled);
  CHECK(error.message.find("query was canceled in ") == 0);
  canceled->store(false);
  CHECK(world.instant("m_total", 0, options));
}

TEST_CASE("errors of the store come through as they are") {
  World world;
  world.counting.broken = true;
  const Error error = World::error(world.instant("m_total"));
  CHECK(error.code == Errc::kCorrupt);
  CHECK(error.message == "the disk is gone");
  CHECK(world.instant("1 + 1"));  // nothing is asked of the store
}

TEST_CASE("equal parts of a query are read once") {
  World world;
  CHECK(world.instant("sum(m_total) / count(m_total)"));
  CHECK(world.counting.selects == 1);
  world.counting.selects = 0;
  CHECK(world.range("rate(m_total[1m]) / on (job) rate(m_total[1m])"));
  CHECK(world.counting.selects == 1);
  world.counting.selects = 0;
  CHECK(world.range("sum(m_total) / sum(m_total offset 1m)"));
  CHECK(world.counting.selects == 2);
  world.counting.selects = 0;
  // The same text means another thing within a subquery.
  CHECK(world.range("sum(m_total) + sum(sum_over_time((sum(m_total))[2m:30s]))"));
  CHECK(world.counting.selects == 2);
}

TEST_CASE("a range selector of several functions is read once") {
  World world;
  struct Case {
    const char* query;
    int selects;
  };
  for (const Case& c : {
           Case{"max_over_time(m_total[1m]) - min_over_time(m_total[1m])", 1},
           Case{"sum(rate(m_total[1m])) / sum(increase(m_total[1m])) + sum(changes(m_total[1m]))", 1},
           Case{"rate(m_total[1m]) / on (job) rate(m_total[1m]) + on (job) group_left () changes(m_total[1m])", 1},
           Case{"topk(0, rate(m_total[1m])) or changes(m_total[1m])", 1},
           Case{"rate(m_total[1m]) - rate(m_total[2m])", 2},
           Case{"rate(m_total[1m]) - increase(m_total[1m] offset 1m)", 2},
           // Windows of a subquery's steps are others.
           Case{"rate(m_total[1m]) - max_over_time(increase(m_total[1m])[2m:30s])", 2},
           Case{"max_over_time(changes(m_total[1m])[2m:30s]) - max_over_time(increase(m_total[1m])[2m:30s])", 2},
           // With an argument of its own.
           Case{"rate(m_total[1m]) - quantile_over_time(0.5, m_total[1m])", 2},
       }) {
    INFO(c.query);
    world.counting.selects = 0;
    CHECK(world.range(c.query));
    CHECK(world.counting.selects == c.selects);
  }
}

TEST_CASE("functions with something to say read for themselves, so that every place is told") {
  World world;
  world.store.add({{"__name__", "gauge"}}, 0, 1);
  world.store.add({{"__name__", "gauge"}}, 15'000, 2);
  for (const char* const query : {"changes(gauge[1m]) + rate(gauge[1m])", "rate(gauge[1m]) + changes(gauge[1m])"}) {
    INFO(query);
    const auto result = world.instant(query, 15'000);
    REQUIRE(result);
    REQUIRE(result->infos.size() == 1);
    CHECK(result->infos.front().find(query[0] == 'c' ? "(1:27)" : "(1:6)") != std::string::npos);
  }
}

TEST_CASE("an annotation shows the place of each part, although equal parts are evaluated once") {
  World world;
  world.store.add({{"__name__", "gauge"}}, 0, 1);
  world.store.add({{"__name__", "gauge"}}, 15'000, 2);
  const auto result = world.instant("rate(gauge[1m]) + rate(gauge[1m])", 15'000);
  REQUIRE(result);
  REQUIRE(result->infos.size() == 1);
  CHECK(
      result->infos.front() ==
      "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"gauge\" (1:24)");
}

TEST_CASE("a tree without its text gives annotations without positions") {
  World world;
  world.store.add({{"__name__", "gauge"}}, 0, 1);
  world.store.add({{"__name__", "gauge"}}, 15'000, 2);
  const auto expr = parser::parse_expr("rate(gauge[1m])");
  REQUIRE(expr);
  const Engine engine(world.options, world.loop);
  const auto without = engine.instant(world.store, **expr, 15'000);
  REQUIRE(without->infos.size() == 1);
  CHECK(without->infos.front() ==
        "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"gauge\"");
  QueryOptions options;
  options.text = "rate(gauge[1m])";
  CHECK(engine.instant(world.store, **expr, 15'000, options)->infos.front().ends_with("(1:6)"));
}

TEST_CASE("the store is asked for the times that matter and no others") {
  World world;
  CHECK(world.instant("m_total", 300'000));
  CHECK(world.counting.first == 1);  // the look-back is left-open
  CHECK(world.counting.last == 300'000);
  CHECK(world.range("sum(rate(m_total[1m] offset 30s))", 120'000, 240'000, 60'000));
  CHECK(world.counting.first == 120'000 - 90'000 + 1);
  CHECK(world.counting.last == 210'000);
  CHECK(world.counting.hints.function == "rate");
  CHECK(world.counting.hints.range_ms == 60'000);
  CHECK(world.counting.hints.step_ms == 60'000);
  CHECK(world.range("max(m_total @ 77)", 120'000, 240'000, 60'000));
  CHECK(world.counting.last == 77'000);
  CHECK(world.counting.hints.function == "max");
  CHECK(world.instant("max_over_time(m_total[1m:30s] @ 300)", 0));
  CHECK(world.counting.last == 300'000);
}

TEST_CASE("another look-back may be asked for") {
  World world;
  QueryOptions options;
  options.lookback_delta = std::chrono::seconds(10);
  CHECK(std::get<Vector>(world.instant("m_total", 610'000 - 1, options)->value).size() == 2);
  CHECK(std::get<Vector>(world.instant("m_total", 610'000, options)->value).empty());
}

TEST_CASE("samples that were read and held are counted") {
  World world;
  const auto result = world.range("m_total");
  REQUIRE(result);
  CHECK(result->stats.total_samples == 82);
  CHECK(result->stats.samples_read == 82);
  CHECK(result->stats.peak_samples == 82);
}

TEST_CASE("a histogram that meets what is for floats is passed over, with Prometheus' note") {
  World world;
  const model::Labels labels{{"__name__", "h"}};
  const auto appender = world.store.appender();
  for (Timestamp t = 0; t <= 60'000; t += 15'000) {
    auto histogram = std::make_shared<model::FloatHistogram>();
    histogram->count = static_cast<double>(t);
    histogram->sum = 2 * static_cast<double>(t);
    appender->append_histogram(0, &labels, t, std::move(histogram));
  }
  REQUIRE(appender->commit());
  CHECK(std::get<Vector>(world.instant("h", 60'000)->value).front().h->count == 60'000);
  CHECK(std::get<Vector>(world.instant("count(h)", 60'000)->value).front().v == 1);
  CHECK(std::get<Vector>(world.instant("count_over_time(h[1m])", 60'000)->value).front().v == 4);
  CHECK(std::get<Vector>(world.instant("last_over_time(h[1m])", 60'000)->value).front().h->count == 60'000);
  CHECK(std::get<Vector>(world.instant("histogram_avg(h)", 60'000)->value).front().v == 2);
  CHECK(std::get<Vector>(world.instant("-h", 60'000)->value).front().h->count == -60'000);
  const auto maximum = world.instant("max({__name__=~\"h|m_total\"})", 60'000);
  CHECK(std::get<Vector>(maximum->value).front().v == 60);
  REQUIRE(maximum->infos.size() == 1);
  CHECK(maximum->infos.front() == "PromQL info: ignored histogram in max aggregation (1:5)");
  CHECK(std::get<Vector>(world.instant("abs(h)", 60'000)->value).empty());
  const auto compared = world.instant("h > 1", 60'000);
  CHECK(std::get<Vector>(compared->value).empty());
  CHECK(compared->infos.front() ==
        "PromQL info: incompatible sample types encountered for binary operator \">\": histogram > float (1:1)");
  const auto mixed = world.instant("sum({__name__=~\"h|m_total\"})", 60'000);
  CHECK(std::get<Vector>(mixed->value).empty());
  CHECK(mixed->warnings.front() == "PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)");
}

TEST_CASE(
    "a histogram that begins anew is added to nothing, and says so if its bounds are others than the last one's") {
  World world;
  const model::Labels labels{{"__name__", "custom"}};
  const auto appender = world.store.appender();
  const auto append = [&](Timestamp t, double count, double bound, model::CounterReset hint) {
    auto histogram = std::make_shared<model::FloatHistogram>();
    histogram->schema = -53;
    histogram->custom_values = {1, bound};
    histogram->positive_spans = {{0, 1}};
    histogram->positive_buckets = {count};
    histogram->count = histogram->sum = count;
    histogram->reset_hint = hint;
    appender->append_histogram(0, &labels, t, std::move(histogram));
  };
  append(0, 4, 2, model::CounterReset::kUnknown);
  append(60'000, 1, 3, model::CounterReset::kReset);
  append(120'000, 3, 4, model::CounterReset::kUnknown);
  REQUIRE(appender->commit());
  const auto result = world.instant("increase(custom[2m30s])", 120'000);
  CHECK(std::get<Vector>(result->value).front().h->count == 3.75);
  CHECK(result->infos == std::vector<std::string>{
                             "PromQL info: mismatched custom buckets were reconciled during subtraction (1:10)",
                             "PromQL info: mismatched custom buckets were reconciled during addition (1:10)",
                         });
}

TEST_CASE("every function of the language is built") {
  World world;
  world.options.parser.experimental_functions = true;
  for (const parser::Function& function : parser::all_functions()) {
    std::string query(function.name);
    query += '(';
    for (std::size_t i = 0; i < function.args.size(); ++i) {
      if (i > 0) query += ", ";
      const parser::ValueType type = function.args[i];
      if (function.name == "info" && i == 1) {
        query += "{data=\"x\"}";
      } else {
        query += type == parser::ValueType::kVector   ? "m_total"
                 : type == parser::ValueType::kMatrix ? "m_total[1m]"
                 : type == parser::ValueType::kString ? "\"x\""
                                                      : "0.5";
      }
    }
    query += ')';
    const auto result = world.instant(query);
    INFO(query << ": " << (result ? "" : result.error().message));
    CHECK(result.has_value());
  }
}

TEST_CASE("labels do not grow without end") {
  World world;
  std::string query = "m_total";
  for (int i = 0; i < 40; ++i) query = "label_join(" + query + ", \"x\", \"0123456789\", \"x\", \"x\")";
  const Error error = World::error(world.instant(query));
  CHECK(error.code == Errc::kLimit);
  CHECK(error.message.find("label x would get a value of ") == 0);
}

TEST_CASE("long labels count against the budget of samples, short ones do not") {
  World world;
  world.options.max_samples = 1000;
  const auto with_label = [](std::size_t size) {
    return "count(label_replace(m_total, \"x\", \"" + std::string(size, 'v') + "\", \"\", \"\"))";
  };
  CHECK(world.instant(with_label(200)));
  CHECK(world.instant(with_label(5'000)));  // two series; beyond the limit there are some samples to work with
  const Error error = World::error(world.instant(with_label(600'000)));
  CHECK(error.code == Errc::kLimit);
  CHECK(error.message == "query processing would load too many samples into memory in query execution");
}

TEST_CASE("a high tree is evaluated as a low one is") {
  World world;
  std::string query = "m_total";
  for (int i = 0; i < 1'500; ++i) query += " + 1";
  const auto result = world.instant(query, 0);
  REQUIRE(result);
  CHECK(std::get<Vector>(result->value).front().v == 1'500);
}

TEST_CASE("duration expressions that mean nothing are errors") {
  World world;
  CHECK(World::error(world.instant("rate(m_total[5m-5m])")).message.find("duration must be greater than 0") !=
        std::string::npos);
  CHECK(World::error(world.instant("rate(m_total[5m/0])")).message.find("division by zero") != std::string::npos);
  CHECK(World::error(world.instant("rate(m_total[5m%0])")).message.find("modulo by zero") != std::string::npos);
  CHECK(World::error(world.instant("rate(m_total[2^100])")).code == Errc::kInvalid);
  CHECK(world.range("rate(m_total[step()*4])"));
}

TEST_CASE("a range query from its start to its start is one step") {
  World world;
  const auto result = world.range("sum(m_total)", 30'000, 30'000, 1'000);
  REQUIRE(result);
  REQUIRE(std::get<Matrix>(result->value).size() == 1);
  CHECK(std::get<Matrix>(result->value).front().floats.size() == 1);
}

}  // namespace
}  // namespace tocsin::promql
