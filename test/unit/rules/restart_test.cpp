// What a restart does to alerts: nothing. A new manager over the same store and state stands for a new process.

#include <catch2/catch.hpp>

#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using rules::AlertState;
using test::element;

namespace {

const promql::Vector kTrue{element({{"i", "1"}}, 7)};

std::string one_rule(const std::string& fields) {
  return "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, " + fields + "}]}]";
}

/// The process dies: its timers and jobs are gone, time goes on.
void kill(test::World& world, std::unique_ptr<test::RuleBench>& bench, std::chrono::seconds down) {
  const Timestamp then = world.loop->now() + to_ms(down);
  bench.reset();
  world.loop = std::make_unique<VirtualLoop>(then);
}

}  // namespace

TEST_CASE("A pending alert stays pending with its begin, and fires when it would have") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("for: 5m"));
  const Timestamp begin = bench->next("q");
  bench->loop().advance(2min);
  kill(world, bench, 60s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("for: 5m"));
  REQUIRE(bench->rule().alerts.size() == 1);
  CHECK(bench->rule().alerts[0].state == AlertState::kPending);
  CHECK(bench->rule().alerts[0].active_at == begin);
  bench->next("q");
  CHECK(bench->rule().state == AlertState::kPending);
  CHECK(bench->sink.all.empty());
  while (bench->rule().state != AlertState::kFiring) bench->next("q");
  CHECK(bench->asked("q").back() - begin == 300'000);
}

TEST_CASE("A firing alert stays firing, and is not sent before its time") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("for: 10s, annotations: {v: '{{ $value }}'}"));
  const Timestamp begin = bench->next("q");
  const Timestamp fired = bench->next("q");
  REQUIRE(bench->sink.all.size() == 1);
  kill(world, bench, 5s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("for: 10s, annotations: {v: '{{ $value }}'}"));
  const auto restored = bench->rule().alerts.at(0);
  CHECK(restored.state == AlertState::kFiring);
  CHECK(restored.active_at == begin);
  CHECK(restored.value == 7);
  CHECK(restored.annotations.get("v") == "7");
  for (int i = 0; i < 5; ++i) bench->next("q");
  CHECK(bench->sink.all.empty());
  while (bench->sink.all.empty()) bench->next("q");
  CHECK(bench->asked("q").back() - fired == 70'000);
  CHECK(bench->sink.all[0].starts_at == fired);
}

TEST_CASE("An alert whose condition ended while the process was down resolves at the first evaluation") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("labels: {a: b}"));
  const Timestamp fired = bench->next("q");
  kill(world, bench, 60s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->run(one_rule("labels: {a: b}"));
  const Timestamp first = bench->next("q");
  REQUIRE(bench->sink.all.size() == 1);
  CHECK(bench->sink.all[0].starts_at == fired);
  CHECK(bench->sink.all[0].ends_at == first);
  CHECK(bench->rule().state == AlertState::kInactive);
  const Labels alerts{{"__name__", "ALERTS"}, {"a", "b"}, {"alertname", "A"}, {"alertstate", "firing"}, {"i", "1"}};
  CHECK(bench->stale_markers(alerts) == 1);
}

TEST_CASE("keep_firing_for goes on over a restart") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("keep_firing_for: 2m"));
  bench->next("q");
  bench->answer("q", promql::Vector{});
  const Timestamp since = bench->next("q");
  kill(world, bench, 30s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->run(one_rule("keep_firing_for: 2m"));
  CHECK(bench->rule().alerts.at(0).keep_firing_since == since);
  while (bench->rule().state != AlertState::kInactive) bench->next("q");
  CHECK(bench->asked("q").back() - since == 120'000);
}

TEST_CASE("The end of an alert is sent again after a restart until 15 minutes are over") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("labels: {a: b}"));
  bench->next("q");
  bench->answer("q", promql::Vector{});
  const Timestamp resolved = bench->next("q");
  kill(world, bench, 5min);

  bench = std::make_unique<test::RuleBench>(world);
  bench->run(one_rule("labels: {a: b}"));
  CHECK(bench->rule().alerts.empty());
  bench->next("q");
  REQUIRE(bench->sink.all.size() == 1);
  CHECK(bench->sink.all[0].ends_at == resolved);
  bench->loop().advance(15min);
  CHECK(bench->state().load_rule_alerts()->empty());
}

TEST_CASE("Alerts of a rule that is no longer configured are dropped from the state") {
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->run(one_rule("labels: {a: b}"));
  bench->next("q");
  REQUIRE(bench->state().load_rule_alerts()->size() == 1);
  kill(world, bench, 5s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->run("groups: []");
  CHECK(bench->state().load_rule_alerts()->empty());
}

TEST_CASE("Of equal rules each finds its own alerts") {
  const char* const text =
      "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, for: 1h}, {alert: A, expr: p, for: 2h}]}]";
  test::World world;
  auto bench = std::make_unique<test::RuleBench>(world);
  bench->answer("q", kTrue);
  bench->answer("p", {element({{"i", "2"}}, 1)});
  bench->run(text);
  bench->next("q");
  kill(world, bench, 5s);

  bench = std::make_unique<test::RuleBench>(world);
  bench->run(text);
  CHECK(bench->rule(0, 0).alerts.at(0).labels.get("i") == "1");
  CHECK(bench->rule(0, 1).alerts.at(0).labels.get("i") == "2");
}

TEST_CASE("Nothing is evaluated before the start") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.apply(one_rule("labels: {a: b}"));
  bench.loop().advance(5min);
  CHECK(bench.asked("q").empty());
  bench.manager().start();
  bench.next("q");
}

namespace {

/// What a Prometheus left: an alert that is pending since `begin`, known every 10 s until `end`.
void write_for_state(test::World& world, Timestamp begin, Timestamp end) {
  const Labels labels{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}, {"s", "page"}};
  for (Timestamp t = begin; t <= end; t += 10'000) world.store.add(labels, t, static_cast<double>(begin / 1000));
}

/// The begin that the alert has after the restore.
Timestamp begin_after_restore(test::World& world) {
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 30m, labels: {s: page}"));
  const Labels series{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}, {"s", "page"}};
  const std::size_t before = bench.samples(series).size();
  const Timestamp first = bench.next("q");
  CHECK(bench.rule().alerts.at(0).active_at == first);
  CHECK(bench.samples(series).size() == before);
  bench.next("q");
  CHECK(bench.samples(series).size() == before);
  const Timestamp begin = bench.rule().alerts.at(0).active_at;
  bench.next("q");
  CHECK(bench.samples(series).size() == before + 1);
  return begin == first ? 0 : begin;
}

}  // namespace

TEST_CASE("Without stored state the begin comes from ALERTS_FOR_STATE after the second evaluation") {
  test::World world;
  const Timestamp now = world.loop->now();
  // Ten minutes before the end of its `for` or less: it fires after the grace period of ten minutes.
  SECTION("shifted by the time without samples") {
    write_for_state(world, now - 700'000, now - 600'000);
    const Timestamp begin = begin_after_restore(world);
    const Timestamp restored_at = world.loop->now() - 10'000;
    CHECK(std::llabs(begin - (now - 700'000 + (restored_at - (now - 600'000)))) < 12'000);
  }
  SECTION("so that it fires after the grace period") {
    write_for_state(world, now - 1'900'000, now - 300'000);
    const Timestamp begin = begin_after_restore(world);
    const Timestamp restored_at = world.loop->now() - 10'000;
    CHECK(std::llabs(begin - (restored_at + 600'000 - 1'800'000)) < 12'000);
  }
  SECTION("as it was, if it fired already") {
    write_for_state(world, now - 3'000'000, now - 300'000);
    CHECK(begin_after_restore(world) == now - 3'000'000);
  }
  SECTION("not, if the samples are too old") {
    write_for_state(world, now - 5'000'000, now - 3'700'000);
    CHECK(begin_after_restore(world) == 0);
  }
  SECTION("not, if the alert had ended") {
    write_for_state(world, now - 700'000, now - 600'000);
    const Labels labels{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}, {"s", "page"}};
    world.store.add(labels, now - 590'000, model::stale_nan());
    CHECK(begin_after_restore(world) == 0);
  }
}

TEST_CASE(
    "A label that is a template does not keep the begin of an alert from being found, another value of one does") {
  test::World world;
  const Timestamp now = world.loop->now();
  const auto write = [&](const std::string& zone, const std::string& severity) {
    world.store.add({{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}, {"s", severity}, {"zone", zone}},
                    now - 60'000, static_cast<double>(now / 1000 - 3000));
  };
  const bool same = GENERATE(true, false);
  write("zone-1", same ? "page" : "ticket");
  write("zone-2", "page");  // of another alert of the rule
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 30m, labels: {s: page, zone: 'zone-{{ $labels.i }}'}"));
  const Timestamp first = bench.next("q");
  bench.next("q");
  CHECK(bench.rule().alerts.at(0).active_at == (same ? now / 1000 * 1000 - 3'000'000 : first));
}

TEST_CASE("A rule with a short `for` does not look at ALERTS_FOR_STATE") {
  test::World world;
  const Timestamp now = world.loop->now();
  const Labels labels{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}};
  world.store.add(labels, now - 60'000, static_cast<double>((now - 100'000) / 1000));
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 5m"));
  const Timestamp first = bench.next("q");
  CHECK(bench.samples(labels).size() == 2);
  bench.next("q");
  bench.next("q");
  CHECK(bench.rule().alerts.at(0).active_at == first);
}
