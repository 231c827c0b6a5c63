#pragma once
// /api/v1/query, query_range, query_exemplars, series, labels, label/{name}/values, format_query, parse_query: what
// Grafana and promtool ask. Source: Prometheus web/api/v1/api.go; texts and statuses as its answers.

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "api/query_lane.hpp"
#include "base/thread_annotations.hpp"
#include "net/http.hpp"
#include "promql/engine.hpp"
#include "storage/storage.hpp"

namespace tocsin::api {

/// Exemplars of the series that match. Thread: any.
using ExemplarsFn = std::function<std::map<model::Labels, std::vector<storage::Exemplar>>(
    Timestamp start, Timestamp end, std::span<const model::Matcher> matchers)>;

/// What the queries that ran have cost. Thread: any.
class QueryCosts {
 public:
  struct Totals {
    QueryTime preparation, evaluation;
    std::uint64_t samples = 0;
  };
  void add(Duration preparation, Duration evaluation, std::uint64_t samples);
  Totals totals() const;

 private:
  mutable Mutex mutex_;
  Totals totals_ TOCSIN_GUARDED_BY(mutex_);
};

struct QueryApiOptions {
  std::size_t max_points = 11'000;  // per series of a range query
  /// global.evaluation_interval: the step of subqueries that name none; empty: the engine's. Thread: the loop's.
  std::function<Duration()> subquery_step;
  ExemplarsFn exemplars;  // empty: there are none
};

/// Requests arrive on the loop; queries run on the lane.
/// Lives as long as the router that it was added to. Thread: the loop's.
class QueryApi {
 public:
  QueryApi(QueryLane& lane, const promql::Engine& engine, storage::Queryable& store, QueryApiOptions options);
  void add_to(net::HttpRouter& router);
  /// Thread: any.
  QueryCosts::Totals costs() const { return costs_->totals(); }

 private:
  net::Task<net::HttpResponse> query(net::HttpRequest request);
  net::Task<net::HttpResponse> query_range(net::HttpRequest request);
  net::Task<net::HttpResponse> query_exemplars(net::HttpRequest request);
  net::Task<net::HttpResponse> format_query(net::HttpRequest request);
  net::Task<net::HttpResponse> parse_query(net::HttpRequest request);

  QueryLane& lane_;
  const promql::Engine& engine_;
  storage::Queryable& store_;
  QueryApiOptions options_;
  std::shared_ptr<QueryCosts> costs_ = std::make_shared<QueryCosts>();
};

}  // namespace tocsin::api
