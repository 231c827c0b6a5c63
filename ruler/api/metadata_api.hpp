#pragma once
// /api/v1/metadata and targets/metadata: what the pages of active targets say about their metrics.

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "scrape/scrape_manager.hpp"

namespace tocsin::api {

/// metadata takes metric, limit, limit_per_metric; targets/metadata match_target, metric, limit.
/// Both must outlive the router. Thread: the loop's. Source: Prometheus web/api/v1/api.go, metricMetadata() and
/// targetMetadata().
void add_metadata_api(net::HttpRouter& router, QueryLane& lane, const scrape::ScrapeManager& scrapes);

}  // namespace tocsin::api
