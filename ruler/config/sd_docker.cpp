// Source of rules and words: Prometheus discovery/moby/docker.go.

#include <limits>

#include "base/strings.hpp"
#include "config/discovery_config.hpp"

namespace tocsin::config {
namespace {

using Filter = std::pair<std::string, std::vector<std::string>>;

Result<Filter> read_filter(const yaml::Node& node) {
  Filter filter;
  yaml::Fields fields(node, "moby.Filter");
  fields.read("name", filter.first).read("values", filter.second);
  TOCSIN_OK(fields.finish());
  return filter;
}

/// unix:///path, tcp://host:port, http(s)://host:port. Source: moby client, ParseHostURL.
Result<void> check_host(const yaml::Node& node, const std::string& host) {
  if (host.empty()) return node.error("host missing");
  const std::size_t end = host.find("://");
  const std::string_view scheme = std::string_view(host).substr(0, end);
  if (end == std::string::npos || end + 3 == host.size()) {
    return node["host"].error("unable to parse docker host {}", go_quote(host));
  }
  if (scheme != "unix" && scheme != "tcp" && scheme != "http" && scheme != "https") {
    return node["host"].error("unable to parse docker host {}: scheme {} is not one of unix, tcp, http, https",
                              go_quote(host), go_quote(scheme));
  }
  return {};
}

}  // namespace

Result<DockerSdConfig> read_docker_sd_config(const yaml::Node& node, std::vector<std::string>& warnings) {
  DockerSdConfig config;
  std::int64_t port = config.port;
  yaml::Fields fields(node, "moby.plain");
  fields.read("host", config.host).read("port", port).read("host_networking_host", config.host_networking_host);
  fields.each("filters", [&](const yaml::Node& n) -> Result<void> {
    TOCSIN_TRY(Filter filter, read_filter(n));
    config.filters.push_back(std::move(filter));
    return {};
  });
  fields.read("refresh_interval", config.refresh_interval).read("match_first_network", config.match_first_network);
  TOCSIN_OK(read_http_client_fields(fields, config.http, warnings));
  TOCSIN_OK(fields.finish());
  if (port < std::numeric_limits<int>::min() || port > std::numeric_limits<int>::max()) {
    return node["port"].wrong_type("int");
  }
  config.port = static_cast<int>(port);
  TOCSIN_OK(check_host(node, config.host));
  return config;
}

}  // namespace tocsin::config
