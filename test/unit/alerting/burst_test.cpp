// Many groups that are due together.

#include <algorithm>
#include <map>

#include "alerting/flush_gate.hpp"
#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

constexpr int kGroups = 1000;

std::string two_receivers() {
  return "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 20s, routes: [{receiver: other, "
         "matchers: [team = b]}]}\nreceivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}, "
         "{name: other, webhook_configs: [{url: 'http://b/'}]}]\n";
}

void post_burst(Harness& harness) {
  std::vector<model::AlertPtr> alerts;
  for (int i = 0; i < kGroups; ++i) {
    model::Alert alert;
    const std::string name = fmt::format("A{:04}", i);
    alert.labels = model::Labels{{"alertname", name}};
    alert.starts_at = harness.loop.now();
    alert.ends_at = harness.loop.now() + 3'600'000;
    alerts.push_back(std::make_shared<const model::Alert>(std::move(alert)));
  }
  harness.alerting->post(std::move(alerts));
  harness.loop.run_ready();
}

/// How many attempts began at each time, in milliseconds.
std::map<long, std::size_t> begun(const Harness& harness, const std::string& receiver) {
  std::map<long, std::size_t> out;
  for (const Attempt& one : harness.attempts) {
    if (one.notification->receiver == receiver) ++out[std::lround(one.at * 1000)];
  }
  return out;
}

TEST_CASE("Of a burst of groups no more than 128 tell a receiver at a time, and each is told once") {
  Harness harness(two_receivers());
  harness.attempt_time = milliseconds(10);
  post_burst(harness);
  harness.until(15);
  const auto times = begun(harness, "r");
  CHECK(times.size() == 8);  // 1,000 in portions of 128, 10 ms apart
  for (const auto& [at, count] : times) CHECK(count <= FlushGate::kPlaces);
  CHECK(times.begin()->first == 1000);
  CHECK(times.rbegin()->first == 1070);
  std::map<std::string, int> told;
  for (const Attempt& one : harness.attempts) ++told[one.notification->group_key];
  CHECK(told.size() == kGroups);
  CHECK(std::all_of(told.begin(), told.end(), [](const auto& one) { return one.second == 1; }));
}

TEST_CASE("A receiver that hangs gives its places away, and holds up no other receiver") {
  Harness harness(two_receivers());
  harness.attempt_time = seconds(15);
  post_burst(harness);
  harness.post("B", 3600, {{"team", "b"}});
  harness.until(10);
  CHECK(begun(harness, "other") == std::map<long, std::size_t>{{1000, 1}});
  const auto times = begun(harness, "r");
  std::size_t all = 0;
  for (const auto& [at, count] : times) all += count;
  CHECK(all == kGroups);
  CHECK(times.rbegin()->first == 1000 + 7 * 50);
}

TEST_CASE("Groups that wait for their turn are told after a reload, and not after a stop") {
  const bool reloaded = GENERATE(true, false);
  Harness harness(two_receivers());
  harness.attempt_time = milliseconds(20);
  post_burst(harness);
  harness.until(1.005);
  const std::size_t before = harness.attempts.size();
  CHECK(before == FlushGate::kPlaces);
  if (reloaded) {
    harness.reload(two_receivers());
  } else {
    harness.alerting->stop(seconds(1), [] {});
  }
  harness.until(15);
  std::map<std::string, int> told;
  for (const Attempt& one : harness.attempts) ++told[one.notification->group_key];
  CHECK(told.size() == (reloaded ? kGroups : before));
}

TEST_CASE("A place ends once, by its flush or by its age, and may outlive the gate") {
  VirtualLoop loop;
  auto gate = std::make_unique<FlushGate>(loop);
  std::vector<FlushGate::Place> places;
  for (std::size_t i = 0; i < FlushGate::kPlaces; ++i) places.push_back(gate->enter("r"));
  CHECK(std::all_of(places.begin(), places.end(), [](const auto& place) { return bool(place); }));
  CHECK_FALSE(bool(gate->enter("r")));
  CHECK(bool(gate->enter("other")));
  std::vector<int> let_in;
  for (int i = 0; i < 2; ++i) {
    gate->wait("r", [&, i](FlushGate::Place place) {
      let_in.push_back(i);
      places.push_back(std::move(place));
    });
  }
  places.erase(places.begin());
  CHECK(let_in.empty());  // never inside the call that frees a place
  loop.run_ready();
  CHECK(let_in == std::vector<int>{0});
  loop.advance(FlushGate::kYouth);
  CHECK(let_in == std::vector<int>{0, 1});
  CHECK(gate->waiting() == 0);
  // The old ones count no more, so their end frees nothing; two are young.
  places.erase(places.begin(), places.end() - 2);
  std::size_t free = 0;
  for (; FlushGate::Place place = gate->enter("r"); ++free) places.push_back(std::move(place));
  CHECK(free == FlushGate::kPlaces - 1);  // the first that was let in has grown old, too
  gate.reset();
  places.clear();
}

}  // namespace
}  // namespace tocsin::alerting::test
