#pragma once
// global: of alertmanager.yml. Source: Alertmanager config/config.go (GlobalConfig).

#include <string>

#include "config/field_visitor.hpp"
#include "config/http_client_config.hpp"

namespace tocsin::config {

struct AlertmanagerGlobal {
  Duration resolve_timeout = std::chrono::minutes(5);
  HttpClientConfig http;
  std::string smtp_from, smtp_hello = "localhost", smtp_smarthost;
  std::string smtp_auth_username, smtp_auth_identity;
  Secret smtp_auth_password;
  std::string smtp_auth_password_file;
  Secret smtp_auth_secret;
  std::string smtp_auth_secret_file;
  bool smtp_require_tls = true;
  std::optional<TlsConfig> smtp_tls;
  std::optional<bool> smtp_force_implicit_tls;
  Secret slack_api_url;
  std::string slack_api_url_file;
  Secret slack_app_token;
  std::string slack_app_token_file;
  std::string slack_app_url = "https://slack.com/api/chat.postMessage";
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
  std::string opsgenie_api_url = "https://api.opsgenie.com/";
  Secret opsgenie_api_key;
  std::string opsgenie_api_key_file;
  std::string victorops_api_url = "https://alert.victorops.com/integrations/generic/20131114/alert/";
  Secret victorops_api_key;
  std::string victorops_api_key_file;
  std::string wechat_api_url = "https://qyapi.weixin.qq.com/cgi-bin/";
  Secret wechat_api_secret;
  std::string wechat_api_secret_file;
  std::string wechat_api_corp_id;
  std::string telegram_api_url = "https://api.telegram.org";
  Secret telegram_bot_token;
  std::string telegram_bot_token_file;
  std::string webex_api_url = "https://webexapis.com/v1/messages";
  std::string jira_api_url;
  std::string rocketchat_api_url = "https://open.rocket.chat/";
  Secret rocketchat_token;
  std::string rocketchat_token_file;
  Secret rocketchat_token_id;
  std::string rocketchat_token_id_file;
  Secret mattermost_webhook_url;
  std::string mattermost_webhook_url_file;

  /// All fields but http_config.
  void describe(FieldVisitor& fields);
  /// What excludes each other. The error is a message without a position.
  Result<void> complete() const;
};

}  // namespace tocsin::config
