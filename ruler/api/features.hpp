#pragma once
// /api/v1/features: what this build can do, under Prometheus' names. Source: Prometheus util/features.

#include <map>
#include <string>

#include "config/features.hpp"
#include "net/http.hpp"
#include "promql/engine.hpp"

namespace tocsin::api {

/// Category → name → whether it is on.
using Features = std::map<std::string, std::map<std::string, bool>>;

/// What depends on how the process was started.
struct FeatureSwitches {
  promql::EngineOptions engine;
  config::Features features;           // --enable-feature
  bool lifecycle = false;              // --web.enable-lifecycle
  bool auto_reload = false;            // --config.auto-reload
  bool remote_write_receiver = false;  // --web.enable-remote-write-receiver
};

/// All names that Prometheus 3.14 knows; true for what is built and on.
Features make_features(const FeatureSwitches& switches);

/// Thread: the loop's.
void add_features_api(net::HttpRouter& router, Features features);

}  // namespace tocsin::api
