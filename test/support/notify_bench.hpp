#pragma once
// One notification sent by one integration to a scripted HTTP client: what went out, and what came of it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alerting/notification.hpp"
#include "base/fs.hpp"
#include "base/mem_fs.hpp"
#include "config/alertmanager_config.hpp"
#include "notify/receivers.hpp"
#include "support/fake_http_client.hpp"
#include "support/fake_smtp_client.hpp"
#include "support/test_loop.hpp"

namespace tocsin::test {

/// The alert of the replay scenarios: HighCPU on web-N:9100.
inline alerting::NotifiedAlert high_cpu(int host, bool resolved = false) {
  auto alert = std::make_shared<model::Alert>();
  const std::string instance = "web-" + std::to_string(host) + ":9100";
  alert->labels =
      model::Labels({{"alertname", "HighCPU"}, {"instance", instance}, {"job", "node"}, {"severity", "critical"}});
  alert->annotations = model::Labels({{"summary", "CPU above 90%"}, {"runbook_url", "https://runbooks.example/cpu"}});
  alert->starts_at = 1'700'000'000'000;
  alert->ends_at = 1'700'000'060'000;
  alert->generator_url = "http://prom.example:9090/graph?g0.expr=cpu+%3E+90&g0.tab=1";
  return {alert, resolved};
}

inline alerting::Notification notification_of(std::vector<alerting::NotifiedAlert> alerts) {
  alerting::Notification n;
  n.receiver = "r";
  n.group_key = R"({}:{alertname="HighCPU"})";
  n.group_labels = model::Labels({{"alertname", "HighCPU"}});
  n.alerts = std::move(alerts);
  n.now = 1'700'000'060'000;
  return n;
}

/// Thread: the test's.
class NotifyBench {
 public:
  /// Sends through the only integration of the configuration's receiver `r`.
  alerting::DeliveryResult send(const config::AlertmanagerConfig& config, alerting::Notification notification,
                                Duration limit = std::chrono::seconds(10)) {
    auto map = notify::make_receivers(config, "http://am.example:9093", {loop, loop.work(), client, smtp, fs});
    if (!map) return {alerting::Delivery::kPermanent, "make_receivers: " + map.error().message, {}, {}};
    const alerting::Integration& integration = map->at("r").at(0);
    notification.integration = integration.name;
    alerting::DeliveryResult result{alerting::Delivery::kPermanent, "never done", {}, {}};
    bool done = false;
    integration.notify(std::make_shared<const alerting::Notification>(std::move(notification)),
                       loop.clock().mono() + limit, [&](alerting::DeliveryResult r) {
                         result = std::move(r);
                         done = true;
                       });
    loop.run_until([&done] { return done; });
    return result;
  }

  template <typename Config>
  static config::AlertmanagerConfig with(Config receiver) {
    config::AlertmanagerConfig out;
    config::ReceiverConfig& r = out.receivers.emplace_back();
    r.name = "r";
    config::integrations_of<Config>(r).push_back(std::move(receiver));
    return out;
  }

  /// Body of the n-th request, without the newline at its end.
  std::string body(std::size_t n = 0) const {
    std::string text = client.sent().at(n).request.body;
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  TestLoop loop;
  FakeHttpClient client{loop};
  FakeSmtpClient smtp;
  MemFs fs;
};

}  // namespace tocsin::test
