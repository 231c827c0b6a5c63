#pragma once
// A burst of flushes begins piece by piece: so many of a receiver at a time, the others wait in order. Without it ten
// thousand groups that are due together would open ten thousand connections.

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace tocsin::alerting {

/// A place counts while its flush is young: one that is slow (a service that hangs, attempts that are repeated) gives
/// its place away after kYouth. So the wait is bounded whatever receivers do: 128 flushes begin each kYouth, at least.
/// Thread: the loop's. What waits is called by posted jobs, never inside a call of this.
class FlushGate {
  struct Lane;
  struct Counted;

 public:
  static constexpr std::size_t kPlaces = 128;
  static constexpr Duration kYouth = std::chrono::milliseconds(50);

  /// Given back when it goes. May outlive the gate.
  class Place {
   public:
    Place() = default;
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place() { leave(); }
    explicit operator bool() const { return counted_ != nullptr; }

   private:
    friend class FlushGate;
    explicit Place(std::shared_ptr<Counted> counted) : counted_(std::move(counted)) {}
    void leave();
    std::shared_ptr<Counted> counted_;
  };

  explicit FlushGate(Loop& loop);
  ~FlushGate();
  FlushGate(const FlushGate&) = delete;
  FlushGate& operator=(const FlushGate&) = delete;

  /// A place of the receiver's; none if all are taken or others wait.
  Place enter(const std::string& receiver);
  /// Calls the job once, with the place that has become free, behind those that wait already.
  void wait(const std::string& receiver, std::move_only_function<void(Place)> job);
  /// Forgets who waits.
  void clear();
  std::size_t waiting() const { return waiting_; }

 private:
  struct Lane {
    std::size_t taken = 0;
    std::deque<std::move_only_function<void(Place)>> waiting;
  };
  /// A place that is taken, by whom it counts.
  struct Counted {
    FlushGate* gate = nullptr;  // nullptr: counts no more
    Lane* lane = nullptr;
    MonoTime until{0};
  };

  Place take(Lane& lane);
  void end(Counted& counted);
  /// Lets those in for whom there is room, a portion at a time.
  void schedule();
  void admit();
  /// Those whose youth is over count no more.
  void end_old();
  /// Looks again when the next one's youth is over, as long as somebody waits.
  void arm();

  Loop* loop_;
  std::unordered_map<std::string, Lane> lanes_;  // by receiver; few, and they stay
  std::deque<std::shared_ptr<Counted>> young_;   // by age; those that have ended among them
  std::size_t waiting_ = 0;
  bool scheduled_ = false;
  TimerId age_timer_ = 0;
  std::shared_ptr<FlushGate*> self_;  // null once this is destroyed
};

}  // namespace tocsin::alerting
