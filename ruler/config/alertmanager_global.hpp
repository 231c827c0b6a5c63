#pragma once
// global: of alertmanager.yml. Source: Alertmanager config/config.go (GlobalConfig).

#include <string>

#include "config/field_visitor.hpp"
#include "config/http_client_config.hpp"

namespace tocsin::config {

struct AlertmanagerGlobal {
  Duration resolve_timeout = std::chrono::minutes(5);
  HttpClientConfig http;
  Secret slack_api_url;
  std::string slack_api_url_file;
  Secret slack_app_token;
  std::string slack_app_token_file;
  std::string slack_app_url = "https://slack.com/api/chat.postMessage";
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";

  /// All fields but http_config.
  void describe(FieldVisitor& fields);
  /// What excludes each other. The error is a message without a position.
  Result<void> complete() const;
};

}  // namespace tocsin::config
