#pragma once
// Where the keys for AWS come from. Source: AWS SDK for Go v2, "Specifying credentials", of which this build has: keys
// of the configuration, the environment, the shared credentials and config files, and roles assumed through STS.

#include <string>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "config/environment.hpp"
#include "config/receiver_sns.hpp"
#include "notify/aws_sigv4.hpp"

namespace tocsin::notify {

struct AwsAccess {
  AwsCredentials credentials;
  std::string region;
  std::string sns_url, sts_url;  // AWS' own, or those of the environment
};

/// Keys: the configuration's; a profile's that it names; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with
/// AWS_SESSION_TOKEN); those of the profile AWS_PROFILE or `default`. Region: the configuration's, AWS_REGION,
/// AWS_DEFAULT_REGION, the profile's. Endpoints: AWS_ENDPOINT_URL_SNS and _STS, AWS_ENDPOINT_URL, the region's.
/// Files are read each time. Thread: any.
/// @return kInvalid that says what is missing and where it was looked for.
Result<AwsAccess> load_aws_access(Fs& fs, const config::Sigv4Config& config, const config::Environment& environment);

/// "https://sns.eu-west-1.amazonaws.com/".
std::string aws_endpoint(std::string_view service, std::string_view region);

/// A request for AssumeRole to access.sts_url, signed.
Result<net::HttpRequest> assume_role_request(const config::Sigv4Config& config, const AwsAccess& access, Timestamp now);

struct AwsSession {
  AwsCredentials credentials;
  Timestamp expires = 0;
};
/// What STS answered. @return kInvalid with AWS' message.
Result<AwsSession> parse_assume_role(std::string_view xml);

/// The text of the first element of that name, entities decoded; "" if there is none.
std::string xml_text(std::string_view xml, std::string_view name);

}  // namespace tocsin::notify
