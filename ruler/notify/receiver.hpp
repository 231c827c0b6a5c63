#pragma once
// The seam between routing and the outside world: an integration of a receiver takes one notification, makes ONE
// attempt to render and deliver it, and says how it went. Grouping, deduplication, back-off and the log are alerting's.

#include <memory>
#include <string>
#include <utility>

#include "alerting/notification.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

namespace tocsin::notify {

using alerting::Notification;
using alerting::NotificationPtr;

/// How one attempt ended. The text is for people and holds no secret.
using SendOutcome = alerting::DeliveryResult;

inline SendOutcome delivered() {
  return {};
}
inline SendOutcome retry(std::string why, alerting::FailureReason reason = alerting::FailureReason::kOther) {
  return {alerting::Delivery::kRetry, std::move(why), reason, {}};
}
inline SendOutcome permanent(std::string why, alerting::FailureReason reason = alerting::FailureReason::kOther) {
  return {alerting::Delivery::kPermanent, std::move(why), reason, {}};
}

/// One integration of a receiver: the n-th entry of its slack_configs, say.
/// Thread: the loop's. Outlives every send() that it started (make_receivers() sees to that).
class Receiver {
 public:
  virtual ~Receiver() = default;
  /// One attempt that ends before `deadline`.
  virtual net::Task<SendOutcome> send(NotificationPtr notification, MonoTime deadline) = 0;
};

}  // namespace tocsin::notify
