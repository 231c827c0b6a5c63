// When a group tells whom next, and what holds it back.

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

/// "next 1 group_wait": seconds since the start, and what it waits for; of the only group's only integration.
std::string next(Harness& h) {
  const std::vector<GroupSchedule> groups = h.alerting->schedule(10);
  if (groups.size() != 1 || groups[0].integrations.size() != 1) return fmt::format("{} groups", groups.size());
  const IntegrationSchedule& one = groups[0].integrations[0];
  const double at = static_cast<double>(one.next - h.loop.now()) / 1000 + to_seconds(h.loop.mono());
  std::string out =
      one.next == 0 ? "nothing" : fmt::format("next {:g}", static_cast<double>(std::llround(at * 10)) / 10);
  for (const std::string& held : one.held_by) out += " " + held;
  return out;
}

void silence_a(Harness& h) {
  Silence silence;
  silence.matchers = {{"alertname", "A", false, true}};
  silence.ends_at = h.loop.now() + 600'000;
  REQUIRE(h.alerting->silences().set(silence));
}

}  // namespace

TEST_CASE("A group says when its next notification is due, and it comes then") {
  Harness h(simple_config("7s"));
  h.post("A", 600);
  CHECK(next(h) == "next 1 group_wait");
  h.until(1.5);
  CHECK(next(h) == "next 9 repeat_interval");  // a tick, and strictly later than 1 + 7 s
  h.until(2);
  h.post("A", 600, {{"i", "2"}});
  CHECK(next(h) == "next 3 group_interval");
  h.until(3.5);
  CHECK(next(h) == "next 11 repeat_interval");
  h.until(11.5);
  CHECK(h.story() == "1 firing A+ | 3 firing A+ A+ | 11 firing A+ A+");
}

TEST_CASE("A group says what mutes it") {
  Harness h(
      simple_config("1h", "inhibit_rules: [{source_matchers: [alertname=Source], target_matchers: [alertname=A]}]\n"));
  silence_a(h);
  h.post("A", 600);
  CHECK(next(h) == "nothing silence");
  const GroupSchedule group = h.alerting->schedule(10).at(0);
  CHECK(group.receiver == "r");
  CHECK(group.key == R"({}:{alertname="A"})");
  CHECK(group.firing == 1);
  CHECK(group.muted.silence == 1);
  h.post("Source", 600);
  CHECK(h.alerting->schedule(10).at(0).integrations.at(0).held_by == std::vector<std::string>{"inhibition"});
  CHECK(h.alerting->schedule(1).size() == 1);
}

TEST_CASE("What is owed under a silence is due at the next tick") {
  Harness h(simple_config());
  h.post("A", 600);
  h.until(1.5);
  silence_a(h);
  CHECK(next(h) == "nothing silence");
  h.resolve("A");
  CHECK(next(h) == "next 3 group_interval");
}

TEST_CASE("A group within a mute interval names it") {
  Harness h(
      "route: {receiver: r, routes: [{matchers: [alertname=A], mute_time_intervals: [always]}]}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n"
      "time_intervals: [{name: always, time_intervals: [{years: ['1990:2990']}]}]\n");
  h.post("A", 600);
  CHECK(next(h) == "nothing mute_time_interval");
  CHECK(h.alerting->schedule(10).at(0).intervals == std::vector<std::string>{"always"});
}

TEST_CASE("An integration that fails is named with its error, and a flush under way as such") {
  Harness h(simple_config());
  h.attempt_time = milliseconds(500);
  h.answers["r"].push_back(failed(Delivery::kPermanent, "status 404"));
  h.post("A", 600);
  h.until(1.2);
  CHECK(h.alerting->schedule(10).at(0).flushing);
  CHECK(h.alerting->counts().groups_flushing == 1);
  h.until(2);
  CHECK(h.alerting->schedule(10).at(0).integrations.at(0).failure == "status 404");
  CHECK(next(h) == "next 3 group_interval");
  CHECK(h.alerting->counts().failing == 1);
  h.until(4);
  CHECK(h.alerting->schedule(10).at(0).integrations.at(0).failure.empty());
  CHECK(h.alerting->schedule(10).at(0).integrations.at(0).last_sent == h.loop.now() - 500);
}

}  // namespace tocsin::alerting::test
