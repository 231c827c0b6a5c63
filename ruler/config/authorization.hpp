#pragma once
// The Authorization field that an HTTP client configuration stands for.

#include <string>

#include "config/http_client_config.hpp"

namespace tocsin::config {

/// "Bearer ...", "Basic ..." or "" for none. It is a secret: for the request only.
std::string authorization_field(const HttpClientConfig& http);

}  // namespace tocsin::config
