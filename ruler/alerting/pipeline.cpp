#include "alerting/pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "alerting/identity.hpp"
#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kComponent = "alerting";

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
  std::sort(alerts.begin(), alerts.end(), [](const NotifiedAlert& a, const NotifiedAlert& b) {
    return alert_before(a.alert->labels, b.alert->labels);
  });
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
  const auto couriers = couriers_;  // cancel() may end them at once
  for (const auto& courier : couriers) courier->cancel();
}

void Pipeline::apply(std::shared_ptr<const config::AlertmanagerConfig> config,
                     std::shared_ptr<const ReceiverMap> receivers) {
  cancel();
  config_ = std::move(config);
  receivers_ = std::move(receivers);
  failing_.clear();
}

std::vector<std::string> Pipeline::muted_by(const RouteOptions& route, const config::AlertmanagerConfig& config,
                                            Timestamp now) {
  if (inactive(route, config, now)) return route.active_time_intervals;
  return containing(route.mute_time_intervals, config, now);
}

std::vector<NotifiedAlert> Pipeline::mute(Flush& flush, SuppressedMetrics& suppressed) const {
  const RouteOptions& route = flush.route->options();
  std::vector<NotifiedAlert> resolved;
  const auto take_out = [&](const auto& muted) {
    return std::erase_if(flush.alerts, [&](const NotifiedAlert& one) {
      if (!muted(one)) return false;
      if (one.resolved) resolved.push_back(one);
      return true;
    });
  };
  const auto all = [](const NotifiedAlert&) { return true; };
  suppressed.inhibition += take_out(
      [&](const NotifiedAlert& one) { return !parts_.inhibitor.inhibited_by(one.alert->labels, flush.now).empty(); });
  if (inactive(route, *config_, flush.now)) suppressed.active_time_interval += take_out(all);
  if (!containing(route.mute_time_intervals, *config_, flush.now).empty()) {
    suppressed.mute_time_interval += take_out(all);
  }
  suppressed.silence += take_out(
      [&](const NotifiedAlert& one) { return !parts_.silences.matching(one.alert->labels, flush.now).empty(); });
  return resolved;
}

void Pipeline::run(Flush flush, Done done) {
  auto fan = std::make_shared<FanOut>();
  fan->muted = mute(flush, parts_.metrics->suppressed);
  if (!parts_.options.guaranteed_resolve) fan->muted.clear();
  const auto found = receivers_->find(flush.route->options().receiver);
  // Nothing to tell, or a receiver without integrations: that is success.
  const bool quiet = flush.alerts.empty() && !parts_.options.guaranteed_resolve;
  if (quiet || found == receivers_->end() || found->second.empty()) {
    done(true);
    return;
  }
  const std::shared_ptr<const ReceiverMap> receivers = receivers_;  // may change while it is walked
  fan->hashes = hashes_of(flush.alerts);
  fan->flush = std::move(flush);
  fan->left = found->second.size();
  fan->done = std::move(done);
  for (const Integration& integration : found->second) start(fan, integration);
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
  const auto* entry = parts_.log.find({fan.flush.group_key, route.receiver, integration.name, integration.index});
  IntegrationSchedule out{integration.name, integration.index, 0, 0, {}, {}};
  if (entry != nullptr) out.last_sent = entry->sent_at;
  const auto failing = failing_.find({"", route.receiver, integration.name, integration.index});
  if (failing != failing_.end()) out.failure = failing->second;
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
  fan.muted = mute(flush, out.muted);
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

void Pipeline::start(const FanOutPtr& fan, const Integration& integration) {
  const Flush& flush = fan->flush;
  const RouteOptions& route = flush.route->options();
  const NotificationLog::Key key = {flush.group_key, route.receiver, integration.name, integration.index};
  const state::NotificationLogEntry* entry = parts_.log.find(key);
  if (entry != nullptr && parts_.options.guaranteed_resolve && integration.send_resolved) keep_owed(*entry, flush);
  Due told = due(*fan, integration, entry);
  if (!told.reason) {
    end_one(fan, true);
    return;
  }
  const NotifyReason reason = *told.reason;
  const std::vector<NotifiedAlert>& owed = told.owed;
  Message message{fan, integration, std::move(told.hashes), nullptr};
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
  notification->receiver = route.receiver;
  notification->integration = integration.name;
  notification->index = integration.index;
  notification->group_key = flush.group_key;
  notification->group_labels = flush.group_labels;
  notification->route_labels = route.labels;
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
  auto finished = std::make_shared<std::weak_ptr<Courier>>();
  auto courier = std::make_shared<Courier>(parts_.loop, parts_.rng, parts_.metrics, message->integration,
                                           message->notification, message->fan->flush.deadline,
                                           [self = self_, message, finished](DeliveryResult result, unsigned attempts) {
                                             if (*self == nullptr) return;
                                             if (const auto courier_ptr = finished->lock())
                                               (*self)->couriers_.erase(courier_ptr);
                                             (*self)->delivered(message, std::move(result), attempts);
                                           });
  *finished = courier;
  couriers_.insert(courier);
  courier->start();
}

/// How long an entry counts. What is owed must last from flush to flush.
Duration Pipeline::log_lifetime(const RouteOptions& route) const {
  const Duration lifetime = std::min(2 * route.repeat_interval, parts_.options.log_retention);
  return parts_.options.guaranteed_resolve ? std::max(lifetime, 4 * route.group_interval) : lifetime;
}

void Pipeline::log_delivered(const Message& message, std::map<std::string, std::string> data) {
  const Flush& flush = message.fan->flush;
  const RouteOptions& route = flush.route->options();
  const Integration& integration = message.integration;
  const Timestamp now = parts_.loop.clock().now();
  state::NotificationLogEntry entry;
  entry.group_key = flush.group_key;
  entry.receiver = route.receiver;
  entry.integration = integration.name;
  entry.index = integration.index;
  entry.sent_at = now;
  entry.expires_at = now + to_ms(log_lifetime(route));
  entry.firing = message.hashes.firing;
  entry.resolved = message.hashes.resolved;
  if (integration.send_resolved) {
    const auto* before = parts_.log.find({entry.group_key, entry.receiver, entry.integration, entry.index});
    entry.owed = owed_after(before, message.hashes);
  }
  entry.receiver_data = std::move(data);
  parts_.log.put(std::move(entry));
}

void Pipeline::delivered(const MessagePtr& message, DeliveryResult result, unsigned attempts) {
  const Integration& integration = message->integration;
  tell(integration, *message->notification, result, attempts);
  if (result.delivery == Delivery::kDelivered) {
    std::map<std::string, std::string> data = message->notification->receiver_data;
    for (auto& [name, value] : result.receiver_data) data.insert_or_assign(name, std::move(value));
    log_delivered(*message, std::move(data));
  } else {
    ++parts_.metrics->integrations[integration.name].failed[result.reason];
  }
  end_one(message->fan, result.delivery == Delivery::kDelivered);
}

/// Logs when an integration begins to fail, fails for another reason, and works again.
void Pipeline::tell(const Integration& integration, const Notification& notification, const DeliveryResult& result,
                    unsigned attempts) {
  const NotificationLog::Key key = {"", notification.receiver, integration.name, integration.index};
  const auto known = failing_.find(key);
  const std::string name = fmt::format("{}[{}]", integration.name, integration.index);
  if (result.delivery == Delivery::kDelivered) {
    if (known == failing_.end()) return;
    failing_.erase(known);
    log::info(kComponent, "notifications are delivered again",
              {{"receiver", notification.receiver}, {"integration", name}, {"attempts", attempts}});
    return;
  }
  if (result.reason == FailureReason::kContextCanceled) return;  // a reload or the stop
  if (known != failing_.end() && known->second == result.error) return;
  failing_[key] = result.error;
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
