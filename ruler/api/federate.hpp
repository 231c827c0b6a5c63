#pragma once
// /federate: the newest samples of the series that match, for another Prometheus to scrape.

#include <functional>

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "storage/storage.hpp"

namespace tocsin::api {

/// What is named must outlive the router. Thread: the loop's.
struct Federation {
  QueryLane& lane;
  storage::Queryable& store;
  Duration lookback = std::chrono::minutes(5);     // --query.lookback-delta
  std::function<model::Labels()> external_labels;  // thread: the loop's
};

/// match[] (several); staleness markers dropped, families sorted by name, written as FederatePage does. An answer of
/// more than 256 MiB is refused.
/// Source: Prometheus web/federate.go.
void add_federate(net::HttpRouter& router, const Federation& federation);

}  // namespace tocsin::api
