#pragma once
// /api/v1/series, labels, label/{name}/values.

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "storage/storage.hpp"

namespace tocsin::api {

/// match[], start, end, limit. The lane and the store must outlive the router. Thread: the loop's.
/// Source: Prometheus web/api/v1/api.go; texts and statuses as its answers.
void add_series_api(net::HttpRouter& router, QueryLane& lane, storage::Queryable& store);

}  // namespace tocsin::api
