#pragma once
// The numbers of discoveries that watch: Kubernetes and Consul.

#include "discovery/stats.hpp"
#include "telemetry/registry.hpp"

namespace tocsin::app {

/// Names and helps are Prometheus' (discovery/{kubernetes,consul}/metrics.go).
void put_discovery_watch_metrics(telemetry::Sink& sink, const discovery::Stats& stats);

}  // namespace tocsin::app
