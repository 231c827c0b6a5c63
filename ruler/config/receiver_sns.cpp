#include "config/receiver_sns.hpp"

namespace tocsin::config {

void Sigv4Config::describe(FieldVisitor& f) {
  f.plain("region", region);
  f.plain("access_key", access_key);
  f.secret("secret_key", secret_key);
  f.plain("profile", profile);
  f.plain("role_arn", role_arn);
  f.plain("external_id", external_id);
  f.flag("use_fips_sts_endpoint", use_fips_sts_endpoint);
  f.plain("service", service);
}

Result<void> Sigv4Config::complete() {
  if (access_key.empty() == secret_key.empty()) return {};
  return fail(Errc::kInvalid,
              "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config");
}

void SnsConfig::describe(FieldVisitor& f) {
  f.text("api_url", api_url);
  f.map("sigv4", sigv4);
  f.text("topic_arn", topic_arn);
  f.text("phone_number", phone_number);
  f.text("target_arn", target_arn);
  f.text("subject", subject);
  f.text("message", message);
  f.text_map("attributes", attributes);
  f.flag("use_aws_http_client", use_aws_http_client);
}

Result<void> SnsConfig::complete(const AlertmanagerGlobal&) {
  // As Alertmanager counts: one of them, or all three.
  const bool even = (target_arn.empty() != topic_arn.empty()) != phone_number.empty();
  if (!even) return {};
  return fail(Errc::kInvalid, "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
}

}  // namespace tocsin::config
