#pragma once
// What templates see of a notification.

#include "notify/receiver.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

struct Rendering;

/// At most `max_alerts` alerts (0: all). Thread: any.
tmpl::AmInput message_input(const Rendering& rendering, const Notification& notification, std::size_t max_alerts = 0);

/// At most `max_alerts` alerts (0: all). Route labels that cannot be rendered are left out and logged. Thread: any.
tmpl::AmData message_data(const Rendering& rendering, const Notification& notification, std::size_t max_alerts = 0);

}  // namespace tocsin::notify
