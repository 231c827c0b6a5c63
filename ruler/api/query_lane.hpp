#pragma once
// Where answers are made that take more than a moment: a limited number at once on the query lane, the others in line.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/http.hpp"

namespace tocsin::api {

inline constexpr std::string_view kDeadlineExceeded = "context deadline exceeded";

struct QueryLaneOptions {
  std::size_t max_concurrency = 20;  // queries that run at once; the others wait in line
  std::size_t max_waiting = 1000;    // beyond: 503 at once
};

struct QueryApiStats {
  std::uint64_t queries = 0, refused = 0;
  std::uint64_t canceled = 0;   // their clients went away
  std::uint64_t timed_out = 0;  // while they were in line
  std::size_t running = 0, waiting = 0;
};

/// Who asks, and how long for. Copies share the client.
struct Asker {
  Asker() = default;
  /// The client of a request; no limit of time.
  explicit Asker(const net::HttpRequest& request);
  std::shared_ptr<net::ClientPresence> client;  // nullptr: waits to the end
  std::string host;                             // whose turn it is goes round by this
  Duration timeout{0};                          // from now on, in line and at work; 0: an hour in line
  /// The answer when the timeout passes in line, in place of the lane's own.
  std::optional<Error> late_answer;
  /// Is told of an end before its turn. Thread: the loop's. May be empty.
  std::function<void(const Error&, Duration waited)> ended_in_line;
};

/// What a running answer can know of its request. Thread: any.
struct AnswerContext {
  std::shared_ptr<const std::atomic<bool>> canceled;  // the client has gone, or the task was destroyed
  Duration waited{0};                                 // for a place and a worker
  bool is_canceled() const { return canceled->load(std::memory_order_relaxed); }
};

/// Must outlive the tasks that use it. Thread: the loop's.
///
/// In line, the host with the fewest running queries comes first, among equals the one whose last turn was longest ago,
/// then who came first: one that floods us does not keep the others from their answers. The wait counts against the
/// asker's timeout. Who has gone leaves the line at once.
class QueryLane {
 public:
  using Answer = std::function<net::HttpResponse(const AnswerContext&)>;

  QueryLane(net::TaskLoop& loop, WorkPool& work, QueryLaneOptions options)
      : loop_(loop), work_(work), options_(options) {}
  QueryLane(const QueryLane&) = delete;
  QueryLane& operator=(const QueryLane&) = delete;

  /// Waits for a place, runs on the query lane, gives the place back. `answer` owns what it uses. Answers of its own,
  /// in Prometheus' words: 422 "context deadline exceeded" and 499 "context canceled" in line; 503 when the line is
  /// full.
  net::Task<net::HttpResponse> run(Asker asker, Answer answer);
  net::Task<net::HttpResponse> run(Answer answer) { return run(Asker(), std::move(answer)); }
  net::TaskLoop& loop() { return loop_; }
  /// Where the answers run; for what is left to do of one that has given its place back.
  Executor& executor() { return work_.lane(Lane::kQuery); }
  QueryApiStats stats() const;

 private:
  struct Place;
  enum class Turn : std::uint8_t { kWaiting, kGranted, kGone, kTimedOut };
  struct Waiter {
    Turn turn = Turn::kWaiting;
    TimerId timer = 0;
    std::string host;
  };
  /// In line. The timer owns the task, so that both go with the loop.
  struct InLine {
    std::shared_ptr<Waiter> waiter;
    std::weak_ptr<std::function<void()>> wake;
  };
  net::Task<void> wait_in_line(std::shared_ptr<Waiter> waiter, Duration limit);
  struct Host {
    std::size_t running = 0;
    std::uint64_t last_turn = 0;
  };
  void tell_end(const Asker& asker, const Error& error, MonoTime arrived) const;
  net::HttpResponse refuse(const Asker& asker, const Error& error, MonoTime arrived) const;
  void grant(const std::string& host);
  void release(const std::string& host);
  /// Ends the wait, if it has not ended yet.
  void end_wait(const std::shared_ptr<Waiter>& waiter, Turn turn);

  net::TaskLoop& loop_;
  WorkPool& work_;
  const QueryLaneOptions options_;
  QueryApiStats stats_;
  std::map<std::string, Host> hosts_;  // of those that run, and of some that did
  std::uint64_t turns_ = 0;
  std::deque<InLine> waiting_;
};

}  // namespace tocsin::api
