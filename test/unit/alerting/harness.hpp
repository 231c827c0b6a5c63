#pragma once
// Alerting under virtual time, with integrations that record what they are told.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "alerting/alerting.hpp"
#include "base/virtual_loop.hpp"
#include "support/memory_store.hpp"

namespace tocsin::alerting::test {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// What one attempt got to see.
struct Attempt {
  double at = 0;  // seconds since the harness was made
  NotificationPtr notification;
  bool delivered = true;

  std::string status() const { return notification->firing() ? "firing" : "resolved"; }
  std::string reason() const { return std::string(notify_reason_text(notification->reason)); }
  /// "A+ B-": alertnames, + firing, - resolved.
  std::string alerts() const {
    std::string out;
    for (const NotifiedAlert& one : notification->alerts) {
      if (!out.empty()) out += ' ';
      out += std::string(one.alert->labels.get("alertname")) + (one.resolved ? "-" : "+");
    }
    return out;
  }
};

class Harness {
 public:
  explicit Harness(std::string config, AlertingOptions with = {}) : options(with), config_text(std::move(config)) {
    restart();
  }

  /// As after kill -9: all but the store is gone.
  void restart() {
    alerting.reset();
    auto made = Alerting::make(loop, store, Rng(7), factory(), options);
    REQUIRE(made);
    alerting = std::move(*made);
    reload(config_text);
  }

  void reload(const std::string& text) {
    config_text = text;
    auto config = config::parse_alertmanager_config(text, "am.yml");
    if (!config) FAIL(config.error().message);
    REQUIRE(alerting->apply(*config));
  }

  /// Moves time to `at` seconds after the start.
  void until(double at) {
    loop.advance(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at)) - loop.mono());
  }

  /// Posts one alert with the label alertname and further ones; ends_in: seconds from now, none: no ends_at.
  void post(const std::string& name, std::optional<double> ends_in = {}, std::vector<model::LabelView> labels = {},
            double started_ago = 0) {
    model::Alert alert;
    labels.push_back({"alertname", name});
    alert.labels = model::Labels::from(labels);
    alert.starts_at = loop.now() - static_cast<Timestamp>(started_ago * 1000);
    if (ends_in) alert.ends_at = loop.now() + static_cast<Timestamp>(*ends_in * 1000);
    if (ends_in && *ends_in <= 0) alert.starts_at = alert.ends_at - 500;
    alerting->post({std::make_shared<const model::Alert>(std::move(alert))});
    loop.run_ready();
  }
  void resolve(const std::string& name, std::vector<model::LabelView> labels = {}) { post(name, 0, std::move(labels)); }

  /// "1 firing A+ | 3 resolved A-", times rounded to 10 ms.
  std::string story(const std::string& integration = {}) const {
    std::string out;
    for (const Attempt& a : attempts) {
      if (!integration.empty() && a.notification->integration != integration) continue;
      if (!out.empty()) out += " | ";
      out += fmt::format("{:g} {} {}", static_cast<double>(std::llround(a.at * 100)) / 100, a.status(), a.alerts());
    }
    return out;
  }

  VirtualLoop loop;
  tocsin::test::MemoryStore store;
  AlertingOptions options;
  std::string config_text;
  std::vector<Attempt> attempts;
  /// Answers of attempts to come, by the receiver's name or, if there is none, delivered.
  std::map<std::string, std::deque<DeliveryResult>> answers;
  /// How long an attempt takes.
  Duration attempt_time{0};
  std::unique_ptr<Alerting> alerting;

 private:
  ReceiverFactory factory() {
    return [this](const config::AlertmanagerConfig& config) -> Result<ReceiverMap> {
      ReceiverMap out;
      for (const config::ReceiverConfig& receiver : config.receivers) {
        std::vector<Integration>& list = out[receiver.name];
        for (const auto& webhook : receiver.webhook) {
          list.push_back({"webhook", static_cast<std::uint32_t>(list.size()), webhook.send_resolved, notify()});
        }
        std::uint32_t index = 0;
        for (const auto& slack : receiver.slack) list.push_back({"slack", index++, slack.send_resolved, notify()});
      }
      return out;
    };
  }

  NotifyFn notify() {
    return [this](NotificationPtr notification, MonoTime, DeliveryDone done) {
      attempts.push_back({to_seconds(loop.mono()), notification});
      std::deque<DeliveryResult>& script = answers[notification->receiver];
      DeliveryResult result;
      if (!script.empty()) {
        result = script.front();
        script.pop_front();
      }
      attempts.back().delivered = result.delivery == Delivery::kDelivered;
      if (attempt_time == Duration::zero()) {
        done(std::move(result));
        return;
      }
      loop.call_after(attempt_time, [done = std::move(done), result]() mutable { done(std::move(result)); });
    };
  }
};

inline DeliveryResult failed(Delivery delivery, const std::string& error) {
  return {delivery, error, FailureReason::kServerError, {}};
}

/// group_wait 1 s, group_interval 2 s, repeat_interval as given.
inline std::string simple_config(const std::string& repeat = "1h", const std::string& extra = {}) {
  return "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: " + repeat +
         "}\nreceivers: [{name: r, webhook_configs: [{url: 'http://a/'}]}]\n" + extra;
}

}  // namespace tocsin::alerting::test
