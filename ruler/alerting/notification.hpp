#pragma once
// What routing hands to an integration (Slack, PagerDuty, a webhook), and what it gets back.
// Alerting does: grouping, timers, muting, deduplication, the back-off between attempts, the notification log, the
// metrics. An integration does: ONE attempt to render and deliver per call. It never sleeps between attempts and keeps
// no state of its own beyond connections; what it must remember (a Slack message's ts) travels in receiver_data through
// the log. Source of the split: Alertmanager notify/notify.go (RetryStage) and Notifier.Notify.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "model/alert.hpp"
#include "model/labels.hpp"

namespace tocsin::alerting {

/// Why this notification is sent.
enum class NotifyReason { kFirst, kNewAlerts, kAllResolved, kSomeResolved, kRepeat };

/// "first notification", "new alerts added", "all alerts resolved", "some alerts resolved", "repeat interval elapsed":
/// the webhook's notification_reason and templates' .NotificationReason.
std::string_view notify_reason_text(NotifyReason reason);

/// An alert as it was at the instant of the flush.
struct NotifiedAlert {
  model::AlertPtr alert;
  /// Snapshot: a firing alert's endsAt is shown as Go's zero time, whatever alert->ends_at says.
  bool resolved = false;
};

/// One message of one group to one integration. Immutable once shared. Thread: any may read.
struct Notification {
  std::string receiver;     // name of the receiver
  std::string integration;  // "slack", "pagerduty", "webhook"
  std::uint32_t index = 0;  // which of that integration's configurations in the receiver
  std::string group_key;  // byte-equal to Alertmanager's: `{}/{job="node"}:{alertname="X"}`; its SHA-256 is a dedup key
  model::Labels group_labels;
  /// Labels of the route, parents merged under children; values are templates, rendered by the integration.
  std::vector<std::pair<std::string, std::string>> route_labels;
  /// Sorted by Alertmanager's order (label job, then instance, then all labels). Never empty. Without the resolved ones
  /// if the integration has send_resolved: false.
  std::vector<NotifiedAlert> alerts;
  NotifyReason reason = NotifyReason::kFirst;
  Timestamp now = 0;  // instant of the flush
  Duration repeat_interval{0};
  /// What the integration returned with its last delivered notification of this group; empty at first.
  std::map<std::string, std::string> receiver_data;

  /// Status "firing" if any alert fires, else "resolved".
  bool firing() const {
    for (const NotifiedAlert& a : alerts) {
      if (!a.resolved) return true;
    }
    return false;
  }
};
using NotificationPtr = std::shared_ptr<const Notification>;

enum class Delivery {
  kDelivered,
  kRetry,      // may work later: transport errors, 5xx, 429 where the service says so
  kPermanent,  // will not work like this: template errors, other 4xx. Tried again at the group's next tick
};

/// Label `reason` of alertmanager_notifications_failed_total.
enum class FailureReason {
  kOther,
  kClientError,
  kServerError,
  kContextCanceled,
  kContextDeadline,
  kAuthError,
  kRateLimited,
};

struct DeliveryResult {
  Delivery delivery = Delivery::kDelivered;
  std::string error;  // for people, without secrets; empty if delivered
  FailureReason reason = FailureReason::kOther;
  std::map<std::string, std::string> receiver_data;  // kept in the log if delivered
};

using DeliveryDone = std::move_only_function<void(DeliveryResult)>;

/// Starts one attempt. Thread: called on the loop's; `done` must be called exactly once, on the loop's thread, at once
/// or later, and not after `deadline`; it stays safe to call when alerting no longer wants it.
using NotifyFn = std::function<void(NotificationPtr notification, MonoTime deadline, DeliveryDone done)>;

/// One configured integration of a receiver, ready to be called.
struct Integration {
  std::string name;         // "slack", "pagerduty", "webhook"
  std::uint32_t index = 0;  // counts per name within the receiver, in the order of the file
  bool send_resolved = true;
  NotifyFn notify;
};

using IntegrationPtr = std::shared_ptr<const Integration>;

/// Receiver's name → its integrations, in the order in which Alertmanager runs them (config::for_each_kind).
using ReceiverMap = std::map<std::string, std::vector<Integration>>;

}  // namespace tocsin::alerting
