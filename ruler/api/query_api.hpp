#pragma once
// /api/v1/query, query_range, series, labels, label/{name}/values, format_query: what Grafana and promtool ask.
// Source: Prometheus web/api/v1/api.go; texts and statuses as its answers.

#include <deque>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "net/http.hpp"
#include "promql/engine.hpp"
#include "storage/storage.hpp"

namespace tocsin::api {

struct QueryApiOptions {
  std::size_t max_concurrency = 20;  // queries that run at once; the others wait in order
  std::size_t max_waiting = 1000;    // beyond: 503 at once
  std::size_t max_points = 11'000;   // per series of a range query
  /// global.evaluation_interval: the step of subqueries that name none; empty: the engine's. Thread: the loop's.
  std::function<Duration()> subquery_step;
};

struct QueryApiStats {
  std::uint64_t queries = 0, refused = 0;
  std::size_t running = 0, waiting = 0;
};

/// Requests arrive on the loop; queries run on the query lane of the work pool.
/// Lives as long as the router that it was added to. Thread: the loop's.
class QueryApi {
 public:
  QueryApi(net::TaskLoop& loop, WorkPool& work, const promql::Engine& engine, storage::Queryable& store,
           QueryApiOptions options);
  void add_to(net::HttpRouter& router);
  QueryApiStats stats() const;

 private:
  using Answer = std::function<net::HttpResponse()>;
  net::Task<net::HttpResponse> query(net::HttpRequest request);
  net::Task<net::HttpResponse> query_range(net::HttpRequest request);
  net::Task<net::HttpResponse> series(net::HttpRequest request);
  net::Task<net::HttpResponse> labels(net::HttpRequest request);
  net::Task<net::HttpResponse> label_values(net::HttpRequest request, std::string name);
  net::Task<net::HttpResponse> format_query(net::HttpRequest request);
  /// Waits for a place, runs on the query lane, gives the place back.
  net::Task<net::HttpResponse> run(Answer answer);
  struct Place;
  struct Waiter {
    std::function<void()> wake;
    bool granted = false, gone = false;
  };
  void release();

  net::TaskLoop& loop_;
  WorkPool& work_;
  const promql::Engine& engine_;
  storage::Queryable& store_;
  QueryApiOptions options_;
  QueryApiStats stats_;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace tocsin::api
