// Alerting rules through the manager: states, texts, series, what is sent and when.

#include <catch2/catch.hpp>

#include "model/histogram.hpp"
#include "support/log_capture.hpp"
#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using rules::AlertState;
using test::element;

namespace {

std::string one_rule(const std::string& fields) {
  return "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, " + fields + "}]}]";
}

const promql::Vector kTrue{element({{"__name__", "up"}, {"i", "1"}}, 7)};
const Labels kAlerts{{"__name__", "ALERTS"}, {"alertname", "A"}, {"alertstate", "firing"}, {"i", "1"}};
const Labels kPending{{"__name__", "ALERTS"}, {"alertname", "A"}, {"alertstate", "pending"}, {"i", "1"}};
const Labels kForState{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}};

}  // namespace

TEST_CASE("Without `for` an alert fires at the first evaluation that is true, and is sent") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  rules::Environment environment;
  environment.external_labels = {{"region", "eu"}, {"i", "external"}};
  environment.external_url = "http://h:9090/p";
  bench.run(one_rule("labels: {severity: page}, annotations: {summary: 's {{ $value }}'}"), environment);
  CHECK(bench.rule().state == AlertState::kUnknown);
  const Timestamp t = bench.next("q");

  const auto rule = bench.rule();
  CHECK(rule.state == AlertState::kFiring);
  REQUIRE(rule.alerts.size() == 1);
  CHECK(rule.alerts[0].labels == Labels{{"alertname", "A"}, {"i", "1"}, {"severity", "page"}});
  CHECK(rule.alerts[0].active_at == t);
  CHECK(rule.alerts[0].value == 7);
  CHECK(bench.manager().alerts().size() == 1);

  REQUIRE(bench.sink.all.size() == 1);
  const model::Alert& sent = bench.sink.all[0];
  CHECK(sent.labels == Labels{{"alertname", "A"}, {"i", "1"}, {"region", "eu"}, {"severity", "page"}});
  CHECK(sent.annotations == Labels{{"summary", "s 7"}});
  CHECK(sent.starts_at == t);
  CHECK(sent.ends_at == t + 4 * 60'000);
  CHECK(sent.generator_url == "http://h:9090/p/graph?g0.expr=q&g0.tab=1");

  const Labels alerts{
      {"__name__", "ALERTS"}, {"alertname", "A"}, {"alertstate", "firing"}, {"i", "1"}, {"severity", "page"}};
  CHECK(bench.samples(alerts) == std::vector<model::Sample>{{t, 1}});
  const Labels for_state{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", "1"}, {"severity", "page"}};
  CHECK(bench.samples(for_state) == std::vector<model::Sample>{{t, static_cast<double>(t / 1000)}});
}

TEST_CASE("An alert on a native histogram fires with the value 0; its texts see the histogram") {
  test::World world;
  test::RuleBench bench(world);
  model::FloatHistogram histogram;
  histogram.count = 3;
  histogram.sum = 5.5;
  histogram.positive_spans = {{1, 1}};
  histogram.positive_buckets = {3};
  promql::VectorSample sample = element({{"__name__", "latency"}, {"i", "1"}}, 7);
  sample.h = std::make_shared<const model::FloatHistogram>(histogram);
  bench.answer("q", promql::Vector{sample});
  bench.run(one_rule("annotations: {summary: '{{ $value }} of {{ $value.Count }}'}"));
  const Timestamp t = bench.next("q");

  const auto rule = bench.rule();
  CHECK(rule.last_error.empty());
  CHECK(rule.state == AlertState::kFiring);
  REQUIRE(rule.alerts.size() == 1);
  CHECK(rule.alerts[0].value == 0);
  CHECK(bench.samples(kAlerts) == std::vector<model::Sample>{{t, 1}});
  REQUIRE(bench.sink.all.size() == 1);
  CHECK(bench.sink.all[0].annotations == Labels{{"summary", "{count:3, sum:5.5, (1,2]:3} of 3"}});
}

TEST_CASE("With `for` an alert is pending until its time is over, and is forgotten if it ends before") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 20s"));
  const Timestamp begin = bench.next("q");
  CHECK(bench.rule().state == AlertState::kPending);
  CHECK(bench.sink.all.empty());
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kPending);

  bench.answer("q", promql::Vector{});
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kInactive);
  CHECK(bench.rule().alerts.empty());
  CHECK(bench.stale_markers(kPending) == 1);
  CHECK(bench.stale_markers(kForState) == 1);
  CHECK(bench.sink.all.empty());

  bench.answer("q", kTrue);
  const Timestamp again = bench.next("q");
  bench.next("q");
  const Timestamp fired = bench.next("q");
  CHECK(again - begin == 30'000);
  CHECK(fired - again == 20'000);
  CHECK(bench.rule().state == AlertState::kFiring);
  CHECK(bench.rule().alerts[0].active_at == again);
  REQUIRE(bench.sink.all.size() == 1);
  CHECK(bench.sink.all[0].starts_at == fired);
  CHECK(bench.stale_markers(kPending) == 2);
  CHECK(bench.samples(kAlerts).size() == 1);
}

TEST_CASE("`for` that is shorter than the interval fires at the second evaluation") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 1s"));
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kPending);
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
}

TEST_CASE("A firing alert is sent again after the resend delay, and its end for 15 minutes") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("annotations: {a: b}"));
  const Timestamp fired = bench.next("q");
  CHECK(bench.sink.take().size() == 1);
  // The delay is a minute and must be over: at 70 s for an interval of 10 s.
  for (int i = 1; i <= 6; ++i) bench.next("q");
  CHECK(bench.sink.take().empty());
  const Timestamp second = bench.next("q");
  const auto resent = bench.sink.take();
  REQUIRE(resent.size() == 1);
  CHECK(second - fired == 70'000);
  CHECK(resent[0].starts_at == fired);
  CHECK(resent[0].ends_at == second + 240'000);

  bench.answer("q", promql::Vector{});
  const Timestamp resolved = bench.next("q");
  auto ends = bench.sink.take();
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].starts_at == fired);
  CHECK(ends[0].ends_at == resolved);
  CHECK(bench.rule().state == AlertState::kInactive);
  CHECK(bench.rule().alerts.empty());
  CHECK(bench.stale_markers(kAlerts) == 1);

  bench.loop().advance(20min);
  ends = bench.sink.take();
  // Every 70 s up to 15 minutes after the end.
  CHECK(ends.size() == 12);
  for (const auto& end : ends) CHECK(end.ends_at == resolved);
  CHECK(bench.state().load_rule_alerts()->empty());
}

TEST_CASE("A firing alert ends by itself after four times the larger of the interval and the resend delay") {
  struct Case {
    std::string interval;
    Duration resend_delay;
    std::int64_t valid_ms;
  };
  for (const Case& one : {Case{"10s", 1min, 240'000}, Case{"5m", 1min, 1'200'000}, Case{"10s", 3min, 720'000}}) {
    test::World world;
    rules::GroupOptions options;
    options.resend_delay = one.resend_delay;
    test::RuleBench bench(world, options);
    bench.answer("q", kTrue);
    bench.run("groups: [{name: g, interval: " + one.interval + ", rules: [{alert: A, expr: q}]}]");
    const Timestamp fired = bench.next("q");
    auto sent = bench.sink.take();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].starts_at == fired);
    CHECK(sent[0].ends_at == fired + one.valid_ms);
    // Each repetition is valid anew, and begins when the alert began.
    while (sent.size() < 2) {
      bench.next("q");
      std::ranges::move(bench.sink.take(), std::back_inserter(sent));
    }
    CHECK(sent[1].updated_at - fired > to_ms(one.resend_delay));
    CHECK(sent[1].starts_at == fired);
    CHECK(sent[1].ends_at == sent[1].updated_at + one.valid_ms);
  }
}

TEST_CASE("The limit counts pending alerts too, and those that keep firing") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 1)});
  bench.run(
      "groups: [{name: g, interval: 10s, limit: 2, rules: [{alert: A, expr: q, keep_firing_for: 1m}, "
      "{alert: B, expr: q, for: 1h}]}]");
  bench.next("q");
  CHECK(bench.rule(0, 0).alerts.size() == 2);
  CHECK(bench.rule(0, 1).alerts.size() == 2);
  bench.answer("q", {element({{"i", "3"}}, 1)});
  bench.next("q");
  CHECK(bench.rule(0, 0).last_error == "exceeded limit of 2 with 3 alerts");
  CHECK(bench.rule(0, 0).alerts.empty());
  CHECK(bench.rule(0, 1).alerts.size() == 1);  // those that were pending are gone
}

TEST_CASE("An alert that comes back while its end is still being sent is a new alert") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 10s"));
  bench.next("q");
  const Timestamp first = bench.next("q");
  bench.answer("q", promql::Vector{});
  bench.next("q");
  bench.answer("q", kTrue);
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kPending);
  const Timestamp second = bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
  const auto sent = bench.sink.take();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].starts_at == first);
  CHECK(sent[2].starts_at == second);
  CHECK(sent[2].ends_at > second);
}

TEST_CASE("keep_firing_for holds an alert after its condition ended") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("keep_firing_for: 30s"));
  bench.next("q");
  bench.answer("q", promql::Vector{});
  const Timestamp since = bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
  CHECK(bench.rule().alerts[0].keep_firing_since == since);
  bench.answer("q", kTrue);
  bench.next("q");
  CHECK(bench.rule().alerts[0].keep_firing_since == 0);
  bench.answer("q", promql::Vector{});
  const Timestamp second = bench.next("q");
  bench.next("q");
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
  CHECK(bench.rule().alerts[0].keep_firing_since == second);
  const Timestamp end = bench.next("q");
  CHECK(end - second == 30'000);
  CHECK(bench.rule().state == AlertState::kInactive);
  CHECK(bench.sink.all.back().ends_at == end);
}

TEST_CASE("keep_firing_for does not hold a pending alert") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("for: 1m, keep_firing_for: 30s"));
  bench.next("q");
  bench.answer("q", promql::Vector{});
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kInactive);
}

TEST_CASE("Texts are expanded with the alert's data, and a failure is shown in the text") {
  test::LogCapture capture;
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.answer("other", {element({{"x", "y"}}, 99)});
  rules::Environment environment;
  environment.external_labels = {{"region", "eu"}};
  environment.external_url = "http://h";
  bench.run(R"(
groups:
  - name: g
    interval: 10s
    query_offset: 1m
    labels: {where: "{{ $externalLabels.region }}", empty: "{{ $labels.none }}"}
    rules:
      - alert: A
        expr: q
        labels: {value: "{{ $value }}", alertname: overridden}
        annotations:
          metric: "{{ $labels.__name__ }} {{ .Labels.i }}"
          url: "{{ $externalURL }}"
          query: '{{ query "other" | first | value }} {{ with query "none" }}no{{ end }}'
          bad: '{{ query "sum(" }}'
          worse: "{{ template \"x\" }}"
)",
            environment);
  const Timestamp t = bench.next("q");
  REQUIRE(bench.rule().alerts.size() == 1);
  const auto alert = bench.rule().alerts[0];
  CHECK(alert.labels == Labels{{"alertname", "A"}, {"i", "1"}, {"value", "7"}, {"where", "eu"}});
  CHECK(alert.annotations.get("metric") == "up 1");
  CHECK(alert.annotations.get("url") == "http://h");
  CHECK(alert.annotations.get("query") == "99 ");
  CHECK(std::string(alert.annotations.get("bad"))
            .starts_with("<error expanding template: error executing template __alert_A: template: __alert_A:1:"));
  CHECK(std::string(alert.annotations.get("worse")).starts_with("<error expanding template: "));
  CHECK(capture.contains("expanding an alert's template failed"));
  // A query in a text is asked at the evaluation's time, not at the offset one.
  REQUIRE(bench.asked("other").size() == 1);
  CHECK(bench.asked("other")[0] == t + 60'000);
}

TEST_CASE("Annotations and the value follow the condition while it lasts") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("annotations: {v: '{{ $value }}'}"));
  bench.next("q");
  bench.answer("q", {element({{"i", "1"}}, 8)});
  bench.next("q");
  CHECK(bench.rule().alerts[0].value == 8);
  CHECK(bench.rule().alerts[0].annotations.get("v") == "8");
}

TEST_CASE("An annotation whose text is or becomes empty is told, a label is not") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(
      one_rule("labels: {team: '', owner: '{{ $labels.owner }}'}, "
               "annotations: {runbook: '{{ $labels.runbook }}', note: '', summary: s}"));
  bench.next("q");
  const std::vector<std::pair<std::string, std::string>> expected{{"note", ""}, {"runbook", ""}, {"summary", "s"}};
  const auto texts = [](const Labels& annotations) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& one : annotations) out.emplace_back(one.name, one.value);
    return out;
  };
  REQUIRE(bench.sink.all.size() == 1);
  CHECK(texts(bench.sink.all[0].annotations) == expected);
  CHECK(bench.sink.all[0].labels == Labels{{"alertname", "A"}, {"i", "1"}});
  CHECK(texts(bench.rule().alerts.at(0).annotations) == expected);
  CHECK(bench.rule().annotations.has("note"));
}

TEST_CASE("Equal label sets are an error that changes no alert") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("labels: {i: x}"));
  bench.next("q");
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 1)});
  bench.next("q");
  CHECK(bench.rule().last_error == "vector contains metrics with the same labelset after applying alert labels");
  CHECK(bench.rule().state == AlertState::kFiring);
}

TEST_CASE("A failing query neither resolves nor sends") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.run(one_rule("annotations: {a: b}"));
  bench.next("q");
  bench.sink.take();
  bench.answer_error("q", "timeout");
  bench.loop().advance(5min);
  CHECK(bench.rule().health == rules::Health::kBad);
  CHECK(bench.rule().state == AlertState::kFiring);
  CHECK(bench.stale_markers(kAlerts) == 0);
  CHECK(bench.sink.take().empty());
}

TEST_CASE("More alerts than the limit are an error, and the rule forgets its alerts") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", {element({{"i", "1"}}, 1), element({{"i", "2"}}, 1)});
  bench.run("groups: [{name: g, interval: 10s, limit: 1, rules: [{alert: A, expr: q}]}]");
  bench.next("q");
  CHECK(bench.rule().last_error == "exceeded limit of 1 with 2 alerts");
  CHECK(bench.rule().alerts.empty());
  CHECK(bench.sink.all.empty());
  bench.answer("q", kTrue);
  bench.next("q");
  CHECK(bench.rule().state == AlertState::kFiring);
}

TEST_CASE("Alerts of several rules, and a rule that looks at ALERTS of an earlier one") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.answer("ALERTS", [&](Timestamp) {
    promql::Vector out;
    if (!bench.samples(kAlerts).empty()) out.push_back(element({{"alertname", "A"}}, 1));
    return promql::QueryResult{std::move(out), {}, {}, {}};
  });
  bench.run("groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q}, {alert: B, expr: ALERTS}]}]");
  bench.next("q");
  CHECK(bench.rule(0, 1).state == AlertState::kFiring);
  CHECK(bench.manager().alerts().size() == 2);
}

TEST_CASE("A clock that goes back neither ends a firing alert nor delays a pending one") {
  test::World world;
  test::RuleBench bench(world);
  bench.answer("q", kTrue);
  bench.answer("p", kTrue);
  bench.run(
      "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: q, for: 10s}, {alert: B, expr: p, for: 30s}]}]");
  bench.next("q");
  bench.next("q");
  CHECK(bench.rule(0, 0).state == AlertState::kFiring);
  CHECK(bench.rule(0, 1).state == AlertState::kPending);
  bench.sink.take();
  bench.loop().jump_wall(-24 * 3'600'000);
  const Timestamp t = bench.next("q");
  CHECK(bench.rule(0, 0).state == AlertState::kFiring);
  auto sent = bench.sink.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].ends_at > t);
  CHECK(bench.rule(0, 1).alerts.at(0).active_at == t);
  for (int i = 0; i < 3; ++i) bench.next("q");
  CHECK(bench.rule(0, 1).state == AlertState::kFiring);
}
