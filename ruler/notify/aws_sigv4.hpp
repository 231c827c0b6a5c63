#pragma once
// AWS Signature Version 4. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace tocsin::notify {

struct AwsCredentials {
  std::string access_key;
  Secret secret_key;
  Secret session_token;  // "" for keys that do not expire
  bool operator==(const AwsCredentials&) const = default;
};

/// Adds X-Amz-Date, X-Amz-Security-Token and Authorization. The body and Content-Type must stand already.
/// @return kInvalid for a URL that is none.
Result<void> sign_v4(net::HttpRequest& request, const AwsCredentials& credentials, std::string_view region,
                     std::string_view service, Timestamp now);

}  // namespace tocsin::notify
