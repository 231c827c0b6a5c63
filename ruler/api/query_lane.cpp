#include "api/query_lane.hpp"

#include "api/envelope.hpp"

namespace tocsin::api {

/// A query's place among those that run. Destroyed with its task, also when the client went away: then the answer is
/// told to end, and the place goes to the next in line. Thread: the loop's.
struct QueryLane::Place {
  explicit Place(QueryLane& l) : lane(l) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    canceled->store(true, std::memory_order_relaxed);
    waiter->gone = true;
    if (waiter->granted) lane.release();
  }
  QueryLane& lane;
  std::shared_ptr<Waiter> waiter = std::make_shared<Waiter>();
  std::shared_ptr<std::atomic<bool>> canceled = std::make_shared<std::atomic<bool>>(false);
};

QueryApiStats QueryLane::stats() const {
  QueryApiStats stats = stats_;
  stats.waiting = waiting_.size();
  return stats;
}

void QueryLane::release() {
  while (!waiting_.empty()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next->gone) continue;
    next->granted = true;  // the place is handed over: running stays as it is
    loop_.post(next->wake);
    return;
  }
  --stats_.running;
}

net::Task<net::HttpResponse> QueryLane::run(Answer answer) {
  ++stats_.queries;
  const MonoTime arrived = loop_.clock().mono();
  Place place(*this);
  if (stats_.running < options_.max_concurrency) {
    ++stats_.running;
    place.waiter->granted = true;
  } else if (waiting_.size() >= options_.max_waiting) {
    ++stats_.refused;
    co_return error_response(Error{Errc::kTimeout, "too many queries are waiting already"});
  } else {
    std::function<void(std::function<void()>)> enqueue = [this, waiter = place.waiter](std::function<void()> wake) {
      waiter->wake = std::move(wake);
      waiting_.push_back(waiter);
    };
    co_await net::detail::wait_for_callback(std::move(enqueue));
  }
  std::function<net::HttpResponse()> job = [answer = std::move(answer), canceled = place.canceled, arrived,
                                            clock = &loop_.clock()] {
    const AnswerContext context{canceled, clock->mono() - arrived};
    if (context.is_canceled()) return error_response(Error{Errc::kCanceled, "query was canceled"});
    return answer(context);
  };
  co_return co_await net::run_on(loop_, work_.lane(Lane::kQuery), std::move(job));
}

}  // namespace tocsin::api
