#include "app/discovery_watch_metrics.hpp"

namespace tocsin::app {
namespace {

using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_consul_rpc(Sink& sink, std::string_view call, const discovery::Times& times) {
  sink.summary("prometheus_sd_consul_rpc_duration_seconds", "The duration of a Consul RPC call in seconds.",
               {{"call", call}, {"endpoint", "catalog"}}, {}, times.sum_seconds, number(times.count));
}

}  // namespace

void put_discovery_watch_metrics(Sink& sink, const discovery::Stats& stats) {
  for (const char* role : {"endpointslice", "endpoints", "node", "pod", "service", "ingress"}) {
    for (const char* event : {"add", "delete", "update"}) {
      const auto found = stats.kubernetes_events.find({role, event});
      sink.counter("prometheus_sd_kubernetes_events_total", "The number of Kubernetes events handled.",
                   {{"event", event}, {"role", role}},
                   found == stats.kubernetes_events.end() ? 0 : number(found->second));
    }
  }
  sink.counter("prometheus_sd_kubernetes_failures_total", "The number of failed WATCH/LIST requests.",
               number(stats.kubernetes_failures));
  sink.counter("prometheus_sd_consul_rpc_failures_total", "The number of Consul RPC call failures.",
               number(stats.consul_rpc_failures));
  put_consul_rpc(sink, "services", stats.consul_services_rpc);
  put_consul_rpc(sink, "service", stats.consul_service_rpc);
}

}  // namespace tocsin::app
