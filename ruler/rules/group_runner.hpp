#pragma once
// Evaluates one group at its slots: a timer on the loop, the work on a lane, never two evaluations at once.
//
//   waiting (for its predecessor) -> resting (timer) <-> running (worker) -> stopped
//
// A slot that is over before the evaluation of the last one ended is missed, not made up for, but for the last of them.

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "rules/group.hpp"
#include "rules/slots.hpp"

namespace tocsin::rules {

/// Thread: the loop's; group() as the group says. Kept alive by its jobs and timers.
class GroupRunner : public std::enable_shared_from_this<GroupRunner> {
 public:
  using EnvironmentFn = std::function<std::shared_ptr<const Environment>()>;

  /// @param lane         where rules are evaluated, one job for each rule.
  /// @param environment  asked at each slot, on the loop.
  GroupRunner(std::shared_ptr<Group> group, Loop& loop, Executor& lane, EnvironmentFn environment);

  Group& group() { return *group_; }
  const std::shared_ptr<Group>& shared_group() const { return group_; }

  /// Evaluates at the first slot after now, and on. After wait_for_predecessor(): once predecessor_done() was called.
  void start();
  void wait_for_predecessor() { waiting_ = true; }
  void predecessor_done();
  /// Calls `done` once no evaluation is under way and none will come; at once if that is so now.
  void stop(Job done);
  /// The owner goes away: no job of this touches the loop or calls anybody any more.
  void abandon();

 private:
  void schedule_first();
  void schedule(std::int64_t slot);
  void tick();
  void run_step(std::shared_ptr<Group::Run> run);
  void run_ended(std::int64_t slot);
  void finish_stop();
  std::int64_t now() const { return loop_.clock().now() * 1'000'000; }

  const std::shared_ptr<Group> group_;
  Loop& loop_;
  Executor& lane_;
  const EnvironmentFn environment_;
  const Slots slots_;
  std::int64_t next_slot_ = 0;
  TimerId timer_ = 0;
  bool start_requested_ = false;
  bool waiting_ = false;
  bool running_ = false;
  bool stopped_ = false;
  Job on_stopped_;
};

}  // namespace tocsin::rules
