#include "alerting/pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "alerting/identity.hpp"
#include "base/fault_point.hpp"
#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kComponent = "alerting";
constexpr std::size_t kMaxFailingGroups = 100'000;  // beyond, their time is counted anew

void add_hashes(AlertHashes& hashes, const std::vector<NotifiedAlert>& alerts) {
  if (alerts.empty()) return;
  for (const NotifiedAlert& one : alerts) {
    (one.resolved ? hashes.resolved : hashes.firing).push_back(alert_hash(one.alert->labels));
  }
  std::sort(hashes.firing.begin(), hashes.firing.end());
  std::sort(hashes.resolved.begin(), hashes.resolved.end());
}

AlertHashes hashes_of(const std::vector<NotifiedAlert>& alerts) {
  AlertHashes out;
  add_hashes(out, alerts);
  return out;
}

bool contains(const std::vector<std::uint64_t>& sorted, std::uint64_t hash) {
  return std::binary_search(sorted.begin(), sorted.end(), hash);
}

bool intersect(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& sorted) {
  return std::any_of(a.begin(), a.end(), [&](std::uint64_t hash) { return contains(sorted, hash); });
}

/// What is owed once these were told: a resolve for all that fired, none for what was resolved.
std::vector<std::uint64_t> owed_after(const state::NotificationLogEntry* before, const AlertHashes& told) {
  std::vector<std::uint64_t> owed = told.firing;
  if (before != nullptr) {
    std::copy_if(before->owed.begin(), before->owed.end(), std::back_inserter(owed),
                 [&](std::uint64_t hash) { return !contains(told.firing, hash) && !contains(told.resolved, hash); });
    std::sort(owed.begin(), owed.end());
  }
  return owed;
}

std::vector<NotifiedAlert> with(std::vector<NotifiedAlert> alerts, const std::vector<NotifiedAlert>& further) {
  if (further.empty()) return alerts;
  alerts.insert(alerts.end(), further.begin(), further.end());
  sort_alerts(alerts);
  return alerts;
}

std::vector<std::string> containing(const std::vector<std::string>& names, const config::AlertmanagerConfig& config,
                                    Timestamp now) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const config::NamedTimeIntervals* interval = config.time_interval(name);
    if (interval != nullptr && interval->contains(now)) out.push_back(name);
  }
  return out;
}

/// True if the time is outside of all the route's active intervals (and it has some).
bool inactive(const RouteOptions& route, const config::AlertmanagerConfig& config, Timestamp now) {
  return !route.active_time_intervals.empty() && containing(route.active_time_intervals, config, now).empty();
}

}  // namespace

Pipeline::Pipeline(Parts parts) : parts_(std::move(parts)), self_(std::make_shared<Pipeline*>(this)) {}

Pipeline::~Pipeline() {
  *self_ = nullptr;
  cancel();
}

void Pipeline::cancel() {
  for (const auto& [message, timer] : fallback_timers_) parts_.loop.cancel(timer);
  fallback_timers_.clear();
  const auto couriers = couriers_;  // cancel() may end them at once
  for (const auto& courier : couriers) courier->cancel();
}

void Pipeline::apply(std::shared_ptr<const config::AlertmanagerConfig> config,
                     std::shared_ptr<const ReceiverMap> receivers) {
  cancel();
  config_ = std::move(config);
  receivers_ = std::move(receivers);
  failing_.clear();
  failing_groups_.clear();
}

std::vector<std::string> Pipeline::muted_by(const RouteOptions& route, const config::AlertmanagerConfig& config,
                                            Timestamp now) {
  if (inactive(route, config, now)) return route.active_time_intervals;
  return containing(route.mute_time_intervals, config, now);
}

std::vector<NotifiedAlert> Pipeline::mute(Flush& flush, SuppressedMetrics& suppressed, HistoryRecorder* history) const {
  const RouteOptions& route = flush.route->options();
  std::vector<NotifiedAlert> resolved;
  // `by` says what mutes an alert; empty: nothing does.
  const auto take_out = [&](std::string_view reason, const auto& by) {
    return std::erase_if(flush.alerts, [&](const NotifiedAlert& one) {
      const auto& muted_by = by(one);
      if (muted_by.empty()) return false;
      if (history != nullptr) history->suppressed(one.alert, flush.group_key, route.receiver, reason, muted_by);
      if (one.resolved) resolved.push_back(one);
      return true;
    });
  };
  suppressed.inhibition += take_out("inhibition", [&](const NotifiedAlert& one) {
    return parts_.inhibitor.inhibited_by(one.alert->labels, flush.now);
  });
  if (inactive(route, *config_, flush.now)) {
    suppressed.active_time_interval += take_out(
        "active_time_interval", [&](const NotifiedAlert&) -> const auto& { return route.active_time_intervals; });
  }
  if (const auto names = containing(route.mute_time_intervals, *config_, flush.now); !names.empty()) {
    suppressed.mute_time_interval +=
        take_out("mute_time_interval", [&](const NotifiedAlert&) -> const auto& { return names; });
  }
  suppressed.silence += take_out(
      "silence", [&](const NotifiedAlert& one) { return parts_.silences.matching(one.alert->labels, flush.now); });
  if (history != nullptr && history->any_suppressed()) {
    for (const NotifiedAlert& one : flush.alerts) history->unsuppressed(one.alert, flush.group_key, route.receiver);
  }
  return resolved;
}

void Pipeline::run(Flush flush, Done done) {
  auto fan = std::make_shared<FanOut>();
  for (const NotifiedAlert& one : flush.alerts) {
    if (one.resolved) parts_.history->timed_out(one.alert);
  }
  fan->muted = mute(flush, parts_.metrics->suppressed, parts_.history.get());
  if (!parts_.options.guaranteed_resolve) fan->muted.clear();
  const auto found = receivers_->find(flush.route->options().receiver);
  // Nothing to tell, or a receiver without integrations: that is success.
  const bool quiet = flush.alerts.empty() && !parts_.options.guaranteed_resolve;
  if (quiet || found == receivers_->end() || found->second.empty()) {
    done(true);
    return;
  }
  fan->hashes = hashes_of(flush.alerts);
  fan->flush = std::move(flush);
  fan->done = std::move(done);
  fan->told = {found->first};
  std::vector<Start> starts;
  for (const Integration& integration : found->second) starts.push_back({found->first, share(integration), Duty::kOwn});
  add_fallbacks(*fan, found->first, starts);
  fan->left = starts.size();
  for (const Start& one : starts) start(fan, one.receiver, one.integration, one.duty);
}

std::vector<NotifiedAlert> Pipeline::owed_alerts(const FanOut& fan, const state::NotificationLogEntry& entry) const {
  std::vector<NotifiedAlert> out;
  std::copy_if(fan.muted.begin(), fan.muted.end(), std::back_inserter(out),
               [&](const NotifiedAlert& one) { return contains(entry.owed, alert_hash(one.alert->labels)); });
  return out;
}

/// As long as the group lives, what is owed is not forgotten.
void Pipeline::keep_owed(const state::NotificationLogEntry& entry, const Flush& flush) {
  const Duration lifetime = log_lifetime(flush.route->options());
  if (entry.owed.empty() || entry.expires_at - flush.now > to_ms(lifetime / 2)) return;
  state::NotificationLogEntry longer = entry;
  longer.expires_at = flush.now + to_ms(lifetime);
  parts_.log.put(std::move(longer));
}

Pipeline::Due Pipeline::due(const FanOut& fan, const Integration& integration,
                            const state::NotificationLogEntry* entry) const {
  Due out{std::nullopt, fan.hashes, {}};
  bool owes = false;  // something that is resolved, muted or not
  if (entry != nullptr && parts_.options.guaranteed_resolve && integration.send_resolved) {
    out.owed = owed_alerts(fan, *entry);
    add_hashes(out.hashes, out.owed);
    owes = intersect(entry->owed, out.hashes.resolved);
  }
  if (fan.flush.alerts.empty() && out.owed.empty()) return out;
  const Duration repeat = fan.flush.route->options().repeat_interval;
  out.reason = needs_notification(entry, out.hashes, integration.send_resolved, repeat, fan.flush.now);
  if (!out.reason && owes) {
    out.reason = out.hashes.firing.empty() ? NotifyReason::kAllResolved : NotifyReason::kSomeResolved;
  }
  return out;
}

IntegrationSchedule Pipeline::schedule(const FanOut& fan, const Integration& integration, Timestamp tick, bool first,
                                       const SuppressedMetrics& muted) const {
  const RouteOptions& route = fan.flush.route->options();
  const auto* entry =
      parts_.log.find(state::NotificationKey{fan.flush.group_key, route.receiver, integration.name, integration.index});
  IntegrationSchedule out{integration.name, integration.index, 0, 0, {}, {}};
  if (entry != nullptr) out.last_sent = entry->sent_at;
  const auto failing = failing_.find({"", route.receiver, integration.name, integration.index});
  if (failing != failing_.end()) out.failure = failing->second.error;
  if (due(fan, integration, entry).reason) {
    out.next = tick;
    out.held_by.emplace_back(first ? "group_wait" : "group_interval");
  } else if (!fan.hashes.firing.empty() && entry != nullptr) {
    // The first tick that is strictly later than repeat_interval after the last one.
    const Timestamp interval = std::max<Timestamp>(to_ms(route.group_interval), 1);
    const Timestamp missing = entry->sent_at + to_ms(route.repeat_interval) + 1 - tick;
    out.next = tick + (missing > 0 ? (missing + interval - 1) / interval * interval : 0);
    out.held_by.emplace_back("repeat_interval");
  } else {
    if (muted.inhibition > 0) out.held_by.emplace_back("inhibition");
    if (muted.active_time_interval > 0) out.held_by.emplace_back("active_time_interval");
    if (muted.mute_time_interval > 0) out.held_by.emplace_back("mute_time_interval");
    if (muted.silence > 0) out.held_by.emplace_back("silence");
  }
  return out;
}

GroupSchedule Pipeline::schedule(Flush flush, Timestamp tick, bool first) const {
  GroupSchedule out;
  const RouteOptions& route = flush.route->options();
  out.receiver = route.receiver;
  out.key = flush.group_key;
  out.labels = flush.group_labels;
  out.next_flush = tick;
  for (const NotifiedAlert& one : flush.alerts) ++(one.resolved ? out.resolved : out.firing);
  out.intervals = muted_by(route, *config_, flush.now);
  FanOut fan;
  fan.muted = mute(flush, out.muted, nullptr);
  if (!parts_.options.guaranteed_resolve) fan.muted.clear();
  fan.hashes = hashes_of(flush.alerts);
  fan.flush = std::move(flush);
  const auto found = receivers_->find(route.receiver);
  if (found == receivers_->end()) return out;
  for (const Integration& integration : found->second) {
    out.integrations.push_back(schedule(fan, integration, tick, first, out.muted));
  }
  return out;
}

void Pipeline::start(const FanOutPtr& fan, const std::string& receiver, const IntegrationPtr& shared, Duty duty) {
  const Flush& flush = fan->flush;
  const RouteOptions& route = flush.route->options();
  const Integration& integration = *shared;
  const state::NotificationKey key = {flush.group_key, receiver, integration.name, integration.index};
  const state::NotificationLogEntry* entry = parts_.log.find(key);
  if (entry != nullptr && parts_.options.guaranteed_resolve && integration.send_resolved) {
    keep_owed(*entry, flush);
    entry = parts_.log.find(key);  // it may be another one now
  }
  Due told = due(*fan, integration, entry);
  const bool resolves = told.reason == NotifyReason::kAllResolved || told.reason == NotifyReason::kSomeResolved;
  if (!told.reason || (duty == Duty::kEnd && !resolves)) {
    end_one(fan, true);
    return;
  }
  fault_point(FaultPoint::kDedupDecided);
  const NotifyReason reason = *told.reason;
  const std::vector<NotifiedAlert>& owed = told.owed;
  Message message{fan, receiver, shared, duty, std::move(told.hashes), nullptr, flush.now, flush.deadline};
  // One that stands in may begin when the flush's own time is over.
  const Duration time = std::max<Duration>(route.group_interval, std::chrono::seconds(10));
  if (duty == Duty::kFallback) {
    message.began = parts_.loop.clock().now();
    message.deadline = std::max(flush.deadline, parts_.loop.clock().mono() + time);
  }
  ++parts_.metrics->integrations[integration.name].notifications;
  std::map<std::string, std::string> data =
      entry != nullptr && reason != NotifyReason::kFirst ? entry->receiver_data : std::map<std::string, std::string>{};
  // Only resolved alerts for one that does not want them: nothing is sent, but the log forgets the firing ones.
  if (!integration.send_resolved && message.hashes.firing.empty()) {
    log_delivered(message, std::move(data));
    end_one(fan, true);
    return;
  }
  parts_.metrics->resolves_despite_mutes += owed.size();
  auto notification = std::make_shared<Notification>();
  notification->receiver = receiver;
  notification->integration = integration.name;
  notification->index = integration.index;
  notification->group_key = flush.group_key;
  notification->group_labels = flush.group_labels;
  notification->route_labels = route.labels;
  if (duty != Duty::kOwn) notification->route_labels.emplace_back("fallback_for", route.receiver);
  notification->alerts = with(flush.alerts, owed);
  if (!integration.send_resolved) {
    std::erase_if(notification->alerts, [](const NotifiedAlert& one) { return one.resolved; });
  }
  notification->reason = reason;
  notification->now = flush.now;
  notification->repeat_interval = route.repeat_interval;
  notification->receiver_data = std::move(data);
  message.notification = std::move(notification);
  send(std::make_shared<const Message>(std::move(message)));
}

void Pipeline::send(const MessagePtr& message) {
  const std::uint64_t noted = note(*message);
  auto finished = std::make_shared<std::weak_ptr<Courier>>();
  auto courier = std::make_shared<Courier>(
      parts_.loop, parts_.rng, parts_.metrics, parts_.history, message->integration, message->notification,
      message->deadline, [self = self_, message, finished, noted](DeliveryResult result, unsigned attempts) {
        if (*self == nullptr) return;
        if (const auto courier_ptr = finished->lock()) (*self)->couriers_.erase(courier_ptr);
        (*self)->delivered(message, std::move(result), attempts);
        if (*self != nullptr && noted != 0) (*self)->parts_.under_way.ended(noted);
      });
  *finished = courier;
  couriers_.insert(courier);
  arm_fallback(message);
  if (noted == 0) {
    courier->start();
  } else {
    parts_.under_way.when_noted(noted, [courier] { courier->start(); });
  }
}

std::uint64_t Pipeline::note(const Message& message) {
  if (!parts_.options.guaranteed_resolve || !message.integration->send_resolved) return 0;
  const Notification& told = *message.notification;
  state::UnderWayNote note{told.group_key,       told.receiver, told.integration, told.index, parts_.loop.clock().now(),
                           message.hashes.firing};
  const state::NotificationKey key{note.group_key, note.receiver, note.integration, note.index};
  if (const auto* entry = parts_.log.find(key)) {
    std::erase_if(note.firing, [entry](std::uint64_t hash) { return contains(entry->owed, hash); });
  }
  return note.firing.empty() ? 0 : parts_.under_way.note(std::move(note));
}

/// How long an entry counts. What is owed must last from flush to flush.
Duration Pipeline::log_lifetime(const RouteOptions& route) const {
  const Duration lifetime = std::min(2 * route.repeat_interval, parts_.options.log_retention);
  return parts_.options.guaranteed_resolve ? std::max(lifetime, 4 * route.group_interval) : lifetime;
}

void Pipeline::log_delivered(const Message& message, std::map<std::string, std::string> data) {
  const Flush& flush = message.fan->flush;
  const RouteOptions& route = flush.route->options();
  const Integration& integration = *message.integration;
  const Timestamp now = parts_.loop.clock().now();
  state::NotificationLogEntry entry;
  entry.group_key = flush.group_key;
  entry.receiver = message.receiver;
  entry.integration = integration.name;
  entry.index = integration.index;
  entry.sent_at = now;
  entry.expires_at = now + to_ms(log_lifetime(route));
  entry.firing = message.hashes.firing;
  entry.resolved = message.hashes.resolved;
  if (integration.send_resolved) {
    const auto* before = parts_.log.find(state::key_of(entry));
    entry.owed = owed_after(before, message.hashes);
  }
  entry.receiver_data = std::move(data);
  parts_.log.put(std::move(entry));
}

void Pipeline::delivered(const MessagePtr& message, DeliveryResult result, unsigned attempts) {
  const Integration& integration = *message->integration;
  tell(*message, result, attempts);
  const Duration took = std::chrono::milliseconds(parts_.loop.clock().now() - message->began);
  if (result.delivery == Delivery::kDelivered) {
    parts_.history->delivered(*message->notification, attempts, took);
  } else {
    parts_.history->failed(*message->notification, result, attempts, took);
  }
  if (const auto timer = fallback_timers_.extract(message.get()); !timer.empty()) parts_.loop.cancel(timer.mapped());
  if (result.delivery == Delivery::kDelivered) {
    std::map<std::string, std::string> data = message->notification->receiver_data;
    for (auto& [name, value] : result.receiver_data) data.insert_or_assign(name, std::move(value));
    log_delivered(*message, std::move(data));
  } else {
    ++parts_.metrics->integrations[integration.name].failed[result.reason];
    const config::FallbackConfig* fallback = fallback_of(message->receiver);
    const bool counts = fallback != nullptr && result.reason != FailureReason::kContextCanceled;
    if (counts && has_failed_for(fallback->after, message->receiver, message->fan->flush)) fall_back(message);
  }
  end_one(message->fan, result.delivery == Delivery::kDelivered);
}

const config::FallbackConfig* Pipeline::fallback_of(const std::string& receiver) const {
  const config::ReceiverConfig* found = config_->receiver(receiver);
  return found != nullptr && found->fallback ? &*found->fallback : nullptr;
}

bool Pipeline::has_failed_for(Duration limit, const std::string& receiver, const Flush& flush) const {
  const auto found = receivers_->find(receiver);
  if (found == receivers_->end()) return false;
  const Timestamp since_before = parts_.loop.clock().now() - to_ms(limit);
  return std::any_of(found->second.begin(), found->second.end(), [&](const Integration& one) {
    const auto all = failing_.find({"", receiver, one.name, one.index});
    if (all != failing_.end() && all->second.since <= since_before) return true;
    const auto group = failing_groups_.find({flush.group_key, receiver, one.name, one.index});
    return group != failing_groups_.end() && group->second <= since_before;
  });
}

void Pipeline::add_fallbacks(FanOut& fan, const std::string& receiver, std::vector<Start>& starts) const {
  const std::string* failing = &receiver;
  while (const config::FallbackConfig* fallback = fallback_of(*failing)) {
    const auto found = receivers_->find(fallback->receiver);
    if (found == receivers_->end() || std::ranges::find(fan.told, fallback->receiver) != fan.told.end()) return;
    const bool stands_in = has_failed_for(fallback->after, *failing, fan.flush);
    if (stands_in) fan.told.push_back(fallback->receiver);
    for (const Integration& one : found->second) {
      const auto* entry =
          parts_.log.find(state::NotificationKey{fan.flush.group_key, found->first, one.name, one.index});
      const bool stood_in = entry != nullptr && (!entry->firing.empty() || !entry->owed.empty());
      if (stands_in || stood_in) starts.push_back({found->first, share(one), stands_in ? Duty::kFallback : Duty::kEnd});
    }
    failing = &found->first;
    // A ring of fallbacks ends where it comes round.
    if (!stands_in) return;
  }
}

void Pipeline::arm_fallback(const MessagePtr& message) {
  const config::FallbackConfig* fallback = fallback_of(message->receiver);
  if (fallback == nullptr || message->duty == Duty::kEnd) return;
  if (std::ranges::find(message->fan->told, fallback->receiver) != message->fan->told.end()) return;
  const auto known = failing_.find({"", message->receiver, message->integration->name, message->integration->index});
  const Timestamp now = parts_.loop.clock().now();
  const Timestamp since = known != failing_.end() ? known->second.since : message->began;
  const Duration left = std::max(fallback->after - std::chrono::milliseconds(now - since), Duration::zero());
  fallback_timers_[message.get()] = parts_.loop.call_at(parts_.loop.clock().mono() + left, [self = self_, message] {
    if (*self == nullptr) return;
    (*self)->fallback_timers_.erase(message.get());
    (*self)->fall_back(message);
  });
}

void Pipeline::fall_back(const MessagePtr& message) {
  const FanOutPtr fan = message->fan;
  const config::FallbackConfig* fallback = fallback_of(message->receiver);
  if (fallback == nullptr || std::ranges::find(fan->told, fallback->receiver) != fan->told.end()) return;
  const std::shared_ptr<const ReceiverMap> receivers = receivers_;  // may change while it is walked
  const auto found = receivers->find(fallback->receiver);
  if (found == receivers->end()) return;
  ++parts_.metrics->fallbacks;
  log::warn(kComponent, "deliveries fail, the fallback is told",
            {{"receiver", message->receiver}, {"fallback", found->first}, {"group", fan->flush.group_key}});
  fan->told.push_back(found->first);
  fan->left += found->second.size();
  for (const Integration& one : found->second) start(fan, found->first, {receivers, &one}, Duty::kFallback);
}

/// Logs when an integration begins to fail, fails for another reason, and works again.
void Pipeline::tell(const Message& message, const DeliveryResult& result, unsigned attempts) {
  const Integration& integration = *message.integration;
  const Notification& notification = *message.notification;
  const bool delivered = result.delivery == Delivery::kDelivered;
  if (delivered && failing_.empty() && failing_groups_.empty()) return;  // as it is on most days
  Key key = {notification.group_key, message.receiver, integration.name, integration.index};
  const bool has_fallback = fallback_of(message.receiver) != nullptr;
  if (delivered) {
    failing_groups_.erase(key);
  } else if (has_fallback && result.reason != FailureReason::kContextCanceled) {
    if (failing_groups_.size() >= kMaxFailingGroups) failing_groups_.clear();
    failing_groups_.try_emplace(key, message.began);
  }
  std::get<0>(key).clear();
  const auto known = failing_.find(key);
  const std::string name = fmt::format("{}[{}]", integration.name, integration.index);
  if (delivered) {
    if (known == failing_.end()) return;
    failing_.erase(known);
    log::info(kComponent, "notifications are delivered again",
              {{"receiver", notification.receiver}, {"integration", name}, {"attempts", attempts}});
    return;
  }
  if (result.reason == FailureReason::kContextCanceled) return;  // a reload or the stop
  if (known != failing_.end() && known->second.error == result.error) return;
  const Timestamp since = known != failing_.end() ? known->second.since : message.began;
  failing_[key] = {result.error, since};
  log::error(kComponent, "notification failed, it is tried again at the group's next tick",
             {{"receiver", notification.receiver},
              {"integration", name},
              {"group", notification.group_key},
              {"attempts", attempts},
              {"err", result.error}});
}

void Pipeline::end_one(const FanOutPtr& fan, bool ok) {
  fan->ok = fan->ok && ok;
  if (--fan->left == 0) fan->done(fan->ok);
}

}  // namespace tocsin::alerting
