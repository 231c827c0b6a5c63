// Routes, group keys, orders, merging, the notification log's rules, the queue from other threads.

#include <thread>

#include "alerting/alert_hub.hpp"
#include "alerting/identity.hpp"
#include "alerting/inbox.hpp"
#include "alerting/notification_log.hpp"
#include "alerting/route.hpp"
#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

using model::Labels;

std::string receivers(const RoutePtr& tree, const Labels& labels) {
  std::vector<const Route*> routes;
  tree->match(labels, routes);
  std::string out;
  for (const Route* route : routes) out += route->options().receiver + " ";
  return out;
}

RoutePtr tree_of(const std::string& text) {
  const auto config = config::parse_alertmanager_config(text, "am.yml");
  if (!config) FAIL(config.error().message);
  return make_route_tree((*config)->route);
}

model::AlertPtr alert_of(Labels labels) {
  model::Alert alert;
  alert.labels = std::move(labels);
  return std::make_shared<const model::Alert>(std::move(alert));
}

model::Alert times(Timestamp starts, Timestamp ends, Timestamp updated, bool timeout = false) {
  model::Alert alert;
  alert.starts_at = starts;
  alert.ends_at = ends;
  alert.updated_at = updated;
  alert.timeout = timeout;
  return alert;
}

}  // namespace

TEST_CASE("An alert goes to the deepest first match; continue goes on among siblings") {
  const RoutePtr tree = tree_of(
      "route:\n  receiver: root\n  routes:\n"
      "  - {receiver: a, matchers: [job=node], continue: true, routes: [{receiver: a1, matchers: "
      "[severity=critical]}]}\n"
      "  - {receiver: b, matchers: ['severity=~\"crit.*\"'], routes: [{matchers: [x=y]}]}\n"
      "  - {receiver: c, matchers: ['team!=\"\"']}\n"
      "receivers: [{name: root}, {name: a}, {name: a1}, {name: b}, {name: c}]\n");
  CHECK(receivers(tree, {{"alertname", "X"}}) == "root ");
  CHECK(receivers(tree, {{"job", "node"}}) == "a ");
  CHECK(receivers(tree, {{"job", "node"}, {"severity", "critical"}}) == "a1 b ");
  CHECK(receivers(tree, {{"severity", "critical"}, {"team", "t"}, {"x", "y"}}) == "b ");
  CHECK(receivers(tree, {{"team", "t"}, {"job", "node"}}) == "a c ");
}

TEST_CASE("Children inherit receiver, grouping, timers and labels, but no intervals") {
  const RoutePtr tree = tree_of(
      "route:\n  receiver: root\n  group_by: [a]\n  group_wait: 3s\n  labels: {owner: me, tier: one}\n  routes:\n"
      "  - matchers: [x=1]\n    mute_time_intervals: [t]\n    group_by: ['...']\n    labels: {owner: you}\n"
      "    routes: [{matchers: [y=2], group_by: []}, {matchers: [y=3]}]\n"
      "receivers: [{name: root}]\ntime_intervals: [{name: t}]\n");
  const Route& child = *tree->children().at(0);
  CHECK(child.options().receiver == "root");
  CHECK(child.options().group_wait == seconds(3));
  CHECK(child.options().group_interval == minutes(5));
  CHECK(child.options().group_by_all);
  CHECK(child.options().labels == std::vector<std::pair<std::string, std::string>>{{"owner", "you"}, {"tier", "one"}});
  CHECK(child.children().at(0)->options().mute_time_intervals.empty());
  const Labels labels = {{"a", "1"}, {"x", "1"}};
  CHECK(tree->group_labels(labels) == Labels{{"a", "1"}});
  CHECK(child.group_labels(labels) == labels);
  CHECK(child.children().at(0)->group_labels(labels).empty());
  CHECK(child.children().at(1)->group_labels(labels) == labels);
}

TEST_CASE("Keys of routes and groups are Alertmanager's, byte by byte") {
  const RoutePtr tree = tree_of(
      "route:\n  receiver: r\n  routes:\n  - match: {job: node}\n    routes:\n    - matchers: [severity=critical]\n"
      "  - match_re: {severity: 'in.*'}\n    match: {region: eu}\nreceivers: [{name: r}]\n");
  CHECK(tree->key() == "{}");
  CHECK(tree->children()[0]->children()[0]->key() == R"({}/{job="node"}/{severity="critical"})");
  CHECK(tree->children()[1]->key() == R"({}/{region="eu",severity=~"^(?:in.*)$"})");
  CHECK(label_set_text(Labels{}) == "{}");
  CHECK(label_set_text(Labels{{"b", "x\"\n"}, {"a", "é"}}) == "{a=\"é\", b=\"x\\\"\\n\"}");
}

TEST_CASE("Alerts are told in Alertmanager's order: job, instance, number of labels, labels") {
  const Labels node1 = {{"job", "node"}, {"instance", "1"}, {"alertname", "Z"}};
  const Labels node2 = {{"job", "node"}, {"instance", "2"}, {"alertname", "A"}};
  const Labels node = {{"job", "node"}, {"alertname", "A"}};
  const Labels db = {{"job", "db"}, {"alertname", "Z"}};
  const Labels lone_a = {{"alertname", "A"}};
  const Labels lone_ab = {{"alertname", "A"}, {"b", "1"}};
  const Labels lone_ac = {{"alertname", "A"}, {"c", "1"}};
  const std::vector<Labels> sorted = {db, node1, node2, node, lone_a, lone_ac, lone_ab};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      INFO(sorted[i].to_string() << " " << sorted[j].to_string());
      CHECK(alert_before(sorted[i], sorted[j]) == (i < j));
    }
  }
}

TEST_CASE("Alerts merge: earliest start, explicit ends over timeouts, the later of two resolves") {
  const auto merged = [](const model::Alert& a, const model::Alert& b) {
    const model::Alert m = merge_alerts(a, b, 100);
    return std::pair(m.starts_at, m.ends_at);
  };
  using P = std::pair<Timestamp, Timestamp>;
  CHECK(merged(times(10, 200, 1), times(20, 150, 2)) == P(10, 200));        // explicit later end
  CHECK(merged(times(10, 200, 1, true), times(20, 150, 2)) == P(10, 150));  // a timeout gives way
  CHECK(merged(times(10, 200, 1), times(20, 90, 2)) == P(10, 90));          // resolved now
  CHECK(merged(times(10, 95, 1), times(20, 90, 2)) == P(10, 95));           // both resolved
  CHECK(merged(times(20, 150, 2), times(10, 200, 1)) == P(10, 200));        // order does not matter
}

TEST_CASE("The five rules of the notification log") {
  state::NotificationLogEntry told;
  told.firing = {1, 2};
  told.resolved = {3};
  told.sent_at = 1000;
  state::NotificationLogEntry cleared = told;
  cleared.firing.clear();
  struct Case {
    const state::NotificationLogEntry* entry;
    AlertHashes now;
    bool send_resolved;
    Timestamp at;
    std::string reason;
  };
  const Case cases[] = {
      {nullptr, {{1}, {}}, true, 1000, "first notification"},
      {nullptr, {{}, {1}}, true, 1000, ""},
      {&told, {{1, 4}, {}}, true, 1000, "new alerts added"},
      {&cleared, {{1}, {}}, true, 1000, "first notification"},
      {&told, {{}, {1, 2}}, false, 1000, "all alerts resolved"},
      {&cleared, {{}, {1, 2}}, true, 1000, ""},
      {&told, {{1}, {2, 3}}, true, 1000, "some alerts resolved"},
      {&told, {{1}, {2, 3}}, false, 1000, ""},
      {&told, {{1, 2}, {3}}, true, 1000 + 60'000, ""},
      {&told, {{1, 2}, {3}}, true, 1001 + 60'000, "repeat interval elapsed"},
  };
  for (const Case& c : cases) {
    const auto reason = needs_notification(c.entry, c.now, c.send_resolved, minutes(1), c.at);
    CHECK((reason ? notify_reason_text(*reason) : "") == c.reason);
  }
}

TEST_CASE("The queue keeps the newest of each alert, takes it in portions, and drops new ones when it is full") {
  VirtualLoop loop;
  std::vector<std::size_t> portions;
  std::map<std::string, Timestamp> taken;
  const auto inbox = std::make_shared<Inbox>(loop, 1000, [&](const std::vector<model::AlertPtr>& alerts) {
    portions.push_back(alerts.size());
    for (const model::AlertPtr& alert : alerts) taken[std::string(alert->labels.get("n"))] = alert->ends_at;
  });
  for (int round = 1; round <= 2; ++round) {
    std::vector<model::AlertPtr> alerts;
    for (int i = 0; i < 1200; ++i) {
      model::Alert alert = *alert_of({{"n", std::to_string(i)}});
      alert.ends_at = round;
      alerts.push_back(std::make_shared<const model::Alert>(std::move(alert)));
    }
    inbox->post(alerts);
  }
  CHECK(taken.empty());
  loop.run_ready();
  CHECK(taken.size() == 1000);
  CHECK(taken.at("7") == 2);
  CHECK(portions.size() == 8);
  CHECK(*std::max_element(portions.begin(), portions.end()) <= 128);
  CHECK(inbox->dropped() == 400);
}

TEST_CASE("Many threads may post at once") {
  VirtualLoop loop;
  std::mutex guard;
  std::vector<Job> jobs;
  class LockedLoop final : public Loop {
   public:
    LockedLoop(VirtualLoop& inner, std::mutex& mutex, std::vector<Job>& list)
        : inner_(&inner), mutex_(&mutex), list_(&list) {}
    Clock& clock() override { return *inner_; }
    void post(Job job) override {
      const std::lock_guard lock(*mutex_);
      list_->push_back(std::move(job));
    }
    TimerId call_at(MonoTime, Job) override { return 0; }
    bool cancel(TimerId) override { return false; }

   private:
    VirtualLoop* inner_;
    std::mutex* mutex_;
    std::vector<Job>* list_;
  } locked(loop, guard, jobs);
  std::size_t taken = 0;
  const auto inbox = std::make_shared<Inbox>(
      locked, 100'000, [&](const std::vector<model::AlertPtr>& alerts) { taken += alerts.size(); });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&inbox, t] {
      for (int i = 0; i < 500; ++i) inbox->post({alert_of({{"t", std::to_string(t)}, {"i", std::to_string(i)}})});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job job = std::move(jobs[i]);
    job();
  }
  CHECK(taken == 2000);
}

}  // namespace tocsin::alerting::test
