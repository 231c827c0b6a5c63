#pragma once
// Lets one task after the other through, in the order of their coming.

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "net/task.hpp"

namespace tocsin::scrape {

/// Thread: the loop's. Held by a shared_ptr, because those that wait hold it.
class Turnstile {
 public:
  explicit Turnstile(Loop& loop) : loop_(loop) {}

  /// The right to be in; the next comes in when it goes.
  class Pass {
   public:
    explicit Pass(std::shared_ptr<Turnstile> turnstile) : turnstile_(std::move(turnstile)) {}
    ~Pass() { leave(); }
    Pass(Pass&&) noexcept = default;
    Pass& operator=(Pass&& other) noexcept {
      leave();
      turnstile_ = std::move(other.turnstile_);
      return *this;
    }
    bool valid() const { return turnstile_ != nullptr; }

   private:
    void leave() {
      if (turnstile_) std::exchange(turnstile_, nullptr)->leave();
    }
    std::shared_ptr<Turnstile> turnstile_;
  };

  /// Waits for its turn, which comes when those before have gone.
  static net::Task<Pass> enter(std::shared_ptr<Turnstile> turnstile);
  /// Ends the tasks that wait.
  void close();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void leave();

  Loop& loop_;
  bool taken_ = false;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace tocsin::scrape
