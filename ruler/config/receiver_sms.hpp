#pragma once
// sms_configs: text messages, through Twilio or any gateway that takes an HTTP request. Not in Alertmanager.

#include "config/notifier_config.hpp"

namespace tocsin::config {

/// Source: https://www.twilio.com/docs/messaging/api/message-resource
struct TwilioConfig {
  static constexpr std::string_view kType = "config.TwilioConfig";
  std::string api_url = "https://api.twilio.com";
  std::string account_sid;
  std::string api_key_sid;  // "": the account's own auth_token signs in
  Secret auth_token;        // or the secret of the API key
  std::string auth_token_file;
  std::string from, messaging_service_sid;  // one of them

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

/// A request per recipient: `{to}` stands for the number, `{message}` for the text, encoded as the place needs it.
struct SmsGatewayConfig {
  static constexpr std::string_view kType = "config.SmsGatewayConfig";
  Secret url;  // a template with {to} and {message}
  std::string url_file;
  std::string method = "POST";
  SecretMap headers;
  std::string content_type = "application/json";
  std::string body = R"({"to":"{to}","message":"{message}"})";

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct SmsConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "sms";
  static constexpr std::string_view kType = "config.SmsConfig";
  std::vector<std::string> to;
  std::string message = R"({{ template "sms.default.message" . }})";
  std::uint64_t max_length = 480;  // characters; three messages of a phone
  std::optional<TwilioConfig> twilio;
  std::optional<SmsGatewayConfig> gateway;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
