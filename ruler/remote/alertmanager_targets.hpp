#pragma once
// From what discovery finds to the addresses that alerts are posted to.

#include <string>
#include <vector>

#include "config/prometheus_config.hpp"
#include "discovery/discoverer.hpp"

namespace tocsin::remote {

struct AlertmanagerUrls {
  std::vector<std::string> active, dropped;  // by relabel_configs
};

/// Each target's URL: __scheme__, __address__ and __alerts_path__ after relabelling; scheme and path_prefix of the
/// configuration are their values before it, unless the group's labels say otherwise. A group with an address that is
/// none ("\"a/b\" is not a valid hostname") gives nothing but that error.
/// Source: Prometheus notifier/alertmanager.go, AlertmanagerFromGroup.
Result<AlertmanagerUrls> alertmanagers_of(const discovery::TargetGroup& group,
                                          const config::AlertmanagerTarget& config);

}  // namespace tocsin::remote
