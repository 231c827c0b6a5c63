#pragma once
// /api/v1/targets and /api/v1/scrape_pools.

#include "net/http.hpp"
#include "scrape/scrape_manager.hpp"

namespace tocsin::api {

/// `state` any (default), active or dropped; `scrapePool`. Source: Prometheus web/api/v1/api.go, targets().
/// Thread: the loop's. The manager must outlive the router.
void add_targets_api(net::HttpRouter& router, const scrape::ScrapeManager& scrapes);

}  // namespace tocsin::api
