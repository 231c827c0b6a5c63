// kill -9 at every step of a notification's way. Time is virtual and the disk takes its time, so a death at each
// millisecond meets every step: an alert is posted, stored, grouped, on its way, with the service, answered for,
// logged, on disk; and the same for its resolve.

#include <algorithm>
#include <functional>
#include <utility>

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

constexpr Duration kDiskTime = milliseconds(4);     // until queued writes are on disk
constexpr Duration kRequestTime = milliseconds(5);  // until the service has a request
constexpr Duration kAnswerTime = milliseconds(5);   // from there to its answer

/// A store whose writes are on disk a while after they are made. What is not is lost when the process dies.
class SlowStore final : public state::Store {
 public:
  explicit SlowStore(VirtualLoop& loop) : loop_(&loop) {}

  void die() {
    queue_.clear();
    ++life_;
  }

  void save_rule_alerts(std::string key, std::vector<state::RuleAlert> alerts) override {
    later([this, key = std::move(key), alerts = std::move(alerts)] { disk_.save_rule_alerts(key, alerts); });
  }
  Result<std::vector<state::RuleAlert>> load_rule_alerts() override { return disk_.load_rule_alerts(); }
  void save_alerts(std::vector<state::KeyedAlert> alerts) override {
    later([this, alerts = std::move(alerts)] { disk_.save_alerts(alerts); });
  }
  void remove_alerts(std::vector<model::Labels> labels) override {
    later([this, labels = std::move(labels)] { disk_.remove_alerts(labels); });
  }
  Result<std::vector<model::Alert>> load_alerts() override { return disk_.load_alerts(); }
  void save_notification(state::NotificationLogEntryPtr entry) override {
    later([this, entry = std::move(entry)] { disk_.save_notification(entry); });
  }
  void remove_notifications_before(Timestamp expires_at) override {
    later([this, expires_at] { disk_.remove_notifications_before(expires_at); });
  }
  Result<std::vector<state::NotificationLogEntry>> load_notifications() override { return disk_.load_notifications(); }
  void save_under_way(std::uint64_t batch, std::vector<state::UnderWayNote> notes) override {
    later([this, batch, notes = std::move(notes)] { disk_.save_under_way(batch, notes); });
  }
  void remove_under_way(std::uint64_t batch) override {
    later([this, batch] { disk_.remove_under_way(batch); });
  }
  Result<std::vector<state::StoredUnderWay>> load_under_way() override { return disk_.load_under_way(); }
  void save_silence(state::StoredSilence silence) override {
    later([this, silence = std::move(silence)] { disk_.save_silence(silence); });
  }
  void remove_silence(std::string id) override {
    later([this, id = std::move(id)] { disk_.remove_silence(id); });
  }
  Result<std::vector<state::StoredSilence>> load_silences() override { return disk_.load_silences(); }
  void flush(std::function<void(bool)> done) override {
    later([done = std::move(done)] { done(true); });
  }
  state::StoreStats stats() override { return disk_.stats(); }
  state::StoreHealth health() override { return {}; }

 private:
  /// Each write is on disk kDiskTime after it was made, in order.
  void later(std::function<void()> write) {
    queue_.push_back(std::move(write));
    loop_->call_after(kDiskTime, [this, life = life_] {
      if (life != life_) return;
      queue_.front()();
      queue_.pop_front();
    });
  }

  VirtualLoop* loop_;
  tocsin::test::MemoryStore disk_;
  std::deque<std::function<void()>> queue_;
  int life_ = 0;
};

/// One alert, its sender and its service; the process between them may die.
struct World {
  VirtualLoop loop;
  SlowStore store{loop};
  std::unique_ptr<Alerting> alerting;
  int life = 0;
  std::vector<std::pair<double, std::string>> told;  // what the service got, and when (ms)
  std::vector<std::pair<double, double>> windows;    // from the service's having it to the log's being on disk
  bool firing_taken = false, resolve_taken = false;  // answered with 200
  Timestamp began = 0;
  Duration answer_time = kAnswerTime;

  double now_ms() const { return to_seconds(loop.mono()) * 1000; }

  void start() {
    auto made = Alerting::make(loop, store, Rng(7),
                               [this](const config::AlertmanagerConfig&) { return Result<ReceiverMap>(receivers()); });
    REQUIRE(made);
    alerting = std::move(*made);
    const auto config = config::parse_alertmanager_config(
        "route: {receiver: r, group_by: [alertname], group_wait: 40ms, group_interval: 100ms}\n"
        "receivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n",
        "am.yml");
    REQUIRE(config);
    REQUIRE(alerting->apply(*config));
  }

  void die() {
    ++life;
    store.die();
    alerting.reset();
  }

  ReceiverMap receivers() {
    const NotifyFn notify = [this](NotificationPtr notification, MonoTime, DeliveryDone done) {
      loop.call_after(kRequestTime, [this, mine = life, notification, done = std::move(done)]() mutable {
        if (mine != life) return;  // died before it was sent
        told.emplace_back(now_ms(), notification->firing() ? "firing" : "resolved");
        windows.emplace_back(now_ms(), now_ms() + to_seconds(kAnswerTime + kDiskTime) * 1000);
        loop.call_after(answer_time, [this, mine, done = std::move(done)]() mutable {
          if (mine == life) done({});
        });
      });
    };
    return {{"r", {Integration{"webhook", 0, true, notify}}}};
  }

  /// As a client of API v2: what was not answered is sent again.
  void post(bool resolved, bool& taken) {
    if (!alerting || taken) return;
    model::Alert alert;
    alert.labels = model::Labels{{"alertname", "A"}};
    alert.starts_at = began;
    alert.ends_at = resolved ? loop.now() : loop.now() + 600'000;
    alerting->insert({std::make_shared<const model::Alert>(std::move(alert))});
    alerting->after_write().post([&taken] { taken = true; });
  }

  /// The alert fires at 0 and resolves at 200 ms. Death is at `death` ms (never: below 0), and lasts `away` ms.
  void play(int death, int away) {
    began = loop.now();
    start();
    for (int ms = 0; ms < 1500; ++ms) {
      if (ms == death) die();
      if (death >= 0 && ms == death + away) start();
      if (ms % 20 == 0 && ms < 200) post(false, firing_taken);
      if (ms % 20 == 0 && ms >= 200) post(true, resolve_taken);
      loop.advance(milliseconds(1));
    }
  }

  std::size_t count(const std::string& status) const {
    return static_cast<std::size_t>(
        std::count_if(told.begin(), told.end(), [&](const auto& one) { return one.second == status; }));
  }
};

}  // namespace

TEST_CASE(
    "Whenever the process dies, each notification arrives; twice only between the service's having it and the log") {
  World whole;
  whole.play(-1, 0);
  REQUIRE(whole.told.size() == 2);
  const auto windows = whole.windows;
  int twice = 0;
  for (int death = 0; death < 500; ++death) {
    for (const int away : {1, 30}) {
      World world;
      world.play(death, away);
      CAPTURE(death, away);
      // One that had been resolved before the first page could go out is told to nobody, as without a death.
      const bool late = world.count("firing") == 0;
      if (late) {
        CHECK(world.told.empty());
        CHECK_FALSE(world.firing_taken);
        continue;
      }
      const bool in_window = std::any_of(windows.begin(), windows.end(), [&](const auto& window) {
        return death >= window.first && death <= window.second;
      });
      CHECK(world.count("resolved") >= 1);
      CHECK(world.told.size() <= (in_window ? 3U : 2U));
      twice += world.told.size() == 3 ? 1 : 0;
      CHECK(world.told.back().second == "resolved");
      CHECK(world.told.front().second == "firing");
    }
  }
  // Two windows of about nine milliseconds, two absences each: the test meets what it tests.
  CHECK(twice >= 20);
  CHECK(twice <= 44);
}

TEST_CASE("An alert that resolves while its page is under way is told as resolved, whenever the process dies") {
  int unlogged = 0;  // deaths with a page at the service that the log does not know of, and an alert that is over
  for (int death = 40; death < 400; ++death) {
    World world;
    world.answer_time = milliseconds(250);  // the alert resolves in the middle of it
    world.play(death, 30);
    CAPTURE(death);
    REQUIRE_FALSE(world.told.empty());
    CHECK(world.told.front().second == "firing");
    CHECK(world.told.back().second == "resolved");
    CHECK(world.told.size() <= 3);
    const bool pages_once = world.count("firing") == 1;
    unlogged += death > 215 && death < 290 && pages_once ? 1 : 0;
  }
  CHECK(unlogged >= 50);
}

TEST_CASE("What was under way and is no more leaves no trace") {
  World world;
  world.play(-1, 0);
  const auto left = world.store.load_under_way();
  REQUIRE(left);
  CHECK(left->empty());
}

TEST_CASE("What was answered with 200 is told though its sender never repeats it") {
  for (int death = 0; death < 60; ++death) {
    for (const int away : {1, 30, 400}) {
      World world;
      world.play(death, away);
      CAPTURE(death, away, world.firing_taken);
      if (world.firing_taken && away < 100) CHECK(world.count("firing") >= 1);
      if (world.count("firing") > 0) CHECK(world.count("resolved") >= 1);
    }
  }
}

}  // namespace tocsin::alerting::test
