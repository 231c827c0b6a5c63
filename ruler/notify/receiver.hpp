#pragma once
// The seam between routing and the outside world: a receiver integration takes one notification and says how it went.

#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "model/alert.hpp"
#include "model/labels.hpp"
#include "net/task.hpp"

namespace tocsin::notify {

/// One flush of one group on its way to one integration.
struct Notification {
  std::string receiver;   // name of the receiver in alertmanager.yml
  std::string group_key;  // byte-equal to Alertmanager's: the identity at PagerDuty
  std::string reason;     // "first notification", "new alerts added", "all alerts resolved", ...
  /// In Alertmanager's order (job, instance, then all labels), firing and resolved.
  std::vector<model::AlertPtr> alerts;
  model::Labels group_labels;
  /// `labels:` of the route, merged from parent to child; values are templates, not yet rendered.
  std::vector<std::pair<std::string, std::string>> route_labels;
  std::string external_url;  // http://host:9093
  Timestamp now = 0;         // the instant of the flush; an alert is resolved if it is at this time
};

struct SendOutcome {
  enum class Kind {
    kDelivered,
    kRetry,      // may work later: transport error, 5xx
    kPermanent,  // will not: refused, template error, bad configuration
  };
  Kind kind = Kind::kDelivered;
  std::string reason;  // for logs; holds no secret

  static SendOutcome delivered() { return {}; }
  static SendOutcome retry(std::string why) { return {Kind::kRetry, std::move(why)}; }
  static SendOutcome permanent(std::string why) { return {Kind::kPermanent, std::move(why)}; }
};

/// One integration of a receiver: the n-th entry of its slack_configs, say.
/// Thread: the loop's. Lives as long as any send() that it started.
class Receiver {
 public:
  Receiver(std::string integration, std::size_t index, bool send_resolved)
      : integration_(std::move(integration)), index_(index), send_resolved_(send_resolved) {}
  virtual ~Receiver() = default;

  /// One attempt, with its own deadline of at most `timeout`.
  virtual net::Task<SendOutcome> send(Notification notification, Duration timeout) = 0;

  /// "slack", "pagerduty", "webhook": the name in the notification log and in metrics.
  const std::string& integration() const { return integration_; }
  /// Position in the list of that integration.
  std::size_t index() const { return index_; }
  bool send_resolved() const { return send_resolved_; }

 private:
  std::string integration_;
  std::size_t index_;
  bool send_resolved_;
};

}  // namespace tocsin::notify
