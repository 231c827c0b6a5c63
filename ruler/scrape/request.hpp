#pragma once
// The request of a scrape, and whether its answer is a page we read.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/prometheus_config.hpp"
#include "expo/format.hpp"
#include "net/http.hpp"
#include "scrape/target.hpp"

namespace tocsin::scrape {

/// The formats that the configuration names, or the usual ones, best first, then anything. Source: Prometheus
/// scrape/scrape.go, acceptHeader; config/config.go, DefaultScrapeProtocols.
std::string accept_header(const config::ScrapeConfig& config);

net::HttpRequest make_request(const config::ScrapeConfig& config, const TargetSpec& target);
net::SendOptions make_send_options(const TargetSpec& target);

/// What Go's client says when it gets no answer: `Get "http://a:1/metrics": ` and the reason. Once a body has begun,
/// the reason alone. Source: Go net/http, Client.do.
std::string fetch_error(const Error& error, const std::string& url, bool in_body);

/// @return the reason why the scrape fails if the status is not 200, in Prometheus' words.
Result<void> check_status(const net::HttpResponse& response);

/// How a page is read that comes with this Content-Type. @return the reason why it is not, in Prometheus' words.
/// Source: Prometheus model/textparse/interface.go, extractMediaType.
Result<expo::PageFormat> page_format(const config::ScrapeConfig& config, std::string_view content_type);

/// Go's mime.ParseMediaType, as far as the type: lower case, without parameters. kInvalid if it is none.
Result<std::string> media_type(std::string_view content_type);

}  // namespace tocsin::scrape
