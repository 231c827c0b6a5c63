// A resolve always follows a delivered firing: silences, inhibition and intervals notwithstanding. Once, and only for
// what was told.

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

/// Silences the label for ten hours. @return its id.
std::string silence(Harness& h, const std::string& name, const std::string& value) {
  Silence silence;
  silence.matchers = {{name, value, false, true}};
  silence.ends_at = h.loop.now() + 36'000'000;
  const auto id = h.alerting->silences().set(silence);
  REQUIRE(id);
  return *id;
}

constexpr const char* kGrouped =
    "route: {receiver: r, group_by: [], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}\n"
    "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n";

}  // namespace

TEST_CASE("An alert that was told and is silenced then is told as resolved, once") {
  Harness h(simple_config());
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.until(6);
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+ | 7 resolved A-");
  CHECK(h.attempts[1].reason() == "all alerts resolved");
  CHECK(h.alerting->metrics().resolves_despite_mutes == 1);
  CHECK(h.alerting->counts().groups == 0);
}

TEST_CASE("An alert that was silenced from the beginning is told neither as firing nor as resolved") {
  Harness h(simple_config());
  silence(h, "alertname", "A");
  h.post("A", 600);
  h.until(6);
  h.resolve("A");
  h.until(60);
  CHECK(h.attempts.empty());
}

TEST_CASE("What fires again under the silence is told neither as firing nor as resolved") {
  Harness h(simple_config());
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.resolve("A");
  h.until(10);
  h.post("A", 600);
  h.until(20);
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+ | 3 resolved A-");
}

TEST_CASE("An inhibited alert that was told is told as resolved") {
  Harness h(
      simple_config("1h", "inhibit_rules: [{source_matchers: [alertname=Source], target_matchers: [alertname=A]}]\n"));
  h.post("A", 600);
  h.until(2);
  h.post("Source", 600);
  h.until(8);
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+ | 3 firing Source+ | 9 resolved A-");
}

TEST_CASE("A resolve passes a mute interval and the end of the active ones if the firing was told before") {
  const bool active = GENERATE(false, true);
  CAPTURE(active);
  // Virtual time begins at a whole minute of the interval's zone; the interval begins with the second minute.
  Harness probe(simple_config());
  const Timestamp start = probe.loop.now();
  const auto minute_text = [&](int minutes) {
    const Timestamp t = start / 60'000 + minutes;
    return fmt::format("{:02}:{:02}", t / 60 % 24, t % 60);
  };
  const std::string range = active
                                ? fmt::format("{{start_time: '{}', end_time: '{}'}}", minute_text(0), minute_text(1))
                                : fmt::format("{{start_time: '{}', end_time: '{}'}}", minute_text(1), minute_text(9));
  Harness h(
      fmt::format("route: {{receiver: r, routes: [{{matchers: [alertname=A], group_by: [alertname], group_wait: 1s, "
                  "group_interval: 2s, "
                  "{}: [i]}}]}}\nreceivers: [{{name: r, webhook_configs: [{{url: 'http://a/'}}]}}]\n"
                  "time_intervals: [{{name: i, time_intervals: [{{times: [{}]}}]}}]\n",
                  active ? "active_time_intervals" : "mute_time_intervals", range));
  h.post("A", 600);
  h.until(70);
  h.resolve("A");
  h.post("A", 600, {{"late", "yes"}});
  h.until(100);
  CHECK(h.story() == "1 firing A+ | 71 resolved A-");
}

TEST_CASE("An integration that never had the firing gets no resolve; its sibling does, once") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}], slack_configs: [{api_url: 'http://b/', channel: c, "
      "send_resolved: true}]}]\n");
  h.answers["r"] = {{}, failed(Delivery::kPermanent, "status 404")};  // webhook, slack
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.until(6);
  h.resolve("A");
  h.until(60);
  CHECK(h.story("webhook") == "1 firing A+ | 7 resolved A-");
  CHECK(h.story("slack") == "1 firing A+");
}

TEST_CASE("A resolve that fails under a silence is tried until it is delivered") {
  Harness h(simple_config());
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.resolve("A");
  h.answers["r"] = {failed(Delivery::kPermanent, "status 404"), failed(Delivery::kPermanent, "status 404")};
  h.until(60);
  CHECK(h.story() == "1 firing A+ | 3 resolved A- | 5 resolved A- | 7 resolved A-");
}

TEST_CASE("A silenced member of a group that goes on is told as resolved, with those that fire") {
  Harness h(kGrouped);
  h.post("A", 600);
  h.post("B", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.until(3.5);
  h.post("C", 600);  // now the log's last message is without A
  h.until(6);
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+ B+ | 5 firing B+ C+ | 7 firing A- B+ C+");
  CHECK(h.attempts[2].reason() == "some alerts resolved");
}

TEST_CASE("What is owed is remembered when the rest of the group was resolved before") {
  Harness h(kGrouped);
  h.post("A", 600);
  h.post("B", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.resolve("B");
  h.until(6);
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+ B+ | 3 resolved B- | 7 resolved A-");
}

TEST_CASE("A resolve is owed over a crash, and over a silence that is longer than the log's memory") {
  Harness h(simple_config("10m"));
  h.post("A", 36'000);
  h.until(2);
  silence(h, "alertname", "A");
  h.until(10'000);  // far beyond 2 * repeat_interval
  h.restart();
  h.until(10'010);
  h.resolve("A");
  h.until(10'100);
  REQUIRE(h.attempts.size() == 2);
  CHECK(h.attempts[1].status() == "resolved");
}

TEST_CASE("send_resolved: false stays so under a silence") {
  Harness h(
      "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/', send_resolved: false}]}]\n");
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+");
}

TEST_CASE("Without guaranteed resolves a silence takes the resolve, as in Alertmanager") {
  AlertingOptions options;
  options.guaranteed_resolve = false;
  Harness h(simple_config(), options);
  h.post("A", 600);
  h.until(2);
  silence(h, "alertname", "A");
  h.resolve("A");
  h.until(60);
  CHECK(h.story() == "1 firing A+");
}

TEST_CASE("Without persistent alerts a restart forgets them, for good") {
  AlertingOptions options;
  options.persist_alerts = false;
  Harness h(simple_config(), options);
  h.post("A", 600);
  h.until(2);
  h.restart();
  CHECK(h.alerting->alerts().empty());
  h.until(60);
  CHECK(h.story() == "1 firing A+");
  CHECK(h.store.load_alerts()->empty());
}

}  // namespace tocsin::alerting::test
