// Silences, inhibition, time intervals.

#include "alerting/silence_json.hpp"
#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

Silence silence(std::vector<SilenceMatcher> matchers, Timestamp from, Timestamp to) {
  Silence s;
  s.matchers = std::move(matchers);
  s.starts_at = from;
  s.ends_at = to;
  s.created_by = "me";
  s.comment = "why \"so\"";
  return s;
}

}  // namespace

TEST_CASE("A silenced alert is told at the first tick after the silence") {
  Harness h(simple_config());
  const auto id =
      h.alerting->silences().set(silence({{"alertname", "A.*", true, true}}, h.loop.now(), h.loop.now() + 600'000));
  REQUIRE(id);
  h.post("A1", 600);
  h.until(2.2);
  CHECK(h.alerting->alerts().at(0).silenced_by == std::vector<std::string>{*id});
  CHECK(h.alerting->counts().alerts_suppressed == 1);
  REQUIRE(h.alerting->silences().expire(*id));
  CHECK(h.alerting->alerts().at(0).silenced_by.empty());
  h.until(20);
  CHECK(h.story() == "3 firing A1+");
  CHECK(h.alerting->metrics().suppressed.silence == 1);
}

TEST_CASE("A silence ends by itself; negative matchers silence everything else") {
  Harness h(simple_config());
  REQUIRE(h.alerting->silences().set(
      silence({{"severity", "critical", false, false}}, h.loop.now(), h.loop.now() + 2'500)));
  h.post("A", 600, {{"severity", "critical"}});
  h.post("B", 600, {{"severity", "warning"}});
  h.until(20);
  CHECK(h.story() == "1 firing A+ | 3 firing B+");
}

TEST_CASE("A pending silence does not silence yet") {
  Harness h(simple_config());
  REQUIRE(h.alerting->silences().set(
      silence({{"alertname", "A", false, true}}, h.loop.now() + 10'000, h.loop.now() + 20'000)));
  h.post("A", 600);
  h.until(5);
  CHECK(h.story() == "1 firing A+");
  h.until(11);
  CHECK(h.alerting->alerts().at(0).silenced_by.size() == 1);
}

TEST_CASE("A silence is changed in place where history stays as it was, else replaced") {
  VirtualLoop loop;
  tocsin::test::MemoryStore store;
  Rng rng(1);
  Silences silences(loop, rng, store, {});
  const Timestamp now = loop.now();
  Silence s = silence({{"a", "b", false, true}}, now - 5000, now + 60'000);
  const auto id = silences.set(s);
  REQUIRE(id);
  CHECK(silences.find(*id)->starts_at == now);  // the past cannot be silenced
  s.id = *id;
  s.starts_at = now;
  s.ends_at = now + 90'000;
  CHECK(*silences.set(s) == *id);
  CHECK(silences.find(*id)->ends_at == now + 90'000);
  Silence other = s;
  other.matchers[0].value = "c";
  const auto replaced = silences.set(other);
  REQUIRE(replaced);
  CHECK(*replaced != *id);
  CHECK(silences.find(*id)->state_at(now) == SilenceState::kExpired);
  // What has expired cannot be changed: a new one.
  CHECK(*silences.set(s) != *id);
  s.id = "11111111-1111-1111-1111-111111111111";
  CHECK(silences.set(s).error().code == Errc::kNotFound);
  CHECK(silences.expire("x").error().code == Errc::kNotFound);
  CHECK(silences.all().front()->state_at(now) == SilenceState::kActive);
  CHECK(silences.all().back()->state_at(now) == SilenceState::kExpired);
}

TEST_CASE("A silence that makes no sense is refused") {
  VirtualLoop loop;
  tocsin::test::MemoryStore store;
  Rng rng(1);
  SilenceOptions limits;
  limits.max_silences = 1;
  limits.max_silence_bytes = 600;
  Silences silences(loop, rng, store, limits);
  const Timestamp now = loop.now();
  const auto error = [&](std::vector<SilenceMatcher> matchers, Timestamp to) {
    const auto made = silences.set(silence(std::move(matchers), now, to));
    return made ? std::string("taken") : made.error().message;
  };
  CHECK(error({}, now + 1).find("matcher set 0 is empty") != std::string::npos);
  CHECK(error({{"a", "", false, true}}, now + 1).find("must not match the empty string") != std::string::npos);
  CHECK(error({{"a", ".*", true, true}}, now + 1).find("must not match the empty string") != std::string::npos);
  CHECK(error({{"a", "(", true, true}}, now + 1)
            .find("invalid label matcher 0 in set 0: invalid regular expression \"(\"") != std::string::npos);
  CHECK(error({{"", "x", false, true}}, now + 1).find("invalid label name") != std::string::npos);
  CHECK(error({{"a", "b", false, true}}, now - 1).find("end time must not be before start time") != std::string::npos);
  CHECK(error({{"a", std::string(1000, 'x'), false, true}}, now + 1).find("maximum size") != std::string::npos);
  CHECK(error({{"a", "", false, false}}, now + 1) == "taken");
  CHECK(error({{"a", "b", false, true}}, now + 1).find("maximum number of silences") != std::string::npos);
}

TEST_CASE("A silence as JSON comes back as it was; what is no silence is refused") {
  Silence s = silence({{"a", "b\"\n", true, false}, {"c", "", false, true}}, 1'700'000'000'100, 1'700'000'060'000);
  s.id = "x";
  s.updated_at = 1'700'000'000'200;
  s.annotations = {{"k", "v"}};
  const auto again = parse_silence_json(silence_json(s, 0));
  REQUIRE(again);
  CHECK(again->matchers == s.matchers);
  CHECK(again->starts_at == s.starts_at);
  CHECK(again->ends_at == s.ends_at);
  CHECK(again->comment == s.comment);
  CHECK(again->annotations == s.annotations);
  CHECK(silence_json(s, 0).find("\"endsAt\":\"2023-11-14T22:14:20.000Z\"") != std::string::npos);
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"matchers":[]})", R"({"matchers":[1]})", R"({"matchers":[{"name":"a","value":"b"}]})",
        R"({"matchers":[{"name":1,"value":"b","isRegex":false}]})",
        R"({"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"x"})", "[[[[[[[[[[[[[[[[[[[["}) {
    INFO(bad);
    CHECK_FALSE(parse_silence_json(bad));
  }
}

TEST_CASE("A firing source keeps targets quiet whose equal labels agree, as long as it fires") {
  Harness h(simple_config("1h",
                          "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], "
                          "equal: [cluster]}]\n"));
  h.post("S", 600, {{"severity", "critical"}, {"cluster", "x"}});
  h.post("T", 600, {{"severity", "warning"}, {"cluster", "x"}});
  h.post("U", 600, {{"severity", "warning"}, {"cluster", "y"}});
  h.post("V", 600, {{"severity", "warning"}});
  h.until(2);
  CHECK(h.story() == "1 firing S+ | 1 firing U+ | 1 firing V+");
  CHECK(h.alerting->counts().alerts_suppressed == 1);
  h.resolve("S", {{"severity", "critical"}, {"cluster", "x"}});
  h.until(20);
  CHECK(h.story() == "1 firing S+ | 1 firing U+ | 1 firing V+ | 3 resolved S- | 3 firing T+");
  CHECK(h.alerting->metrics().suppressed.inhibition == 1);
}

TEST_CASE("Missing equal labels agree with missing ones, and nobody inhibits himself") {
  Harness h(simple_config("1h",
                          "inhibit_rules: [{source_matchers: ['alertname=~\"S|B\"'], target_matchers: "
                          "['alertname=~\"T|B\"'], equal: [nowhere]}]\n"));
  h.post("B", 600);  // both sides
  h.post("B", 600, {{"i", "2"}});
  h.until(2);
  CHECK(h.story() == "1 firing B+ B+");
  h.post("S", 600);
  h.post("T", 600);
  h.until(4);
  CHECK(h.alerting->counts().alerts_suppressed == 3);
}

TEST_CASE("Within a mute interval and outside of the active ones a route is silent, but only that route") {
  // The clock starts at 2023-11-14 22:13:20 UTC.
  Harness h(
      "route:\n  receiver: r\n  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 10s\n  repeat_interval: 1h\n"
      "  routes:\n  - {receiver: r, matchers: [alertname=M], mute_time_intervals: [now]}\n"
      "  - {receiver: r, matchers: [alertname=N], active_time_intervals: [later]}\n"
      "  - {receiver: r, matchers: [alertname=O], active_time_intervals: [now]}\n"
      "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n"
      "time_intervals:\n- {name: now, time_intervals: [{times: [{start_time: '22:00', end_time: '22:14'}]}]}\n"
      "- {name: later, time_intervals: [{times: [{start_time: '22:15', end_time: '23:00'}]}]}\n");
  for (const char* name : {"M", "N", "O"}) h.post(name, 3600);
  h.until(5);
  CHECK(h.story() == "1 firing O+");
  const auto groups = h.alerting->groups();
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].muted_by == std::vector<std::string>{"now"});
  CHECK(groups[1].muted_by == std::vector<std::string>{"later"});
  CHECK(groups[2].muted_by.empty());
  h.until(130);
  CHECK(h.story() == "1 firing O+ | 41 firing M+ | 101 firing N+");
  CHECK(h.alerting->metrics().suppressed.mute_time_interval > 0);
  CHECK(h.alerting->metrics().suppressed.active_time_interval > 0);
}

}  // namespace tocsin::alerting::test
