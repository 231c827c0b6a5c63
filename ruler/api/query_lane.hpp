#pragma once
// Where answers are made that take more than a moment: a limited number at once on the query lane, the others in line.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "net/http.hpp"

namespace tocsin::api {

struct QueryLaneOptions {
  std::size_t max_concurrency = 20;  // queries that run at once; the others wait in order
  std::size_t max_waiting = 1000;    // beyond: 503 at once
};

struct QueryApiStats {
  std::uint64_t queries = 0, refused = 0;
  std::size_t running = 0, waiting = 0;
};

/// What a running answer can know of its request. Thread: any.
struct AnswerContext {
  std::shared_ptr<const std::atomic<bool>> canceled;  // the task was destroyed: nobody waits any more
  Duration waited{0};                                 // for a place and a worker
  bool is_canceled() const { return canceled->load(std::memory_order_relaxed); }
};

/// Lives as long as the router whose handlers use it. Thread: the loop's.
class QueryLane {
 public:
  using Answer = std::function<net::HttpResponse(const AnswerContext&)>;

  QueryLane(net::TaskLoop& loop, WorkPool& work, QueryLaneOptions options)
      : loop_(loop), work_(work), options_(options) {}
  QueryLane(const QueryLane&) = delete;
  QueryLane& operator=(const QueryLane&) = delete;

  /// Waits for a place, runs on the query lane, gives the place back. `answer` owns what it uses.
  net::Task<net::HttpResponse> run(Answer answer);
  net::TaskLoop& loop() { return loop_; }
  QueryApiStats stats() const;

 private:
  struct Place;
  struct Waiter {
    std::function<void()> wake;
    bool granted = false, gone = false;
  };
  void release();

  net::TaskLoop& loop_;
  WorkPool& work_;
  const QueryLaneOptions options_;
  QueryApiStats stats_;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace tocsin::api
