#include "exporters/rabbitmq/options.hpp"

#include "net/url.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

/// Without userinfo: user and password have keys of their own. @return its "host:port".
Result<std::string> check_url(const yaml::Fields& fields, std::string_view key, std::string& text) {
  auto url = net::parse_url(text);
  if (!url) return fields.node().error("{}: {}", key, url.error().message);
  if (!url->authorization.empty()) {
    return fields.node().error("{}: give user and password by username and password", key);
  }
  while (text.ends_with('/')) text.pop_back();
  return url->address();
}

}  // namespace

Result<TargetOptions> TargetOptions::read(const yaml::Node& node) {
  TargetOptions out;
  std::string amqp;
  yaml::Fields fields(node, "rabbitmq target");
  fields.read("server", out.server)
      .read("endpoint", out.endpoint)
      .read("management", out.management)
      .read("queues", out.queues)
      .read("amqp", amqp)
      .read("amqp_tls", out.amqp_tls)
      .read("vhost", out.vhost)
      .read("username", out.username);
  TOCSIN_TRY(out.password, Credential::read(fields, "password"));
  std::vector<std::string> warnings;
  TOCSIN_OK(config::read_http_client_fields(fields, out.http, warnings));
  TOCSIN_OK(fields.finish());
  if (out.endpoint.empty() && out.management.empty() && amqp.empty()) {
    return fields.node().error("one of endpoint, management and amqp must be configured");
  }
  if (out.queues && out.management.empty()) return fields.node().error("queues needs management");
  std::string first;
  if (!amqp.empty()) {
    if (out.amqp_tls) out.amqp_port = 5671;
    // The grammar of host and port is that of a URL.
    auto url = net::parse_url("http://" + amqp);
    if (amqp.contains('@')) return fields.node().error("amqp: give user and password by username and password");
    if (!url || url->target != "/") return fields.node().error("amqp: \"{}\" is not host:port", amqp);
    out.amqp_host = url->host;
    if (url->port != 80) out.amqp_port = url->port;
    first = fmt::format("{}:{}", out.amqp_host, out.amqp_port);
  }
  if (!out.management.empty()) {
    TOCSIN_TRY(first, check_url(fields, "management", out.management));
  }
  if (!out.endpoint.empty()) {
    TOCSIN_TRY(first, check_url(fields, "endpoint", out.endpoint));
  }
  if (out.server.empty()) out.server = first;
  return out;
}

}  // namespace tocsin::exporters::rabbitmq
