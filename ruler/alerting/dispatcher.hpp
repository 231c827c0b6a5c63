#pragma once
// Groups of alerts and their timers. Source: Alertmanager dispatch/dispatch.go.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "alerting/flush_gate.hpp"
#include "alerting/metrics.hpp"
#include "alerting/notification.hpp"
#include "alerting/route.hpp"
#include "base/clock.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

/// A group at the instant of its tick, on its way through the stages.
struct Flush {
  RoutePtr route;
  std::string group_key;
  model::Labels group_labels;
  std::vector<NotifiedAlert> alerts;  // sorted; the stages take those out that are muted
  Timestamp now = 0;
  MonoTime deadline{0};  // max(group_interval, 10 s) from the tick
};

/// Thread: the loop's. A group is created by its first alert: its timer is group_wait, or nothing if the alert started
/// longer ago than that; after each tick it is group_interval. A tick that comes while the last flush is under way
/// waits for its end. A group that its flush leaves empty is gone at once.
/// Groups that are due together are ticked in portions, between which the loop does other work, and their flushes begin
/// as FlushGate lets them; what a flush tells, and its deadline, are those of its beginning.
class Dispatcher {
 public:
  /// Carries a flush out and calls `done(true)` if all that was to be told was told.
  using FlushFn = std::function<void(Flush flush, std::move_only_function<void(bool)> done)>;
  /// Resolved alerts that left their last group.
  using SettledFn = std::function<void(const std::vector<model::AlertPtr>& alerts)>;

  struct Group;
  using GroupPtr = std::shared_ptr<Group>;
  using Timers = std::multimap<MonoTime, GroupPtr>;  // equal times in the order in which they were set

  struct Group {
    RoutePtr route;
    std::string id;   // route id and labels: unique
    std::string key;  // as in the notification log
    model::Labels labels;
    std::unordered_map<std::uint64_t, model::AlertPtr> alerts;  // by fingerprint
    std::optional<Timers::iterator> timer;
    MonoTime next_tick{0};
    bool waiting = false;  // its tick has come, the flush waits for its turn
    bool flushing = false;
    bool ticked = false;   // a tick is due since the flush began
    bool adopted = false;  // the tree changed since the flush began
    bool flushed = false;  // at least once
    bool current = false;  // in groups_

    /// False when alerting stops.
    bool has_tick() const { return timer.has_value() || waiting; }
  };

  Dispatcher(Loop& loop, std::size_t max_groups, FlushFn flush, SettledFn settled, Metrics& metrics);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// No flush begins until apply(): the stages are about to change. One that fails meanwhile is followed by a tick.
  void hold() { holding_ = true; }
  /// Changes to another tree. Groups that exist there too stay, with their timers and the resolved alerts that they
  /// have still to tell; the others' alerts are routed anew.
  /// @param alerts  all alerts that fire.
  void apply(RoutePtr tree, const std::vector<model::AlertPtr>& alerts);

  /// Puts the alert into the groups that it is routed to.
  void insert(const state::KeyedAlert& alert);
  /// Stops all timers; flushes under way end, no other begins.
  void stop();

  /// The group's alerts as a flush at the time would see them.
  static Flush snapshot(const Group& group, Timestamp now);
  const RoutePtr& tree() const { return tree_; }
  const std::map<std::string, std::shared_ptr<Group>>& groups() const { return groups_; }
  /// True if a group has the alert.
  bool holds(std::uint64_t fingerprint) const { return holders_.contains(fingerprint); }

 private:
  /// What a group is found by: route and labels.
  struct GroupRef {
    const Route* route;
    const model::Labels* labels;
  };
  struct GroupHash {
    using is_transparent = void;
    std::size_t operator()(const GroupRef& ref) const;
    std::size_t operator()(const GroupPtr& group) const;
  };
  struct GroupEqual {
    using is_transparent = void;
    bool operator()(const GroupPtr& a, const GroupPtr& b) const { return a == b; }
    bool operator()(const GroupRef& ref, const GroupPtr& group) const;
    bool operator()(const GroupPtr& group, const GroupRef& ref) const { return (*this)(ref, group); }
  };

  GroupPtr group_for(const Route* route, const model::Alert& alert);
  GroupPtr new_group(const Route* route, const model::Alert& alert, std::string id, model::Labels labels);
  void adopt(const GroupPtr& group);
  /// Makes the group one of groups().
  void enlist(const GroupPtr& group);
  void remove(const GroupPtr& group);
  void add(Group& group, const state::KeyedAlert& alert);
  void drop(Group& group, std::uint64_t fingerprint);
  void arm(const GroupPtr& group, Duration delay);
  void disarm(Group& group);
  void set_alarm();
  void run_due();
  void tick(const GroupPtr& group);
  void begin_flush(const GroupPtr& group, FlushGate::Place place);
  void flushed(const GroupPtr& group, const std::vector<NotifiedAlert>& sent, bool ok);
  void settle(Group& group, const std::vector<NotifiedAlert>& sent);

  Loop* loop_;
  std::size_t max_groups_;
  FlushFn flush_;
  SettledFn settled_;
  Metrics* metrics_;
  RoutePtr tree_;
  std::map<std::string, GroupPtr> groups_;                         // by id
  std::unordered_set<GroupPtr, GroupHash, GroupEqual> by_labels_;  // the same groups
  std::map<std::string, GroupPtr> old_groups_;                     // while apply() runs
  boost::unordered_flat_map<std::uint64_t, std::size_t> holders_;  // alert → groups that have it
  Timers timers_;
  TimerId alarm_ = 0;  // rings at alarm_at_, the first of the timers or before
  MonoTime alarm_at_{0};
  FlushGate gate_;
  bool stopped_ = false, holding_ = false;
  bool limit_told_ = false;
  std::shared_ptr<Dispatcher*> self_;  // null once this is destroyed: what flushes under way hold
};

}  // namespace tocsin::alerting
