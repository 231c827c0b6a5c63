#pragma once
// Requests to a token endpoint and what its answers mean. Source: golang.org/x/oauth2/internal/token.go,
// clientcredentials; prometheus/common config/oauth_assertion.go.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/http_client_config.hpp"
#include "net/http.hpp"

namespace tocsin::client {

inline constexpr std::string_view kJwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How a client shows who it is: endpoints differ, and do not say how.
enum class ClientAuth { kHeader, kForm };

/// The client credentials grant. kInvalid "oauth2: cannot overwrite parameter ...".
Result<net::HttpRequest> credentials_request(const config::OAuth2Config& config, const std::string& secret,
                                             ClientAuth auth);
/// The JWT bearer grant with a signed assertion.
Result<net::HttpRequest> assertion_request(const config::OAuth2Config& config, const std::string& assertion);

struct Token {
  std::string authorization;                     // the field's value
  std::optional<std::chrono::seconds> lifetime;  // nothing: for ever
};

/// "oauth2: cannot fetch token: 401 Unauthorized\nResponse: ...", `oauth2: "invalid_client" "who?"`,
/// "oauth2: server response missing access_token". At most 1 MiB was asked for.
Result<Token> read_token(const net::HttpResponse& response);

}  // namespace tocsin::client
