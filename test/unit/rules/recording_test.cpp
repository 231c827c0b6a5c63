// Recording rules through the manager: what is stored, when, and what ends.

#include <catch2/catch.hpp>

#include "support/log_capture.hpp"
#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using test::element;

namespace {

constexpr const char* kOneRule = R"(
groups:
  - name: g
    interval: 10s
    labels: {team: group, zone: z}
    rules:
      - record: out
        expr: q
        labels: {team: rule, job: ""}
)";

}  // namespace

TEST_CASE("A recorded series has the rule's name, and its labels win") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"__name__", "in"}, {"job", "j"}, {"team", "x"}, {"i", "1"}}, 5)});
  bench.run(kOneRule);
  const Timestamp t = bench.next("q");
  const auto samples = bench.samples({{"__name__", "out"}, {"i", "1"}, {"team", "rule"}, {"zone", "z"}});
  REQUIRE(samples.size() == 1);
  CHECK(samples[0] == model::Sample{t, 5});
  CHECK(bench.rule().health == rules::Health::kGood);
  CHECK(bench.rule().labels == Labels{{"team", "rule"}, {"zone", "z"}});
  CHECK(bench.manager().metrics().groups[0].last_samples == 1);
}

TEST_CASE("A scalar is recorded as one series without labels") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("1 + 1", [](Timestamp t) { return promql::QueryResult{promql::Scalar{t, 2}, {}, {}, {}}; });
  bench.run("groups: [{name: g, rules: [{record: two, expr: 1+1}]}]");
  bench.next("1 + 1");
  CHECK(bench.samples({{"__name__", "two"}}).size() == 1);
}

TEST_CASE("A result that is a matrix or a text is an error of the rule") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("\"x\"", [](Timestamp t) { return promql::QueryResult{promql::Text{t, "x"}, {}, {}, {}}; });
  bench.run("groups: [{name: g, rules: [{record: r, expr: '\"x\"'}]}]");
  bench.next("\"x\"");
  CHECK(bench.rule().last_error == "rule result is not a vector or scalar");
  CHECK(bench.rule().health == rules::Health::kBad);
}

TEST_CASE("A series that is no longer answered ends with a stale marker, once") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 2)});
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.next("q");
  bench.answer("q", {element({{"i", "2"}}, 3)});
  const Timestamp t = bench.next("q");
  bench.next("q");
  const auto gone = bench.samples({{"__name__", "out"}, {"i", "1"}});
  REQUIRE(gone.size() == 2);
  CHECK(gone[1].t == t);
  CHECK(model::is_stale(gone[1].v));
  CHECK(bench.samples({{"__name__", "out"}, {"i", "2"}}).size() == 3);
}

TEST_CASE("An evaluation that fails ends no series and stores nothing") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1)});
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.next("q");
  bench.answer_error("q", "no luck");
  bench.next("q");
  CHECK(bench.rule().health == rules::Health::kBad);
  CHECK(bench.rule().last_error == "no luck");
  CHECK(bench.samples({{"__name__", "out"}, {"i", "1"}}).size() == 1);
  const auto metrics = bench.manager().metrics().groups[0];
  CHECK(metrics.evaluations == 2);
  CHECK(metrics.evaluation_failures == 1);

  bench.answer("q", promql::Vector{});
  bench.next("q");
  CHECK(bench.rule().health == rules::Health::kGood);
  CHECK(bench.rule().last_error.empty());
  CHECK(bench.stale_markers({{"__name__", "out"}, {"i", "1"}}) == 1);
}

TEST_CASE("Equal label sets and too many series are errors that store nothing") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 2)});
  bench.run(R"(
groups:
  - {name: g, interval: 10s, limit: 1, rules: [{record: a, expr: q}]}
  - {name: h, interval: 10s, rules: [{record: b, expr: q, labels: {i: x}}]}
)");
  bench.loop().advance(20s);
  CHECK(bench.rule(0).last_error == "exceeded limit of 1 with 2 series");
  CHECK(bench.rule(1).last_error == "vector contains metrics with the same labelset after applying rule labels");
  CHECK(bench.samples({{"__name__", "a"}, {"i", "1"}}).empty());
  CHECK(bench.samples({{"__name__", "b"}, {"i", "x"}}).empty());
}

TEST_CASE("A sample that the store refuses is an error of the rule, but no failed evaluation; the others are stored") {
  test::LogCapture capture;
  test::World world;
  test::RuleBench bench(world);
  bench.store().add({{"__name__", "out"}, {"i", "1"}}, bench.loop().now() + 3'600'000, 0);
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 2)});
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.next("q");
  CHECK(bench.rule().last_error == "out of order sample");
  CHECK(bench.rule().health == rules::Health::kBad);
  CHECK(bench.samples({{"__name__", "out"}, {"i", "2"}}).size() == 1);
  const rules::GroupMetrics metrics = bench.manager().metrics().groups.at(0);
  CHECK(metrics.evaluations == 1);
  CHECK(metrics.evaluation_failures == 0);
  CHECK(metrics.last_samples == 2);  // those of the answer
  CHECK(capture.contains("Error on ingesting out-of-order result from rule evaluation"));
  // Told once, as long as it is the same.
  bench.next("q");
  const auto lines = capture.lines();
  CHECK(std::ranges::count_if(lines, [](const std::string& line) {
          return line.find("Error on ingesting out-of-order result from rule evaluation") != std::string::npos;
        }) == 1);
}

TEST_CASE("Two rules that write a series differently at one time: the second one's sample is refused") {
  test::LogCapture capture;
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({}, 1)});
  bench.answer("p", {element({}, 2)});
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}, {record: out, expr: p}]}]");
  bench.next("p");
  CHECK(bench.rule(0, 0).health == rules::Health::kGood);
  CHECK(bench.rule(0, 1).last_error == "duplicate sample for timestamp");
  CHECK(bench.manager().metrics().groups.at(0).evaluation_failures == 0);
  CHECK(capture.contains("Error on ingesting results from rule evaluation with different value but same timestamp"));
  // The same value at the same time is no trouble.
  bench.answer("p", {element({}, 1)});
  bench.next("p");
  CHECK(bench.rule(0, 1).health == rules::Health::kGood);
}

TEST_CASE("A commit that fails is an error of the rule, and the next evaluation ends nothing wrongly") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1)});
  bench.run("groups: [{name: g, interval: 10s, rules: [{record: out, expr: q}]}]");
  bench.next("q");
  bench.store().fail_commits(Error{Errc::kIo, "disk full"});
  bench.answer("q", {element({{"i", "2"}}, 1)});
  bench.next("q");
  CHECK(bench.rule().last_error == "disk full");
  CHECK(bench.manager().metrics().groups.at(0).evaluation_failures == 1);
  bench.store().fail_commits(std::nullopt);
  bench.next("q");
  CHECK(bench.rule().health == rules::Health::kGood);
  CHECK(bench.stale_markers({{"__name__", "out"}, {"i", "1"}}) == 1);
  CHECK(bench.samples({{"__name__", "out"}, {"i", "2"}}).size() == 1);
}

TEST_CASE("The query is asked, and samples are stored, at the slot minus the query offset") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({}, 1)});
  rules::Environment environment;
  environment.query_offset = 5s;
  bench.run(R"(
groups:
  - {name: g, interval: 10s, rules: [{record: a, expr: q}]}
  - {name: h, interval: 10s, query_offset: 1m, rules: [{record: b, expr: p}]}
)",
            environment);
  bench.answer("p", {element({}, 1)});
  bench.loop().advance(10s);
  const Timestamp now = bench.loop().now();
  REQUIRE(bench.asked("q").size() == 1);
  REQUIRE(bench.asked("p").size() == 1);
  CHECK(now - bench.asked("q")[0] >= 5'000);
  CHECK(now - bench.asked("q")[0] < 15'000);
  CHECK(now - bench.asked("p")[0] >= 60'000);
  CHECK(bench.samples({{"__name__", "a"}}).at(0).t == bench.asked("q")[0]);
  CHECK(bench.samples({{"__name__", "b"}}).at(0).t == bench.asked("p")[0]);
}

TEST_CASE("A rule sees what the rules before it stored in the same evaluation") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("first", {element({}, 42)});
  std::size_t seen = 0;
  bench.answer("second", [&](Timestamp) {
    seen = bench.samples({{"__name__", "a"}}).size();
    return promql::QueryResult{promql::Vector{}, {}, {}, {}};
  });
  bench.run("groups: [{name: g, rules: [{record: a, expr: first}, {record: b, expr: second}]}]");
  bench.next("second");
  CHECK(seen == 1);
}
