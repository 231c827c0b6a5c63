#include "config/receiver_sms.hpp"

namespace tocsin::config {

void TwilioConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.plain("account_sid", account_sid);
  f.plain("api_key_sid", api_key_sid);
  f.secret("auth_token", auth_token);
  f.file("auth_token_file", auth_token_file);
  f.text("from", from);
  f.plain("messaging_service_sid", messaging_service_sid);
}

Result<void> TwilioConfig::complete() {
  if (account_sid.empty()) return fail(Errc::kInvalid, "missing account_sid in twilio");
  if (from.empty() == messaging_service_sid.empty()) {
    return fail(Errc::kInvalid, "one of from & messaging_service_sid must be configured in twilio");
  }
  return exactly_one("auth_token", auth_token, auth_token_file);
}

void SmsGatewayConfig::describe(FieldVisitor& f) {
  f.secret_url_text("url", url);
  f.file("url_file", url_file);
  f.plain("method", method);
  f.secret_map("headers", headers);
  f.plain("content_type", content_type);
  f.text("body", body);
}

Result<void> SmsGatewayConfig::complete() {
  if (method != "POST" && method != "GET" && method != "PUT") {
    return fail(Errc::kInvalid, "unknown method in gateway, must be POST, PUT or GET");
  }
  return exactly_one("url", url, url_file);
}

void SmsConfig::describe(FieldVisitor& f) {
  f.texts("to", to);
  f.text("message", message);
  f.count("max_length", max_length);
  f.map("twilio", twilio);
  f.map("gateway", gateway);
  f.go_duration("timeout", timeout);
}

Result<void> SmsConfig::complete(const AlertmanagerGlobal&) {
  if (to.empty()) return fail(Errc::kInvalid, "missing to in sms config");
  if (twilio.has_value() == gateway.has_value()) {
    return fail(Errc::kInvalid, "one of twilio & gateway must be configured in sms config");
  }
  if (max_length == 0 || max_length > 1600)
    return fail(Errc::kInvalid, "max_length of an sms config must be 1 to 1600");
  return {};
}

}  // namespace tocsin::config
