#include "api/query_lane.hpp"

#include <algorithm>

#include "api/envelope.hpp"

namespace tocsin::api {
namespace {

constexpr Duration kLongestWait = std::chrono::hours(1);

/// Of "1.2.3.4:5" and "[::1]:5".
std::string host_of(std::string_view peer) {
  std::string_view host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

}  // namespace

Asker::Asker(const net::HttpRequest& request) : client(request.client), host(host_of(request.peer)) {}

/// A query's place in line and among those that run. Destroyed with its task: then the answer is told to end, and the
/// place goes to the next in line. Thread: the loop's.
struct QueryLane::Place {
  Place(QueryLane& l, std::shared_ptr<net::ClientPresence> c) : lane(l), client(std::move(c)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    canceled->store(true, std::memory_order_relaxed);
    if (client) client->when_gone(nullptr);
    if (waiter->timer != 0) lane.loop_.cancel(waiter->timer);
    if (waiter->turn == Turn::kWaiting)
      std::erase_if(lane.waiting_, [this](auto& one) { return one.waiter == waiter; });
    if (waiter->turn == Turn::kGranted) lane.release(waiter->host);
  }
  QueryLane& lane;
  std::shared_ptr<net::ClientPresence> client;
  std::shared_ptr<Waiter> waiter = std::make_shared<Waiter>();
  std::shared_ptr<std::atomic<bool>> canceled = std::make_shared<std::atomic<bool>>(false);
};

QueryApiStats QueryLane::stats() const {
  QueryApiStats stats = stats_;
  stats.waiting = waiting_.size();
  return stats;
}

void QueryLane::grant(const std::string& host) {
  ++stats_.running;
  Host& of = hosts_[host];
  ++of.running;
  of.last_turn = ++turns_;
}

void QueryLane::release(const std::string& host) {
  --stats_.running;
  --hosts_[host].running;
  if (!waiting_.empty()) {
    const auto standing = [this](const InLine& one) {
      const auto found = hosts_.find(one.waiter->host);
      const Host of = found == hosts_.end() ? Host() : found->second;
      return std::pair(of.running, of.last_turn);
    };
    const std::shared_ptr<Waiter> next = std::ranges::min_element(waiting_, {}, standing)->waiter;  // first of equals
    grant(next->host);
    end_wait(next, Turn::kGranted);
  }
  if (waiting_.empty() || hosts_.size() > options_.max_waiting) {
    std::erase_if(hosts_, [](const auto& entry) { return entry.second.running == 0; });
  }
}

void QueryLane::end_wait(const std::shared_ptr<Waiter>& waiter, Turn turn) {
  const auto place = std::ranges::find(waiting_, waiter, &InLine::waiter);
  if (place == waiting_.end()) return;
  waiter->turn = turn;
  if (const auto wake = place->wake.lock()) loop_.post(std::move(*wake));
  waiting_.erase(place);
  loop_.cancel(std::exchange(waiter->timer, 0));
}

net::Task<void> QueryLane::wait_in_line(std::shared_ptr<Waiter> waiter, Duration limit) {
  std::function<void(std::function<void()>)> enqueue = [this, waiter, limit](std::function<void()> wake) {
    auto owned = std::make_shared<std::function<void()>>(std::move(wake));
    waiting_.push_back({waiter, owned});
    waiter->timer = loop_.call_after(limit.count() > 0 ? limit : kLongestWait,
                                     [this, waiter, owned] { end_wait(waiter, Turn::kTimedOut); });
  };
  co_await net::detail::wait_for_callback(std::move(enqueue));
}

void QueryLane::tell_end(const Asker& asker, const Error& error, MonoTime arrived) const {
  if (asker.ended_in_line) asker.ended_in_line(error, loop_.clock().mono() - arrived);
}

net::HttpResponse QueryLane::refuse(const Asker& asker, const Error& error, MonoTime arrived) const {
  tell_end(asker, error, arrived);
  return error_response(error);
}

net::Task<net::HttpResponse> QueryLane::run(Asker asker, Answer answer) {
  ++stats_.queries;
  const MonoTime arrived = loop_.clock().mono();
  Place place(*this, asker.client);
  place.waiter->host = asker.host;
  if (asker.client) {
    asker.client->when_gone([this, waiter = place.waiter, canceled = place.canceled] {
      ++stats_.canceled;
      canceled->store(true, std::memory_order_relaxed);
      end_wait(waiter, Turn::kGone);
    });
  }
  if (stats_.running < options_.max_concurrency) {
    grant(asker.host);
    place.waiter->turn = Turn::kGranted;
  } else if (waiting_.size() >= options_.max_waiting) {
    ++stats_.refused;
    co_return refuse(asker, {Errc::kTimeout, "too many queries are waiting already"}, arrived);
  } else {
    co_await wait_in_line(place.waiter, asker.timeout);
  }
  if (place.waiter->turn == Turn::kTimedOut) {
    ++stats_.timed_out;
    const Error late(Errc::kExecution, std::string(kDeadlineExceeded));
    tell_end(asker, late, arrived);
    co_return error_response(asker.late_answer.value_or(late));
  }
  if (place.canceled->load(std::memory_order_relaxed)) {
    co_return refuse(asker, {Errc::kCanceled, "context canceled"}, arrived);
  }
  std::function<net::HttpResponse()> job = [answer = std::move(answer), canceled = place.canceled, arrived,
                                            clock = &loop_.clock()] {
    const AnswerContext context{canceled, clock->mono() - arrived};
    if (context.is_canceled()) return error_response(Error{Errc::kCanceled, "context canceled"});
    return answer(context);
  };
  co_return co_await net::run_on(loop_, executor(), std::move(job));
}

}  // namespace tocsin::api
