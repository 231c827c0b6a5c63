// The manager: when groups run, and what a change of the configuration does.

#include "rules/manager.hpp"

#include <deque>

#include <catch2/catch.hpp>

#include "rules/slots.hpp"
#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using rules::AlertState;
using test::element;

namespace {

const promql::Vector kTrue{element({{"i", "1"}}, 7)};
const Labels kOut{{"__name__", "out"}, {"i", "1"}};

/// Lanes whose jobs run when the test says so.
class HeldPool final : public WorkPool, public Executor {
 public:
  Executor& lane(Lane) override { return *this; }
  void post(Job job) override { jobs.push_back(std::move(job)); }
  bool run_one() {
    if (jobs.empty()) return false;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    job();
    return true;
  }
  std::deque<Job> jobs;
};

/// A manager over a held pool that counts evaluations of `q`.
struct HeldBench {
  VirtualLoop loop;
  HeldPool pool;
  test::MapStore store;
  test::MemoryStore state;
  test::CollectingSink sink;
  std::vector<Timestamp> asked;
  rules::Manager manager{{[this](storage::Queryable&, const rules::RuleQuery& query) {
                            asked.push_back(query.at);
                            promql::VectorSample sample = element({{"i", "1"}}, 1);
                            return Result<promql::QueryResult>(promql::QueryResult{promql::Vector{sample}, {}, {}, {}});
                          },
                          store,
                          store,
                          sink,
                          state,
                          loop,
                          pool,
                          {}}};

  void apply(const std::string& text) {
    auto file = rules::parse_rule_file(text, "test.yml");
    REQUIRE(file.errors.empty());
    manager.apply(std::move(file.groups), {}, 1min);
  }
};

}  // namespace

TEST_CASE("A group runs at each of its slots, with the slot as its time") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run("groups: [{name: g, interval: 15s, rules: [{record: out, expr: q}]}]");
  bench.loop().advance(10min);
  const auto& asked = bench.asked("q");
  REQUIRE(asked.size() == 40);
  const rules::Slots slots("test.yml", "g", 15s);
  for (const Timestamp t : asked) {
    const std::int64_t slot = slots.at_or_before((t + 1) * 1'000'000);
    CHECK(slot / 1'000'000 == t);
  }
  const auto metrics = bench.manager().metrics();
  CHECK(metrics.groups[0].group == "test.yml;g");
  CHECK(metrics.groups[0].iterations == 40);
  CHECK(metrics.groups[0].iterations_missed == 0);
  CHECK(metrics.groups[0].interval_seconds == 15);
  CHECK(metrics.groups[0].rules == 1);
  CHECK(metrics.rule_duration.count == 40);
  CHECK(metrics.group_duration.count == 40);
  CHECK(metrics.group_duration.buckets[0] == 40);
}

TEST_CASE("A group without an interval has the configuration's") {
  test::World world;
  test::RuleBench bench(world);
  bench.run("groups: [{name: g, rules: [{record: out, expr: q}]}]");
  CHECK(bench.manager().groups()[0].interval == 60s);
  bench.loop().advance(10min);
  CHECK(bench.asked("q").size() == 10);
}

TEST_CASE("A group is never evaluated twice at once; slots that pass meanwhile are missed but for the last") {
  HeldBench bench;
  bench.apply("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.manager.start();
  while (bench.pool.jobs.empty()) bench.loop.advance(100ms);
  CHECK(bench.pool.jobs.size() == 1);
  bench.loop.advance(35s);
  CHECK(bench.pool.jobs.size() == 1);
  while (bench.pool.run_one()) {
  }
  REQUIRE(bench.asked.size() == 1);
  bench.loop.advance(0s);
  CHECK(bench.pool.jobs.size() == 1);
  while (bench.pool.run_one()) {
  }
  REQUIRE(bench.asked.size() == 2);
  CHECK(bench.asked[1] - bench.asked[0] == 30'000);
  auto metrics = bench.manager.metrics().groups[0];
  CHECK(metrics.iterations_missed == 2);
  CHECK(metrics.iterations == 4);
  bench.loop.advance(10s);
  while (bench.pool.run_one()) {
  }
  REQUIRE(bench.asked.size() == 3);
  CHECK(bench.asked[2] - bench.asked[1] == 10'000);
}

TEST_CASE("A wall clock that goes back does not stop a group, one that goes on misses slots") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  const Timestamp first = bench.next("q");
  SECTION("back by an hour") {
    bench.loop().jump_wall(-3'600'000);
    bench.loop().advance(60s);
    REQUIRE(bench.asked("q").size() >= 5);
    CHECK(bench.asked("q").back() < first - 3'500'000);
    CHECK((first - bench.asked("q").back()) % 10'000 == 0);
  }
  SECTION("back by less than the interval: the slot waits") {
    bench.loop().jump_wall(-5'000);
    bench.loop().advance(10s);
    CHECK(bench.asked("q").size() == 1);
    bench.loop().advance(5s);
    REQUIRE(bench.asked("q").size() == 2);
    CHECK(bench.asked("q")[1] == first + 10'000);
  }
  SECTION("on by an hour") {
    bench.loop().jump_wall(3'600'000);
    bench.loop().advance(10s);
    REQUIRE(bench.asked("q").size() == 2);
    CHECK(bench.asked("q")[1] == first + 3'610'000);
    CHECK(bench.manager().metrics().groups[0].iterations_missed == 360);
  }
}

TEST_CASE("A group that did not change keeps running over apply()") {
  const std::string text = "groups: [{name: g, interval: 1h, rules: [{record: out, expr: 'sum( q )'}]}]";
  test::World world;
  test::RuleBench bench(world);
  bench.run(text);
  bench.loop().advance(59min);
  const std::size_t before = bench.asked("sum(q)").size();
  bench.apply("groups: [{name: g, interval: 1h, rules: [{record: out, expr: sum(q)}]}]");
  bench.loop().advance(1min);
  // A new group would wait for its first slot all the same, but would have forgotten its evaluations.
  CHECK(before + bench.manager().metrics().groups[0].evaluations >= 1);
  CHECK(bench.manager().metrics().groups[0].evaluations == bench.asked("sum(q)").size());
}

TEST_CASE("A changed group goes on with alerts and series where name and labels agree") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.answer("p", kTrue);
  bench.run(R"(
groups:
  - name: g
    interval: 10s
    rules:
      - {alert: A, expr: q, for: 30s}
      - {record: out, expr: q}
      - {record: gone, expr: q}
)");
  const Timestamp begin = bench.next("q");
  bench.loop().run_ready();
  bench.apply(R"(
groups:
  - name: g
    interval: 10s
    rules:
      - {record: out, expr: p}
      - {alert: A, expr: p, for: 20s}
)");
  REQUIRE(bench.rule(0, 1).alerts.size() == 1);
  CHECK(bench.rule(0, 1).alerts[0].active_at == begin);
  bench.answer("p", promql::Vector{});
  const Timestamp next = bench.next("p");
  CHECK(next - begin == 10'000);
  CHECK(bench.stale_markers(kOut) == 1);
  CHECK(bench.stale_markers({{"__name__", "gone"}, {"i", "1"}}) == 1);
  CHECK(bench.rule(0, 1).alerts.empty());
}

TEST_CASE("A `for` that is raised lets a firing alert fall back to pending") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run("groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q}]}]");
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
  bench.apply("groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, for: 1m}]}]");
  CHECK(bench.rule().alerts.at(0).state == AlertState::kFiring);
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kPending);
}

TEST_CASE("The series of a removed group end after two intervals, and its alerts leave the state") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}, {alert: A, expr: q}]}]");
  bench.next("q");
  bench.loop().advance(1s);
  const Timestamp removed = bench.loop().now();
  bench.apply("groups: []");
  CHECK(bench.manager().groups().empty());
  CHECK(bench.state().load_rule_alerts()->empty());
  bench.loop().advance(19s);
  CHECK(bench.stale_markers(kOut) == 0);
  bench.loop().advance(2s);
  CHECK(bench.stale_markers(kOut) == 1);
  CHECK(bench.samples(kOut).back().t == removed);
}

TEST_CASE("A rule that moves to another group: its series goes on there, and ends in none") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {test::element({}, 1)});
  bench.run(
      "groups: [{name: a, interval: 10s, rules: [{record: x, expr: p}]}, "
      "{name: b, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.loop().advance(30s);
  const std::size_t before = bench.samples({{"__name__", "out"}}).size();
  CHECK(before >= 2);
  bench.apply("groups: [{name: a, interval: 10s, rules: [{record: x, expr: p}, {record: out, expr: q}]}]");
  bench.loop().advance(1min);
  const auto samples = bench.samples({{"__name__", "out"}});
  CHECK(samples.size() >= before + 5);
  CHECK(bench.stale_markers({{"__name__", "out"}}) == 0);
  CHECK(bench.rule(0, 1).health == rules::Health::kGood);
}

TEST_CASE("A renamed group goes on with its series") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.next("q");
  bench.apply("groups: [{name: h, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.loop().advance(60s);
  CHECK(bench.stale_markers(kOut) == 0);
  CHECK(bench.samples(kOut).size() >= 6);
}

TEST_CASE("A change during an evaluation waits for its end") {
  HeldBench bench;
  bench.apply("groups: [{name: g, interval: 10s, rules: [{record: a, expr: q}, {record: b, expr: q}]}]");
  bench.manager.start();
  bench.loop.advance(10s);
  REQUIRE(bench.pool.run_one());
  CHECK(bench.asked.size() == 1);
  bench.apply("groups: [{name: g, interval: 10s, rules: [{record: a, expr: q}]}]");
  // And once more, while the first change waits.
  bench.apply("groups: [{name: g, interval: 10s, rules: [{record: c, expr: q}]}]");
  bench.loop.advance(30s);
  CHECK(bench.pool.jobs.size() == 1);
  while (bench.pool.run_one()) {
  }
  // The second rule was not begun any more.
  CHECK(bench.asked.size() == 1);
  bench.loop.advance(10s);
  while (bench.pool.run_one()) {
  }
  bench.loop.advance(0s);
  CHECK(bench.asked.size() == 2);
  const auto querier = bench.store.querier(kMinTimestamp, kMaxTimestamp);
  const std::vector<model::Matcher> matchers{model::Matcher::equal("__name__", "a")};
  storage::SelectHints hints;
  hints.start = kMinTimestamp;
  hints.end = kMaxTimestamp;
  const auto set = (*querier)->select(hints, matchers);
  REQUIRE(set->next());
  storage::SampleColumns samples;
  REQUIRE(set->read(kMinTimestamp, kMaxTimestamp, samples).has_value());
  CHECK(samples.size() == 2);
  CHECK(model::is_stale(samples.values.back()));
}

TEST_CASE("stop() is done when no evaluation is under way, and nothing is evaluated after it") {
  HeldBench bench;
  bench.apply(
      "groups: [{name: g, interval: 10s, rules: [{record: a, expr: q}, {record: b, expr: q}]}, {name: h, rules: []}]");
  bench.manager.start();
  bench.loop.advance(10s);
  REQUIRE(bench.pool.run_one());
  bool stopped = false;
  bench.manager.stop([&] { stopped = true; });
  CHECK_FALSE(stopped);
  while (bench.pool.run_one()) {
  }
  bench.loop.run_ready();
  CHECK(stopped);
  CHECK(bench.asked.size() == 1);
  bench.loop.advance(5min);
  CHECK(bench.asked.size() == 1);
  CHECK(bench.pool.jobs.empty());
  CHECK(bench.loop.waiting_timers() == 0);
  bench.apply("groups: []");
}

TEST_CASE("stop() before start() and with nothing to do is done at once") {
  HeldBench bench;
  bench.apply("groups: [{name: g, rules: [{record: a, expr: q}]}]");
  bool stopped = false;
  bench.manager.stop([&] { stopped = true; });
  CHECK(stopped);
}

TEST_CASE("Groups are shown by file and name") {
  test::World world;
  test::RuleBench bench(world);
  std::vector<rules::GroupSpec> groups;
  for (const char* const file : {"b", "a"}) {
    for (const char* const name : {"2", "1"}) {
      rules::GroupSpec group;
      group.file = file;
      group.name = name;
      groups.push_back(group);
    }
  }
  bench.manager().apply(groups, {}, 1min);
  std::string order;
  for (const auto& group : bench.manager().groups()) order += group.file + group.name + " ";
  CHECK(order == "a1 a2 b1 b2 ");
}

TEST_CASE("A new configuration reaches groups that did not change") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  const std::string text =
      "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, annotations: {r: '{{ $externalLabels.r }}'}}]}]";
  rules::Environment environment;
  environment.external_labels = {{"r", "1"}};
  bench.run(text, environment);
  bench.next("q");
  CHECK(bench.rule().alerts.at(0).annotations.get("r") == "1");
  environment.external_labels = {{"r", "2"}};
  bench.apply(text, environment);
  bench.next("q");
  CHECK(bench.rule().alerts.at(0).annotations.get("r") == "2");
}
