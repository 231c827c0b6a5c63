#pragma once
// A signed assertion for the JWT bearer grant (RFC 7523).

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "config/http_client_config.hpp"

namespace tocsin::client {

/// Claims and their defaults as prometheus/common config/oauth_assertion.go: iss (client_id), sub (client_id), aud
/// (token_url), jti, iat, exp (ten minutes), scope, then the configuration's. kInvalid if the key is no RSA key in PEM.
/// Takes milliseconds: for a lane. Thread: any.
/// @param id  of the assertion, unique.
Result<std::string> sign_assertion(const config::OAuth2Config& config, std::string_view private_key_pem, Timestamp now,
                                   std::string_view id);

}  // namespace tocsin::client
