#pragma once
// Alerts as the body of POST /api/v2/alerts.

#include <span>
#include <string>

#include "model/alert.hpp"

namespace tocsin::remote {

/// A JSON array of postable alerts. Times and links that are not known are left out; bytes that are not UTF-8 become
/// U+FFFD. Source: Alertmanager api/v2/openapi.yaml (postableAlerts).
std::string alerts_json(std::span<const model::AlertPtr> alerts);

}  // namespace tocsin::remote
