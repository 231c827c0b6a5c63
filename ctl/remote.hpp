#pragma once
// Talking to a server from a program that does one thing and ends.

#include <string>

#include "base/result.hpp"
#include "net/http.hpp"

namespace tocsin::ctl {

/// Sends one request and waits for the answer. Blocks; runs its own loop.
/// @param http_config_file  an http_config as YAML, like promtool's --http.config.file; "" for none.
Result<net::HttpResponse> send_and_wait(net::HttpRequest request, Duration timeout,
                                        const std::string& http_config_file);

/// `base` without a slash at its end, `path` with one at its start.
std::string join_url(std::string base, std::string_view path);

}  // namespace tocsin::ctl
