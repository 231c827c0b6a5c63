#pragma once
// Talking to a server from a program that does one thing and ends.

#include <string>

#include "base/result.hpp"
#include "net/http.hpp"

namespace tocsin::ctl {

/// Sends one request and waits for the answer. Blocks; runs its own loop.
Result<net::HttpResponse> send_and_wait(net::HttpRequest request, Duration timeout);

/// `base` without a slash at its end, `path` with one at its start.
std::string join_url(std::string base, std::string_view path);

}  // namespace tocsin::ctl
