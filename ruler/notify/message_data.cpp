#include "notify/message_data.hpp"

#include "base/log.hpp"
#include "notify/http_receiver.hpp"

namespace tocsin::notify {

tmpl::AmInput message_input(const Rendering& rendering, const Notification& notification, std::size_t max_alerts) {
  tmpl::AmInput input;
  input.receiver = notification.receiver;
  input.reason = std::string(alerting::notify_reason_text(notification.reason));
  input.group_labels = notification.group_labels;
  input.route_labels = notification.route_labels;
  input.external_url = rendering.external_url;
  for (const alerting::NotifiedAlert& item : notification.alerts) {
    if (max_alerts != 0 && input.alerts.size() == max_alerts) break;
    input.alerts.push_back({item.alert, item.resolved});
  }
  return input;
}

tmpl::AmData message_data(const Rendering& rendering, const Notification& notification, std::size_t max_alerts) {
  const tmpl::AmInput input = message_input(rendering, notification, max_alerts);
  std::vector<std::string> failures;
  tmpl::AmData data = rendering.templates.data(input, notification.now, &failures);
  for (const std::string& failure : failures) {
    log::error("notify", "failed to render a route label", {{"group", notification.group_key}, {"err", failure}});
  }
  return data;
}

std::vector<std::pair<std::string, std::string>> rendered_route_labels(const Rendering& rendering,
                                                                       const alerting::GroupView& group,
                                                                       Timestamp now) {
  if (group.route_labels.empty() || group.rendered_of.empty()) return {};
  tmpl::AmInput input;
  input.receiver = group.receiver;
  input.reason = "unknown";
  input.group_labels = group.labels;
  input.route_labels = group.route_labels;
  input.external_url = rendering.external_url;
  for (const alerting::NotifiedAlert& item : group.rendered_of) input.alerts.push_back({item.alert, item.resolved});
  return rendering.templates.data(input, now).route_labels();
}

}  // namespace tocsin::notify
