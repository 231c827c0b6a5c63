#pragma once
// A door through which so many may be at once; the others wait in line.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "net/task.hpp"

namespace tocsin::remote {

struct GateOptions {
  std::size_t limit = 1;            // at once; 0: no limit
  std::size_t max_waiting = 1'000;  // beyond: refused at once
};

/// Outlives its passes. Thread: the loop's.
class Gate {
 public:
  Gate(net::TaskLoop& loop, GateOptions options) : loop_(loop), options_(options) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// A place, or one in line; given back when it is destroyed, also with a task that nobody waits for any more.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass();

   private:
    friend class Gate;
    struct Waiter {
      std::function<void()> wake;
      bool granted = false, gone = false;
    };
    Gate& gate_;
    std::shared_ptr<Waiter> waiter_ = std::make_shared<Waiter>();
  };

  /// Waits for a place. False if too many wait already. `pass` lives in the awaiting task.
  net::Task<bool> enter(Pass& pass);
  std::size_t running() const { return running_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void release();

  net::TaskLoop& loop_;
  const GateOptions options_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<Pass::Waiter>> waiting_;
};

}  // namespace tocsin::remote
