#pragma once
// /api/v1/targets, targets/relabel_steps, targets/metadata, metadata, scrape_pools, scrape_pools/config.

#include <functional>
#include <string>

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "scrape/scrape_manager.hpp"

namespace tocsin::api {

/// What is named must outlive the router. Thread: the loop's.
struct TargetsApi {
  QueryLane& lane;
  const scrape::ScrapeManager& scrapes;
  std::function<std::string()> config_text;  // of prometheus.yml, as status/config shows it
};

/// Source: Prometheus web/api/v1/api.go, targets() and what follows it.
void add_targets_api(net::HttpRouter& router, const TargetsApi& api);

}  // namespace tocsin::api
