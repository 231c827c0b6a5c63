#pragma once
// /api/v1/query, query_range, query_exemplars, series, labels, label/{name}/values, format_query, parse_query: what
// Grafana and promtool ask. Source: Prometheus web/api/v1/api.go; texts and statuses as its answers.

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "promql/active_query_log.hpp"
#include "promql/engine.hpp"
#include "promql/query_recorder.hpp"
#include "storage/storage.hpp"

namespace tocsin::api {

/// Exemplars of the series that match. Thread: any.
using ExemplarsFn = std::function<std::map<model::Labels, std::vector<storage::Exemplar>>(
    Timestamp start, Timestamp end, std::span<const model::Matcher> matchers)>;

struct QueryApiOptions {
  std::size_t max_points = 11'000;  // per series of a range query
  /// global.evaluation_interval: the step of subqueries that name none; empty: the engine's. Thread: the loop's.
  std::function<Duration()> subquery_step;
  ExemplarsFn exemplars;                             // empty: there are none
  std::string path_prefix;                           // of the paths in the query log: "/prom"
  promql::ActiveQueryLog* active_queries = nullptr;  // outlives the requests; nullptr: none
};

/// Requests arrive on the loop; queries run on the lane.
/// Lives as long as the router that it was added to. Thread: the loop's.
class QueryApi {
 public:
  /// All outlive it, and its requests.
  QueryApi(QueryLane& lane, const promql::Engine& engine, storage::Queryable& store, promql::QueryRecorder& recorder,
           QueryApiOptions options);
  void add_to(net::HttpRouter& router);

 private:
  struct Asked;
  net::Task<net::HttpResponse> query(net::HttpRequest request);
  net::Task<net::HttpResponse> query_range(net::HttpRequest request);
  net::Task<net::HttpResponse> run(std::shared_ptr<Asked> asked, net::HttpRequest request);
  Result<promql::QueryResult> run_in_time(Asked& asked, const AnswerContext& context) const;
  net::HttpResponse evaluate(Asked& asked, const AnswerContext& context) const;
  net::Task<net::HttpResponse> query_exemplars(net::HttpRequest request);
  net::Task<net::HttpResponse> format_query(net::HttpRequest request);
  net::Task<net::HttpResponse> parse_query(net::HttpRequest request);

  QueryLane& lane_;
  const promql::Engine& engine_;
  storage::Queryable& store_;
  promql::QueryRecorder& recorder_;
  QueryApiOptions options_;
};

}  // namespace tocsin::api
