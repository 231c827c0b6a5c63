#pragma once
// Receivers for a process that was given no alertmanager.yml: of the variables that people set for their channels.

#include <optional>
#include <string>

#include "config/environment.hpp"

namespace tocsin::config {

/// The text of an alertmanager.yml; none if no variable names a channel. Holds secrets.
/// | variable | makes |
/// | SLACK_WEBHOOK_URL | slack; or SLACK_BOT_TOKEN with SLACK_OPERATIONS_CHANNEL_ID |
/// | WEBHOOK_URLS | webhooks, separated by commas |
/// | EMAIL_RECIPIENTS | e-mail, through SMTP_SMARTHOST (localhost:25), from SMTP_FROM (tocsin@localhost), as
///   SMTP_USERNAME with SMTP_PASSWORD; encrypted unless the host is this one |
/// | PAGERDUTY_ROUTING_KEY | PagerDuty, for alerts of severity critical; for all if it is the only channel |
/// SLACK_, EMAIL_ and WEBHOOK_NOTIFICATIONS_ENABLED=false switch their channel off.
std::optional<std::string> alertmanager_from_environment(const Environment& environment);

}  // namespace tocsin::config
