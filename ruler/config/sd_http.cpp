// Source of rules and words: Prometheus discovery/http/http.go.

#include "base/strings.hpp"
#include "config/discovery_config.hpp"
#include "net/url.hpp"

namespace tocsin::config {
namespace {

Result<void> check_url(const yaml::Node& node, const std::string& url) {
  if (url.empty()) return node.error("URL is missing");
  const std::size_t colon = url.find(':');
  const std::string scheme = to_lower(std::string_view(url).substr(0, colon));
  if (colon == std::string::npos || (scheme != "http" && scheme != "https")) {
    return node["url"].error("URL scheme must be 'http' or 'https'");
  }
  std::string_view rest = std::string_view(url).substr(colon + 1);
  const bool has_authority = rest.starts_with("//");
  if (has_authority) rest = rest.substr(2);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (!has_authority || authority.substr(authority.rfind('@') + 1).empty()) {
    return node["url"].error("host is missing in URL");
  }
  if (const auto parsed = net::parse_url(url); !parsed) {
    return node["url"].error("parse {}: {}", go_quote(url), parsed.error().message);
  }
  return {};
}

}  // namespace

Result<HttpSdConfig> read_http_sd_config(const yaml::Node& node, std::vector<std::string>& warnings) {
  HttpSdConfig config;
  yaml::Fields fields(node, "http.plain");
  fields.read("url", config.url).read("refresh_interval", config.refresh_interval);
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  TOCSIN_OK(fields.finish());
  TOCSIN_OK(check_url(node, config.url));
  return config;
}

}  // namespace tocsin::config
