#pragma once
// Runs collectors one after the other on one thread, until one of them hangs: then another thread takes over the rest.
// A thread per collector would wake eight threads for half a millisecond of work; one thread alone would wait for a
// dead NFS server.

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/asked.hpp"
#include "base/clock.hpp"
#include "base/time.hpp"

namespace tocsin::agent {

/// Thread: post(), wake() and replace_stuck() from the loop's thread. Calls run on other threads, in order, and must
/// not throw.
class CollectorThreads final {
 public:
  /// Calls a collector; is told when that began, and tells when it ended.
  using Run = std::function<MonoTime(const std::shared_ptr<Asked>& asked, MonoTime began)>;
  /// @param max_threads  so many threads at most live at once, stuck ones included.
  /// @param when_idle    is called, on a thread of the pool, when the last call that waited is done.
  CollectorThreads(std::size_t max_threads, Run run, std::function<void()> when_idle);
  /// Does not wait for a call that hangs; what it refers to must be shared with it.
  ~CollectorThreads();

  /// The call waits until wake().
  void post(std::shared_ptr<Asked> asked);
  /// Begins with what was posted: a thread that woke at the first of fifty would fight for the lock with the rest.
  void wake();
  /// If the call now running began before `limit` ago, a new thread takes over what waits. Call now and then.
  void replace_stuck(Duration limit);
  /// Threads that are still in a call they were given up for.
  std::size_t stuck() const;

 private:
  struct Shared;
  static void serve(std::shared_ptr<Shared> shared, std::uint64_t number);
  std::shared_ptr<Shared> shared_;
};

}  // namespace tocsin::agent
