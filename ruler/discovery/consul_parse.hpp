#pragma once
// JSON of Consul's HTTP API. Source: developer.hashicorp.com/consul/api-docs (agent, catalog, health).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "discovery/discoverer.hpp"

namespace tocsin::discovery::consul {

/// The datacenter of /v1/agent/self.
Result<std::string> parse_datacenter(std::string_view body);

/// Names and tags of /v1/catalog/services.
Result<std::vector<std::pair<std::string, std::vector<std::string>>>> parse_services(std::string_view body);

/// What the targets of one service have in common.
struct ServiceLabels {
  std::string service, datacenter, tag_separator;
};

/// The group of /v1/health/service/<name>: one target for each instance.
/// Source: Prometheus discovery/consul/consul.go, consulService.watch.
Result<TargetGroup> parse_service(const ServiceLabels& labels, std::string_view body);

}  // namespace tocsin::discovery::consul
