#include "alerting/dispatcher.hpp"

#include <algorithm>

#include "alerting/identity.hpp"
#include "base/fault_point.hpp"
#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr Duration kLeastTimeout = std::chrono::seconds(10);
/// What one job of the loop ticks: about a millisecond's worth of alerts, and of groups that each count as some.
constexpr std::size_t kPortion = 128, kGroupWeight = 8;

std::vector<NotifiedAlert> sorted_alerts(const Dispatcher::Group& group, Timestamp now) {
  std::vector<NotifiedAlert> alerts;
  alerts.reserve(group.alerts.size());
  for (const auto& [fingerprint, alert] : group.alerts) alerts.push_back({alert, alert->resolved_at(now)});
  sort_alerts(alerts);
  return alerts;
}

}  // namespace

Dispatcher::Dispatcher(Loop& loop, std::size_t max_groups, FlushFn flush, SettledFn settled, Metrics& metrics)
    : loop_(&loop),
      max_groups_(max_groups),
      flush_(std::move(flush)),
      settled_(std::move(settled)),
      metrics_(&metrics),
      gate_(loop),
      self_(std::make_shared<Dispatcher*>(this)) {}

Dispatcher::~Dispatcher() {
  *self_ = nullptr;
  stop();
}

Flush Dispatcher::snapshot(const Group& group, Timestamp now) {
  return {group.route, group.key, group.labels, sorted_alerts(group, now), now, MonoTime{0}};
}

void Dispatcher::stop() {
  stopped_ = true;
  gate_.clear();
  for (const auto& [id, group] : groups_) {
    disarm(*group);
    group->waiting = false;
  }
  if (alarm_ != 0) loop_->cancel(std::exchange(alarm_, 0));
}

std::size_t Dispatcher::GroupHash::operator()(const GroupRef& ref) const {
  return ref.labels->hash() ^ std::hash<const Route*>()(ref.route);
}

std::size_t Dispatcher::GroupHash::operator()(const GroupPtr& group) const {
  return (*this)(GroupRef{group->route.get(), &group->labels});
}

bool Dispatcher::GroupEqual::operator()(const GroupRef& ref, const GroupPtr& group) const {
  return ref.route == group->route.get() && *ref.labels == group->labels;
}

void Dispatcher::enlist(const GroupPtr& group) {
  group->current = true;
  groups_.emplace(group->id, group);
  by_labels_.insert(group);
}

void Dispatcher::remove(const GroupPtr& group) {
  group->current = false;
  by_labels_.erase(group);
  groups_.erase(group->id);
}

void Dispatcher::add(Group& group, const state::KeyedAlert& alert) {
  if (group.alerts.insert_or_assign(alert.fingerprint, alert.alert).second) ++holders_[alert.fingerprint];
}

void Dispatcher::drop(Group& group, std::uint64_t fingerprint) {
  if (group.alerts.erase(fingerprint) == 0) return;
  const auto found = holders_.find(fingerprint);
  if (--found->second == 0) holders_.erase(found);
}

void Dispatcher::apply(RoutePtr tree, const std::vector<model::AlertPtr>& alerts) {
  tree_ = std::move(tree);
  by_labels_.clear();  // while the groups have their old routes
  old_groups_ = std::exchange(groups_, {});
  for (const auto& [id, group] : old_groups_) group->current = false;
  holders_.clear();
  std::map<std::string, std::unordered_map<std::uint64_t, model::AlertPtr>> held;
  for (const auto& [id, group] : old_groups_) held[id] = std::exchange(group->alerts, {});

  std::map<std::uint64_t, model::AlertPtr> resolved;  // and not told yet, to at least one group
  for (const auto& [id, members] : held) resolved.insert(members.begin(), members.end());
  for (const model::AlertPtr& alert : alerts) {
    const state::KeyedAlert keyed(alert);
    resolved.erase(keyed.fingerprint);
    insert(keyed);
  }
  for (const auto& [fingerprint, alert] : resolved) {
    std::vector<const Route*> routes;
    tree_->match(alert->labels, routes);
    for (const Route* route : routes) {
      const GroupPtr group = group_for(route, *alert);
      if (!group) continue;
      // A group that stays and has it no more has told it.
      const auto before = held.find(group->id);
      if (before == held.end() || before->second.contains(fingerprint)) add(*group, {alert, fingerprint});
    }
  }
  for (const auto& [id, group] : old_groups_) {  // no longer in the tree
    disarm(*group);
  }
  old_groups_.clear();
  holding_ = false;
  const auto groups = groups_;  // a tick may remove one
  for (const auto& [id, group] : groups) {
    if (!group->flushing && std::exchange(group->ticked, false)) tick(group);
  }
}

void Dispatcher::insert(const state::KeyedAlert& alert) {
  if (!tree_ || stopped_) return;
  std::vector<const Route*> routes;
  tree_->match(alert.alert->labels, routes);
  for (const Route* route : routes) {
    if (const GroupPtr group = group_for(route, *alert.alert)) add(*group, alert);
  }
}

Dispatcher::GroupPtr Dispatcher::group_for(const Route* route, const model::Alert& alert) {
  model::Labels labels = route->group_labels(alert.labels);
  if (const auto found = by_labels_.find(GroupRef{route, &labels}); found != by_labels_.end()) return *found;
  std::string id = route->id() + ":" + label_set_text(labels);
  if (const auto same = groups_.find(id); same != groups_.end()) return same->second;  // other labels, the same text
  if (const auto old = old_groups_.find(id); old != old_groups_.end()) {
    GroupPtr group = old->second;
    old_groups_.erase(old);
    group->route = share(tree_, route);
    adopt(group);
    enlist(group);
    return group;
  }
  return new_group(route, alert, std::move(id), std::move(labels));
}

Dispatcher::GroupPtr Dispatcher::new_group(const Route* route, const model::Alert& alert, std::string id,
                                           model::Labels labels) {
  if (max_groups_ > 0 && groups_.size() >= max_groups_) {
    ++metrics_->group_limit_reached;
    if (!std::exchange(limit_told_, true)) {
      log::error("alerting", "too many aggregation groups, cannot create new group for alert",
                 {{"limit", max_groups_}, {"alert", alert.labels.get(model::kAlertName)}});
    }
    return nullptr;
  }
  auto group = std::make_shared<Group>();
  group->route = share(tree_, route);
  group->key = route->key() + id.substr(route->id().size());
  group->id = std::move(id);
  group->labels = std::move(labels);
  enlist(group);
  const Duration wait = route->options().group_wait;
  const bool old_alert = alert.starts_at + to_ms(wait) < loop_->clock().now();
  arm(group, old_alert ? Duration::zero() : wait);
  fault_point(FaultPoint::kGroupCreated);
  return group;
}

/// A group that stays over a change of the tree: a shorter interval shortens the wait, a flush under way is followed by
/// a tick, for it may have failed for a reason that the new configuration mends.
void Dispatcher::adopt(const GroupPtr& group) {
  if (group->flushing) group->ticked = true;
  const MonoTime latest =
      loop_->clock().mono() + std::max(group->route->options().group_interval, group->route->options().group_wait);
  if (!group->timer || group->next_tick <= latest) return;
  arm(group, latest - loop_->clock().mono());
}

void Dispatcher::arm(const GroupPtr& group, Duration delay) {
  disarm(*group);
  group->next_tick = loop_->clock().mono() + delay;
  group->timer = timers_.emplace(group->next_tick, group);
  set_alarm();
}

void Dispatcher::disarm(Group& group) {
  if (group.timer) timers_.erase(*std::exchange(group.timer, std::nullopt));
}

void Dispatcher::set_alarm() {
  if (timers_.empty() || (alarm_ != 0 && alarm_at_ <= timers_.begin()->first)) return;
  if (alarm_ != 0) loop_->cancel(alarm_);
  alarm_at_ = timers_.begin()->first;
  // Not in the past: that these groups are late is no lag of the loop.
  alarm_ = loop_->call_at(std::max(alarm_at_, loop_->clock().mono()), [self = self_] {
    if (*self != nullptr) (*self)->run_due();
  });
}

void Dispatcher::run_due() {
  const MonoTime now = loop_->clock().mono();
  const std::shared_ptr<Dispatcher*> self = self_;
  std::size_t done = 0;
  while (!timers_.empty() && timers_.begin()->first <= now && done < kPortion) {
    const GroupPtr group = timers_.begin()->second;
    disarm(*group);
    done += kGroupWeight + group->alerts.size();
    tick(group);
    if (*self == nullptr) return;
  }
  alarm_ = 0;  // not before: what ticked has set timers
  set_alarm();
}

void Dispatcher::tick(const GroupPtr& group) {
  if (group->waiting) return;
  if (group->flushing || holding_) {
    group->ticked = true;
    return;
  }
  const std::string& receiver = group->route->options().receiver;
  if (FlushGate::Place place = gate_.enter(receiver)) {
    begin_flush(group, std::move(place));
    return;
  }
  group->waiting = true;
  gate_.wait(receiver, [self = self_, group](FlushGate::Place place) {
    if (*self == nullptr || !std::exchange(group->waiting, false) || !group->current) return;
    (*self)->begin_flush(group, std::move(place));
  });
}

void Dispatcher::begin_flush(const GroupPtr& group, FlushGate::Place place) {
  if (group->alerts.empty()) {
    remove(group);
    return;
  }
  const RouteOptions& options = group->route->options();
  arm(group, options.group_interval);
  const Clock& clock = loop_->clock();
  Flush flush = snapshot(*group, clock.now());
  flush.deadline = clock.mono() + std::max(options.group_interval, kLeastTimeout);
  std::vector<NotifiedAlert> sent = flush.alerts;
  group->flushing = group->flushed = true;
  ++metrics_->flushes;
  fault_point(FaultPoint::kFlushBegun);
  flush_(std::move(flush), [self = self_, group, sent = std::move(sent), place = std::move(place)](bool ok) mutable {
    if (*self != nullptr) (*self)->flushed(group, sent, ok);
    place = {};
  });
}

void Dispatcher::flushed(const GroupPtr& group, const std::vector<NotifiedAlert>& sent, bool ok) {
  group->flushing = false;
  if (ok) settle(*group, sent);
  if ((std::exchange(group->adopted, false) || holding_) && !ok) group->ticked = true;
  if (stopped_ || !group->current) return;
  if (group->alerts.empty()) {
    disarm(*group);
    remove(group);
    limit_told_ = false;
    return;
  }
  if (!holding_ && std::exchange(group->ticked, false)) tick(group);
}

/// Resolved alerts that were told leave the group, unless they changed meanwhile.
void Dispatcher::settle(Group& group, const std::vector<NotifiedAlert>& sent) {
  std::vector<model::AlertPtr> settled;
  for (const NotifiedAlert& one : sent) {
    if (!one.resolved) continue;
    const std::uint64_t fingerprint = one.alert->labels.fingerprint();
    const auto found = group.alerts.find(fingerprint);
    if (found == group.alerts.end() || found->second != one.alert) continue;
    drop(group, fingerprint);
    if (!holds(fingerprint)) settled.push_back(one.alert);
  }
  if (!settled.empty()) settled_(settled);
}

}  // namespace tocsin::alerting
