#pragma once
// What templates see of a notification.

#include "alerting/alerting.hpp"
#include "notify/receiver.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

struct Rendering;

/// At most `max_alerts` alerts (0: all). Thread: any.
tmpl::AmInput message_input(const Rendering& rendering, const Notification& notification, std::size_t max_alerts = 0);

/// At most `max_alerts` alerts (0: all). Route labels that cannot be rendered are left out and logged. Thread: any.
tmpl::AmData message_data(const Rendering& rendering, const Notification& notification, std::size_t max_alerts = 0);

/// The route labels of a group as its next notification would have them; what cannot be rendered is left out, in
/// silence: the notification tells it. Thread: any.
std::vector<std::pair<std::string, std::string>> rendered_route_labels(const Rendering& rendering,
                                                                       const alerting::GroupView& group, Timestamp now);

}  // namespace tocsin::notify
