#pragma once
// /api/v1/status/{buildinfo,config,flags,runtimeinfo}: what this process is and how it was started.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "net/http.hpp"

namespace tocsin::api {

/// What changes while the process runs.
struct RuntimeStatus {
  bool reload_ok = true;
  Timestamp last_reload = 0;  // of the configuration in force
  std::string config_text;    // of prometheus.yml, as read
};

struct StatusSource {
  Timestamp started = 0;
  std::string retention;                                   // "32d"
  std::vector<std::pair<std::string, std::string>> flags;  // name, value
  std::function<RuntimeStatus()> now;
};

/// buildinfo gives a version that Grafana takes for a Prometheus of the language level that we have, and no `features`,
/// which would make it a Mimir. Thread: the loop's.
void add_status_api(net::HttpRouter& router, StatusSource source);

}  // namespace tocsin::api
