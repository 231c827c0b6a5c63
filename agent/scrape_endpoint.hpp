#pragma once
// A page of metrics under a path, as client_golang's handler serves it.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "agent/gatherer.hpp"
#include "net/http.hpp"
#include "telemetry/registry.hpp"

namespace tocsin::agent {

/// Without a word of the scraper, each deadline holds for itself.
inline constexpr Duration kNoLimit = std::chrono::hours(1);

/// How long this scraper waits: its X-Prometheus-Scrape-Timeout-Seconds without the time that an answer takes, else
/// `otherwise`.
Duration scrape_limit(const net::HttpRequest& request, Duration otherwise);

net::HttpResponse plain_text(int status, std::string text);

struct EndpointOptions {
  std::size_t max_requests = 40;  // parallel ones; 0: no limit
  bool self_metrics = true;       // promhttp_*, process_* and what else is in the registry
  std::string procfs = "/proc";
};

/// Thread: the loop's. Outlives the tasks that it starts.
class ScrapeEndpoint {
 public:
  ScrapeEndpoint(Fs& fs, EndpointOptions options);
  /// Served with each page: promhttp_* and process_*, and what is added.
  telemetry::Registry& registry() { return registry_; }
  /// Merges the pages into an answer of the format that this Accept header asks for; an error is answered with 400. 503
  /// if too many requests are being served.
  net::Task<net::HttpResponse> serve(std::string accept, net::Task<Result<Pages>> gather);

 private:
  net::Task<net::HttpResponse> answer(std::string accept, net::Task<Result<Pages>> gather);
  EndpointOptions options_;
  telemetry::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Gauge& in_flight_gauge_;
  std::size_t in_flight_ = 0;
  expo::MergeOrder merge_order_;
};

}  // namespace tocsin::agent
