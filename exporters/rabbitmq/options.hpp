#pragma once
// What the section `rabbitmq:` of agent.yml says of a target.

#include <optional>
#include <string>

#include "config/http_client_config.hpp"
#include "exporters/collector/credential.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters::rabbitmq {

struct TargetOptions {
  std::string server;      // "": host and port of the first of the three
  std::string endpoint;    // "http://host:15692/metrics", /metrics/per-object, /metrics/detailed?family=...; "": none
  std::string management;  // "http://host:15672"; asked if there is no endpoint, or it does not answer; "": none
  bool queues = false;     // each queue for itself, from the management API
  std::string amqp_host;   // of `amqp: host:port`; "": none
  std::uint16_t amqp_port = 5672;
  bool amqp_tls = false;
  std::string vhost = "/";
  std::string username = "guest";
  std::optional<Credential> password;  // nothing: "guest"
  config::HttpClientConfig http;       // for endpoint and management; its tls_config also for AMQP

  /// Takes the keys of the map. kInvalid with the position.
  static Result<TargetOptions> read(const yaml::Node& node);
};

}  // namespace tocsin::exporters::rabbitmq
