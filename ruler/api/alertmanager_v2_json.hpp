#pragma once
// API v2 bodies: alerts in, alerts and groups out.

#include <string>
#include <string_view>
#include <vector>

#include "alerting/alerting.hpp"
#include "base/result.hpp"

namespace tocsin::api {

/// What a POST of alerts holds. The valid ones are taken even if others are not.
struct PostedAlerts {
  std::vector<model::AlertPtr> valid;
  std::vector<std::string> invalid;  // one message for each
};

/// postableAlerts, checked and completed: starts_at and updated_at are set, and ends_at, where none was given, by the
/// timeout (0: it is left 0).
/// @return kInvalid (422) where the schema is not met, kCorrupt (400) where it is no JSON, or of a wrong type.
Result<PostedAlerts> parse_posted_alerts(std::string_view body, Timestamp now, Duration resolve_timeout = {});
/// The same through a tree of JSON values: what says what is wrong with a body, and the slow twin of posted_alerts.hpp.
Result<PostedAlerts> parse_posted_tree(std::string_view body, Timestamp now, Duration resolve_timeout = {});

void append_alert(std::string& out, const alerting::AlertView& view);
void append_group(std::string& out, const alerting::GroupView& group);

}  // namespace tocsin::api
