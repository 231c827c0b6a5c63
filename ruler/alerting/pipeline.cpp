#include "alerting/pipeline.hpp"

#include <algorithm>
#include <utility>

#include "alerting/identity.hpp"
#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kComponent = "alerting";

AlertHashes hashes_of(const std::vector<NotifiedAlert>& alerts) {
  AlertHashes out;
  for (const NotifiedAlert& one : alerts) {
    (one.resolved ? out.resolved : out.firing).push_back(alert_hash(one.alert->labels));
  }
  std::sort(out.firing.begin(), out.firing.end());
  std::sort(out.resolved.begin(), out.resolved.end());
  return out;
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

void Pipeline::mute(Flush& flush) {
  SuppressedMetrics& suppressed = parts_.metrics->suppressed;
  const RouteOptions& route = flush.route->options();
  suppressed.inhibition += std::erase_if(flush.alerts, [&](const NotifiedAlert& one) {
    return !parts_.inhibitor.inhibited_by(one.alert->labels, flush.now).empty();
  });
  if (inactive(route, *config_, flush.now)) {
    suppressed.active_time_interval += std::exchange(flush.alerts, {}).size();
  }
  if (!containing(route.mute_time_intervals, *config_, flush.now).empty()) {
    suppressed.mute_time_interval += std::exchange(flush.alerts, {}).size();
  }
  suppressed.silence += std::erase_if(flush.alerts, [&](const NotifiedAlert& one) {
    return !parts_.silences.matching(one.alert->labels, flush.now).empty();
  });
}

void Pipeline::run(Flush flush, Done done) {
  mute(flush);
  const auto found = receivers_->find(flush.route->options().receiver);
  // Nothing to tell, or a receiver without integrations: that is success.
  if (flush.alerts.empty() || found == receivers_->end() || found->second.empty()) {
    done(true);
    return;
  }
  const std::shared_ptr<const ReceiverMap> receivers = receivers_;  // may change while it is walked
  auto fan = std::make_shared<FanOut>();
  fan->hashes = hashes_of(flush.alerts);
  fan->flush = std::move(flush);
  fan->left = found->second.size();
  fan->done = std::move(done);
  for (const Integration& integration : found->second) start(fan, integration);
}

void Pipeline::start(const FanOutPtr& fan, const Integration& integration) {
  const Flush& flush = fan->flush;
  const RouteOptions& route = flush.route->options();
  const state::NotificationLogEntry* entry =
      parts_.log.find({flush.group_key, route.receiver, integration.name, integration.index});
  const auto reason =
      needs_notification(entry, fan->hashes, integration.send_resolved, route.repeat_interval, flush.now);
  if (!reason) {
    end_one(fan, true);
    return;
  }
  ++parts_.metrics->integrations[integration.name].notifications;
  const std::map<std::string, std::string> data =
      entry != nullptr && *reason != NotifyReason::kFirst ? entry->receiver_data : std::map<std::string, std::string>{};
  // Only resolved alerts for one that does not want them: nothing is sent, but the log forgets the firing ones.
  if (!integration.send_resolved && fan->hashes.firing.empty()) {
    log_delivered(*fan, integration, data);
    end_one(fan, true);
    return;
  }
  auto notification = std::make_shared<Notification>();
  notification->receiver = route.receiver;
  notification->integration = integration.name;
  notification->index = integration.index;
  notification->group_key = flush.group_key;
  notification->group_labels = flush.group_labels;
  notification->route_labels = route.labels;
  notification->alerts = flush.alerts;
  if (!integration.send_resolved) {
    std::erase_if(notification->alerts, [](const NotifiedAlert& one) { return one.resolved; });
  }
  notification->reason = *reason;
  notification->now = flush.now;
  notification->repeat_interval = route.repeat_interval;
  notification->receiver_data = data;

  auto finished = std::make_shared<std::weak_ptr<Courier>>();
  auto courier = std::make_shared<Courier>(
      parts_.loop, parts_.rng, parts_.metrics, integration, notification, flush.deadline,
      [self = self_, fan, integration, notification, finished](DeliveryResult result, unsigned attempts) {
        if (*self == nullptr) return;
        if (const auto courier_ptr = finished->lock()) (*self)->couriers_.erase(courier_ptr);
        (*self)->delivered(fan, integration, notification, std::move(result), attempts);
      });
  *finished = courier;
  couriers_.insert(courier);
  courier->start();
}

void Pipeline::log_delivered(const FanOut& fan, const Integration& integration,
                             std::map<std::string, std::string> data) {
  const RouteOptions& route = fan.flush.route->options();
  const Timestamp now = parts_.loop.clock().now();
  state::NotificationLogEntry entry;
  entry.group_key = fan.flush.group_key;
  entry.receiver = route.receiver;
  entry.integration = integration.name;
  entry.index = integration.index;
  entry.sent_at = now;
  entry.expires_at = now + to_ms(std::min(2 * route.repeat_interval, parts_.log_retention));
  entry.firing = fan.hashes.firing;
  entry.resolved = fan.hashes.resolved;
  entry.receiver_data = std::move(data);
  parts_.log.put(std::move(entry));
}

void Pipeline::delivered(const FanOutPtr& fan, const Integration& integration, const NotificationPtr& notification,
                         DeliveryResult result, unsigned attempts) {
  tell(integration, *notification, result, attempts);
  if (result.delivery == Delivery::kDelivered) {
    std::map<std::string, std::string> data = notification->receiver_data;
    for (auto& [name, value] : result.receiver_data) data.insert_or_assign(name, std::move(value));
    log_delivered(*fan, integration, std::move(data));
  } else {
    ++parts_.metrics->integrations[integration.name].failed[result.reason];
  }
  end_one(fan, result.delivery == Delivery::kDelivered);
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
