// A month in virtual time: alerts that flap, silences that come and go, nights that are muted in a zone whose clocks
// are set back in it, receivers that fail, reloads and crashes. A model that knows nothing of the implementation says
// of each notification whether it was due, and every hour whether one is missing. TOCSIN_WHOLE_MONTH=1: 10,000 alerts
// in 100 groups instead of 200 in 4, about a minute of CPU.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <queue>
#include <set>

#include "base/hash.hpp"
#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

constexpr Timestamp kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Timestamp kStart = 1'791'590'400'000;          // 2026-10-10T00:00:00Z
constexpr Timestamp kClocksSetBack = 1'792'890'000'000;  // 2026-10-25T01:00:00Z, in Berlin
constexpr Timestamp kInterval = 10 * kMinute, kRepeat = 4 * kHour;

constexpr const char* kConfig =
    "route:\n"
    "  receiver: nobody\n"
    "  routes:\n"
    "  - {receiver: r, matchers: ['alertname=~\"Flap.*\"'], group_by: [alertname], group_wait: 30s, group_interval: "
    "10m,\n"
    "     repeat_interval: 4h, mute_time_intervals: [night]}\n"
    "receivers:\n"
    "- {name: nobody}\n"
    "- {name: r, webhook_configs: [{url: 'http://a/'}]}\n"
    "time_intervals:\n"
    "- name: night\n"
    "  time_intervals:\n"
    "  - {times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:00'}],\n"
    "     location: Europe/Berlin}\n";

bool night(Timestamp t) {
  const Timestamp local = t + (t < kClocksSetBack ? 2 : 1) * kHour;
  const Timestamp hour = local / kHour % 24;
  return hour >= 22 || hour < 6;
}

/// What the receiver knows of one group, and what it ought to know.
struct GroupModel {
  std::set<std::string> firing, resolved;  // of the last message
  std::set<std::string> owed;              // told as firing, not as resolved since
  Timestamp last = 0;
};

struct AlertModel {
  bool firing = false;
  Timestamp since = 0;        // of that state
  Timestamp quiet_until = 0;  // silenced
};

class Month {
 public:
  Month(int alerts, int groups, std::uint64_t seed) : h_(kConfig), rng_(seed), groups_(groups) {
    h_.loop.jump_wall(kStart - h_.loop.now());
    models_.resize(static_cast<std::size_t>(alerts));
    for (int i = 0; i < alerts; ++i) events_.emplace(kStart + span(12 * kHour), i);
  }

  void play(int days) {
    for (Timestamp hour = kStart + kHour; hour <= kStart + days * kDay; hour += kHour) {
      while (!events_.empty() && events_.top().first <= hour) {
        const auto [at, alert] = events_.top();
        events_.pop();
        move_to(at);
        flip(alert);
      }
      move_to(hour);
      every_hour((hour - kStart) / kHour);
    }
  }

  /// All that was told, in order, as one number.
  std::uint64_t fingerprint() const {
    std::string text;
    for (const Attempt& one : h_.attempts) {
      text += fmt::format("{} {} {} {}\n", one.at, one.notification->group_key, one.reason(), one.delivered);
      for (const NotifiedAlert& alert : one.notification->alerts) text += host(alert) + (alert.resolved ? "-" : "+");
    }
    return xxhash64(text);
  }

  std::size_t notifications() const { return h_.attempts.size(); }
  std::size_t told_firing = 0, told_resolved = 0, at_night = 0;

 private:
  static std::string host(const NotifiedAlert& one) { return std::string(one.alert->labels.get("host")); }
  Timestamp span(Timestamp mean) {
    return 1 + static_cast<Timestamp>(-std::log(1 - rng_.uniform()) * static_cast<double>(mean));
  }

  void move_to(Timestamp t) {
    if (t > h_.loop.now()) h_.loop.advance(milliseconds(t - h_.loop.now()));
    judge();
  }

  void flip(int i) {
    AlertModel& model = models_[static_cast<std::size_t>(i)];
    const Timestamp now = h_.loop.now();
    model.firing = !model.firing;
    model.since = now;
    const std::string name = fmt::format("Flap{}", i % groups_), where = std::to_string(i);
    h_.post(name, model.firing ? 1e9 : 0, {{"host", where}});
    // Most are long, some are over before the next tick.
    const Timestamp mean = rng_.uniform() < 0.2 ? 5 * kMinute : model.firing ? 6 * kHour : 18 * kHour;
    events_.emplace(now + span(mean), i);
  }

  void every_hour(Timestamp hour) {
    missing();
    if (hour % 7 == 0) h_.answers["r"].push_back(failed(Delivery::kRetry, "status 500"));
    if (hour % 31 == 0) h_.answers["r"].push_back(failed(Delivery::kPermanent, "status 400"));
    if (hour % 50 == 0) h_.reload(kConfig);
    if (hour % 121 == 0) h_.restart();
    if (hour % 5 == 0) silence(static_cast<int>(rng_.next() % models_.size()));
  }

  void silence(int i) {
    Silence silence;
    silence.matchers = {{"host", std::to_string(i), false, true}};
    silence.ends_at = h_.loop.now() + span(4 * kHour);
    REQUIRE(h_.alerting->silences().set(silence));
    AlertModel& model = models_[static_cast<std::size_t>(i)];
    model.quiet_until = std::max(model.quiet_until, silence.ends_at);
  }

  /// Was what was told since the last time due?
  void judge() {
    for (; judged_ < h_.attempts.size(); ++judged_) {
      const Attempt& attempt = h_.attempts[judged_];
      if (attempt.delivered) judge(*attempt.notification, kStart + std::llround(attempt.at * 1000));
    }
  }

  void judge(const Notification& told, Timestamp at) {
    GroupModel& group = group_models_[told.group_key];
    std::set<std::string> firing, resolved;
    for (const NotifiedAlert& one : told.alerts) (one.resolved ? resolved : firing).insert(host(one));
    const auto news = [](const std::set<std::string>& now, const std::set<std::string>& before) {
      return !std::includes(before.begin(), before.end(), now.begin(), now.end());
    };
    const bool owed =
        std::any_of(resolved.begin(), resolved.end(), [&](const auto& one) { return group.owed.contains(one); });
    const bool due = news(firing, group.firing) || owed || news(resolved, group.resolved) || at - group.last > kRepeat;
    INFO(told.group_key << " at " << at << " " << notify_reason_text(told.reason));
    CHECK(due);
    if (night(told.now)) {
      // Nothing but what is owed may be told.
      ++at_night;
      CHECK(firing.empty());
      CHECK(std::includes(group.owed.begin(), group.owed.end(), resolved.begin(), resolved.end()));
    }
    for (const std::string& one : firing) group.owed.insert(one);
    for (const std::string& one : resolved) group.owed.erase(one);
    told_firing += firing.size();
    told_resolved += resolved.size();
    group.firing = std::move(firing);
    group.resolved = std::move(resolved);
    group.last = at;
  }

  /// Is what had to be told by now told?
  void missing() {
    const Timestamp now = h_.loop.now(), slack = 2 * kInterval;  // a notification may have failed for good, once
    Timestamp awake = now;                                       // since when it is day
    while (!night(awake - kMinute) && awake > now - slack) awake -= kMinute;
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const AlertModel& model = models_[i];
      const auto group = group_models_.find(
          fmt::format("{{}}/{{alertname=~\"Flap.*\"}}:{{alertname=\"Flap{}\"}}", static_cast<int>(i) % groups_));
      const bool owed = group != group_models_.end() && group->second.owed.contains(std::to_string(i));
      CAPTURE(i, now);
      if (model.firing && now - std::max({model.since, model.quiet_until, awake}) > slack - kMinute && !night(now)) {
        CHECK(owed);
      }
      if (!model.firing && now - model.since > slack) CHECK_FALSE(owed);
    }
  }

  using Event = std::pair<Timestamp, int>;
  Harness h_;
  Rng rng_;
  int groups_;
  std::vector<AlertModel> models_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<std::string, GroupModel> group_models_;
  std::size_t judged_ = 0;
};

}  // namespace

TEST_CASE("A month of flapping alerts: no notification twice, none missing, the same in each run") {
  const bool whole = std::getenv("TOCSIN_WHOLE_MONTH") != nullptr;
  const int alerts = whole ? 10'000 : 200, groups = whole ? 100 : 4, days = 31;
  std::uint64_t first = 0;
  for (int run = 0; run < 2; ++run) {
    Month month(alerts, groups, 42);
    month.play(days);
    // The month has what it is about.
    CHECK(month.told_firing > static_cast<std::size_t>(alerts) * 20);
    CHECK(month.told_resolved > static_cast<std::size_t>(alerts) * 10);
    CHECK(month.at_night > static_cast<std::size_t>(groups) * 31);
    first ^= month.fingerprint();  // equal ones leave nothing
  }
  CHECK(first == 0);
}

}  // namespace tocsin::alerting::test
