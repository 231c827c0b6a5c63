#pragma once
// The body of the webhook and of those who took it over.

#include <string>

#include "base/result.hpp"
#include "notify/http_receiver.hpp"

namespace tocsin::notify {

/// The data's members, then version, groupKey and truncatedAlerts, in one JSON object.
/// @param max_alerts  that `data` was cut to; 0: not cut.
Result<std::string> webhook_body(const tmpl::Value& data, const Notification& notification, std::size_t max_alerts);

}  // namespace tocsin::notify
