#pragma once
// sns_configs. Source: Alertmanager notify/sns/config.go, prometheus/sigv4.

#include "config/notifier_config.hpp"

namespace tocsin::config {

/// Who signs. Without keys: the environment, then the profile of the shared credentials file.
struct Sigv4Config {
  static constexpr std::string_view kType = "sigv4.plain";
  std::string region, access_key;
  Secret secret_key;
  std::string profile, role_arn, external_id, service;
  bool use_fips_sts_endpoint = false;

  void describe(FieldVisitor& fields);
  Result<void> complete();
};

struct SnsConfig : HttpNotifierConfig {
  static constexpr std::string_view kKind = "sns";
  static constexpr std::string_view kType = "config.SNSConfig";
  std::string api_url;
  Sigv4Config sigv4;
  std::string topic_arn, phone_number, target_arn;  // one of them
  std::string subject = R"({{ template "sns.default.subject" . }})";
  std::string message = R"({{ template "sns.default.message" . }})";
  TextMap attributes;
  bool use_aws_http_client = false;  // accepted; there is one HTTP client here

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

}  // namespace tocsin::config
