#pragma once
// wechat_configs. Source: Alertmanager config/notifiers.go (WechatConfig).

#include "config/notifier_config.hpp"

namespace tocsin::config {

struct WechatConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "wechat";
  static constexpr std::string_view kType = "config.WechatConfig";
  WechatConfig() { send_resolved = false; }
  Secret api_secret;  // a template, as the file's content
  std::string api_secret_file;
  std::string corp_id;
  std::string api_url;  // ends with '/'
  std::string message = R"({{ template "wechat.default.message" . }})";
  std::string to_user = R"({{ template "wechat.default.to_user" . }})";
  std::string to_party = R"({{ template "wechat.default.to_party" . }})";
  std::string to_tag = R"({{ template "wechat.default.to_tag" . }})";
  std::string agent_id = R"({{ template "wechat.default.agent_id" . }})";
  std::string message_type;  // text (default) or markdown

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
