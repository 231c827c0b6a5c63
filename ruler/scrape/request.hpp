#pragma once
// The request of a scrape, and whether its answer is a page we read.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/prometheus_config.hpp"
#include "net/http.hpp"

namespace tocsin::scrape {

/// The formats that we read and therefore offer, best first, then anything.
/// Source: Prometheus scrape/scrape.go, acceptHeader; config/config.go, ScrapeProtocolsHeaders.
std::string accept_header();

net::HttpRequest make_request(const config::ScrapeConfig& config, const std::string& url, Duration timeout);
net::SendOptions make_send_options(const config::ScrapeConfig& config, Duration timeout);

/// Status and content type of an answer. @return the reason why the scrape fails, in Prometheus' words.
Result<void> check_response(const config::ScrapeConfig& config, const net::HttpResponse& response);

/// Go's mime.ParseMediaType, as far as the type: lower case, without parameters. kInvalid if it is none.
Result<std::string> media_type(std::string_view content_type);

}  // namespace tocsin::scrape
