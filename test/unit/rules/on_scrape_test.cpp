// Groups that are evaluated when a scrape brings what they read: when, and that nothing else changes by it.

#include <catch2/catch.hpp>

#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using rules::AlertState;
using test::element;

namespace {

std::string group(const std::string& rule_fields, const std::string& group_fields = "") {
  return "groups: [{name: g, interval: 1m, evaluation: on_scrape, " + group_fields +
         "rules: [{alert: A, expr: q > 0, " + rule_fields + "}]}]";
}

constexpr const char* kQuery = "q > 0";
const promql::Vector kTrue{element({{"i", "1"}}, 7)};
const Labels kFiring{{"__name__", "ALERTS"}, {"alertname", "A"}, {"alertstate", "firing"}, {"i", "1"}};
constexpr auto kSoon = 5ms;

}  // namespace

TEST_CASE("A scrape that brings what the group reads is followed by an evaluation at once") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("labels: {severity: page}"));
  bench.next(kQuery);
  bench.loop().advance(10s);
  bench.answer(kQuery, kTrue);
  const Timestamp at = bench.loop().now();
  bench.scraped("q");
  bench.loop().advance(kSoon);
  REQUIRE(bench.sink.all.size() == 1);
  CHECK(bench.sink.all[0].starts_at == at + to_ms(rules::ScrapePlan::kDebounce));
  CHECK(bench.asked(kQuery).back() == bench.sink.all[0].starts_at);
  CHECK(bench.rule().state == AlertState::kFiring);
}

TEST_CASE("Scrapes of other metrics, of other targets and of groups that do not ask for it change nothing") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(R"(
groups:
  - {name: a, interval: 1m, evaluation: on_scrape, rules: [{alert: A, expr: 'q{job="x"} > 0'}]}
  - {name: b, interval: 1m, rules: [{alert: B, expr: q > 1}]}
  - {name: c, interval: 1m, evaluation: interval, rules: [{alert: C, expr: q > 2}]}
)");
  bench.loop().advance(2min);
  const auto count = [&] {
    return bench.asked("q{job=\"x\"} > 0").size() + bench.asked("q > 1").size() + bench.asked("q > 2").size();
  };
  bench.loop().advance(1min - 1s);
  const std::size_t before = count();
  bench.scraped("other", {{"job", "x"}}, 1);
  bench.scraped("q", {{"job", "y"}}, 2);
  bench.loop().advance(kSoon);
  CHECK(count() == before);
  bench.scraped("q", {{"job", "x"}}, 3);
  bench.loop().advance(kSoon);
  CHECK(count() == before + 1);
  const auto groups = bench.manager().metrics().groups;
  CHECK(groups.at(0).scrape_triggers == 1);
  CHECK(groups.at(0).scrape_evaluations == 1);
  CHECK(groups.at(1).scrape_triggers == 0);
}

TEST_CASE("The configuration's mode counts for groups with alerts that do not say it") {
  test::World world;
  test::RuleBench bench(world);
  const std::string text = R"(
groups:
  - {name: a, interval: 1m, rules: [{alert: A, expr: q > 0}]}
  - {name: b, interval: 1m, evaluation: interval, rules: [{alert: B, expr: q > 1}]}
  - {name: c, interval: 1m, rules: [{record: c, expr: q + 2}]}
)";
  rules::Environment environment;
  environment.evaluation = rules::EvaluationMode::kOnScrape;
  bench.run(text, environment);
  bench.loop().advance(2min + 30s);
  const auto counts = [&] {
    return std::vector{bench.asked("q > 0").size(), bench.asked("q > 1").size(), bench.asked("q + 2").size()};
  };
  const auto before = counts();
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(counts() == std::vector{before[0] + 1, before[1], before[2]});

  // A reload changes it for groups that stay.
  bench.apply(text);
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(counts() == std::vector{before[0] + 1, before[1], before[2]});
}

TEST_CASE("Scrapes of a moment give one evaluation; a flood of them keeps the least distance") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("for: 10m", "evaluation_min_interval: 100ms, "));
  bench.next(kQuery);
  bench.loop().advance(10s);
  const std::size_t before = bench.asked(kQuery).size();
  for (std::uint64_t target = 0; target < 100; ++target) bench.scraped("q", {}, target);
  bench.loop().advance(1s);
  CHECK(bench.asked(kQuery).size() == before + 1);

  for (int i = 0; i < 1000; ++i) {
    bench.scraped("q");
    bench.loop().advance(1ms);
  }
  const auto& times = bench.asked(kQuery);
  CHECK(times.size() == before + 1 + 10);
  for (std::size_t i = before + 2; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= 100);
}

TEST_CASE("Slots stay as they are: none is missed, each is counted, times rise") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer(kQuery, kTrue);
  bench.run(
      "groups: [{name: g, interval: 1s, evaluation: on_scrape, rules: [{record: r, expr: q + 1}, "
      "{alert: A, expr: q > 0}]}]");
  bench.answer("q + 1", kTrue);
  bench.next(kQuery);
  const auto begin = bench.manager().metrics().groups.at(0);
  for (int i = 0; i < 6'000; i += 7) {
    bench.scraped("q");
    bench.loop().advance(7ms);
  }
  const auto end = bench.manager().metrics().groups.at(0);
  CHECK(end.iterations - begin.iterations == 6);
  CHECK(end.iterations_missed == 0);
  CHECK(end.evaluation_failures == 0);
  const auto& times = bench.asked(kQuery);
  CHECK(std::ranges::adjacent_find(times, std::greater_equal<>()) == times.end());
  CHECK(end.scrape_evaluations > 300);
  // Recorded at the times of the evaluations, each once.
  const auto recorded = bench.samples({{"__name__", "r"}, {"i", "1"}});
  CHECK(recorded.size() == times.size());
  CHECK(bench.rule(0, 0).health == rules::Health::kGood);
}

TEST_CASE("`for` ends when it is over, between scrapes and slots; evaluations do not count") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("for: 50s"));
  bench.next(kQuery);
  bench.loop().advance(3s);
  bench.answer(kQuery, kTrue);
  bench.scraped("q");
  bench.loop().advance(kSoon);
  REQUIRE(bench.rule().alerts.size() == 1);
  const Timestamp active_at = bench.rule().alerts[0].active_at;
  for (int i = 0; i < 40; ++i) {  // many evaluations
    bench.loop().advance(1s);
    bench.scraped("q");
  }
  bench.loop().advance(kSoon);
  CHECK(bench.rule().state == AlertState::kPending);
  CHECK(bench.rule().alerts[0].active_at == active_at);
  CHECK(bench.sink.all.empty());
  bench.loop().advance(10s);
  REQUIRE(bench.sink.all.size() == 1);
  CHECK(bench.sink.all[0].starts_at == active_at + 50'000);
}

TEST_CASE("keep_firing_for ends when it is over, and a scrape that is good again ends an alert at once without it") {
  test::World world;
  test::RuleBench bench(world);
  const std::string keep = GENERATE(as<std::string>(), "keep_firing_for: 25s", "keep_firing_for: 0s");
  bench.answer(kQuery, kTrue);
  bench.run(group(keep));
  bench.next(kQuery);
  CHECK(bench.sink.take().size() == 1);
  bench.loop().advance(3s);
  bench.answer(kQuery, promql::Vector{});
  bench.scraped("q");
  bench.loop().advance(kSoon);
  const Timestamp absent = bench.asked(kQuery).back();
  bench.loop().advance(40s);
  const auto sent = bench.sink.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].ends_at == absent + (keep == "keep_firing_for: 25s" ? 25'000 : 0));
}

TEST_CASE("A query that fails at the end of a `for` is asked again by the next slot, not without end") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer(kQuery, kTrue);
  bench.run(group("for: 10s"));
  const Timestamp begin = bench.next(kQuery);
  bench.answer_error(kQuery, "no");
  const std::size_t before = bench.asked(kQuery).size();
  bench.loop().advance(59s);
  CHECK(bench.asked(kQuery).size() == before + 1);
  CHECK(bench.asked(kQuery).back() == begin + 10'000);
  bench.answer(kQuery, kTrue);
  bench.loop().advance(2s);
  CHECK(bench.rule().state == AlertState::kFiring);
}

TEST_CASE(
    "Alerts are repeated after the resend delay however often they are evaluated; their validity is the interval's") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer(kQuery, kTrue);
  bench.run(group("labels: {a: b}"));
  bench.next(kQuery);
  for (int i = 0; i < 300; ++i) {
    bench.loop().advance(1s);
    bench.scraped("q");
  }
  bench.loop().advance(kSoon);
  const auto sent = bench.sink.take();
  REQUIRE(sent.size() == 5);
  for (const auto& alert : sent) CHECK(alert.ends_at == alert.updated_at + 240'000);
  for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i].updated_at - sent[i - 1].updated_at > 60'000);
}

TEST_CASE("With a query offset the evaluation comes as much later, when its query sees the scrape") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("labels: {a: b}", "query_offset: 20s, "));
  bench.next(kQuery);
  bench.loop().advance(3s);
  const Timestamp scraped = bench.loop().now();
  bench.scraped("q");
  bench.loop().advance(20s - 1ms);
  const std::size_t before = bench.asked(kQuery).size();
  bench.loop().advance(kSoon);
  REQUIRE(bench.asked(kQuery).size() == before + 1);
  CHECK(bench.asked(kQuery).back() >= scraped);
  CHECK(bench.asked(kQuery).back() <= scraped + 5);
}

TEST_CASE("Nothing is evaluated before the first slot of a start, and nothing after the stop") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("labels: {a: b}"));
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(bench.asked(kQuery).empty());
  bench.next(kQuery);
  bench.loop().advance(1s);
  const std::size_t before = bench.asked(kQuery).size();
  bench.scraped("q");
  bool stopped = false;
  bench.manager().stop([&] { stopped = true; });
  bench.loop().advance(1s);
  CHECK(stopped);
  bench.scraped("q");
  bench.loop().advance(2min);
  CHECK(bench.asked(kQuery).size() == before);
  CHECK(bench.loop().waiting_timers() == 0);
}

TEST_CASE("Series end and are limited as at slots") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer(kQuery, kTrue);
  bench.run(group("labels: {}", "limit: 1, "));
  bench.next(kQuery);
  bench.loop().advance(1s);
  bench.answer(kQuery, {element({{"i", "1"}}, 7), element({{"i", "2"}}, 7)});
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(bench.rule().last_error == "exceeded limit of 1 with 2 alerts");
  CHECK(bench.rule().alerts.empty());
  CHECK(bench.stale_markers(kFiring) == 0);  // after an error none ends
  bench.answer(kQuery, promql::Vector{});
  bench.loop().advance(1s);
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(bench.rule().last_error.empty());
  CHECK(bench.stale_markers(kFiring) == 1);
}

TEST_CASE("The begin of alerts is looked up after the second slot, whatever scrapes ask for meanwhile") {
  test::World world;
  const Timestamp active_at = world.loop->now() - 3'600'000;
  world.store.add({{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}}, world.loop->now() - 60'000,
                  static_cast<double>(active_at / 1000));
  test::RuleBench bench(world);
  bench.answer(kQuery, kTrue);
  bench.run(group("for: 30m"));
  const Timestamp first = bench.next(kQuery);
  for (int i = 0; i < 10; ++i) {
    bench.loop().advance(1s);
    bench.scraped("q");
  }
  bench.loop().advance(kSoon);
  CHECK(bench.rule().alerts.at(0).active_at == first);
  bench.loop().advance(1min);
  CHECK(bench.rule().alerts.at(0).active_at == active_at / 1000 * 1000);
}

TEST_CASE("A clock that goes back stops no evaluation for longer than the interval") {
  test::World world;
  test::RuleBench bench(world);
  bench.run(group("labels: {a: b}"));
  bench.next(kQuery);
  bench.loop().advance(10s);
  bench.scraped("q");
  bench.loop().advance(kSoon);
  bench.loop().jump_wall(-3'600'000);
  bench.scraped("q");
  bench.loop().advance(kSoon);
  const std::size_t before = bench.asked(kQuery).size();
  bench.loop().advance(2min);
  CHECK(bench.asked(kQuery).size() > before);
  bench.loop().advance(10s);
  const std::size_t again = bench.asked(kQuery).size();
  bench.scraped("q");
  bench.loop().advance(kSoon);
  CHECK(bench.asked(kQuery).size() == again + 1);
}

TEST_CASE("What a file says of evaluation is checked") {
  const auto errors = [](const std::string& text) { return rules::parse_rule_file(text, "f.yml").errors; };
  CHECK(errors("groups: [{name: g, evaluation: sometimes, rules: [{alert: A, expr: q}]}]") ==
        std::vector<std::string>{R"(f.yml:1:32: evaluation must be "interval" or "on_scrape")"});
  CHECK(errors("groups: [{name: g, evaluation: [on_scrape], rules: [{alert: A, expr: q}]}]").size() == 1);
  CHECK(errors("groups: [{name: g, evaluation: on_scrape, rules: [{record: a, expr: q}]}]") ==
        std::vector<std::string>{R"(f.yml:1:32: group "g": evaluation on_scrape is for groups with an alerting rule)"});
  CHECK(errors("groups: [{name: g, evaluation_min_interval: often, rules: []}]").size() == 1);
  const auto file = rules::parse_rule_file(
      "groups: [{name: g, evaluation: on_scrape, evaluation_min_interval: 50ms, rules: [{alert: A, expr: q}]}]", "f");
  REQUIRE(file.errors.empty());
  CHECK(file.groups[0].evaluation == rules::EvaluationMode::kOnScrape);
  CHECK(file.groups[0].evaluation_min_interval == Duration(50ms));
}
