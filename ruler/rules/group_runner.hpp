#pragma once
// Evaluates one group at its slots, and when scrapes ask for it: timers on the loop, the work on a lane, never two
// evaluations at once.
//
//   waiting (for its predecessor) -> resting (timers) <-> running (worker) -> stopped
//
// A slot that is over before the evaluation of the last one ended is missed, not made up for, but for the last of them.
// Evaluations that scrapes ask for come between the slots, from the first slot on; a slot that comes during one follows
// it. Times of evaluations rise: a slot that is not later than such an evaluation counts as evaluated by it.

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "rules/group.hpp"
#include "rules/scrape_plan.hpp"
#include "rules/slots.hpp"

namespace tocsin::rules {

/// Thread: the loop's; group() as the group says. Kept alive by its jobs and timers.
class GroupRunner : public std::enable_shared_from_this<GroupRunner> {
 public:
  using EnvironmentFn = std::function<std::shared_ptr<const Environment>()>;

  /// @param lane         where rules are evaluated, one job for each rule.
  /// @param environment  asked at each evaluation, on the loop.
  GroupRunner(std::shared_ptr<Group> group, Loop& loop, Executor& lane, EnvironmentFn environment);

  Group& group() { return *group_; }
  const std::shared_ptr<Group>& shared_group() const { return group_; }

  /// Evaluates at the first slot after now, and on. After wait_for_predecessor(): once predecessor_done() was called.
  void start();
  void wait_for_predecessor() { waiting_ = true; }
  void predecessor_done();
  /// A scrape was stored that brought what the group reads, which is evaluated on_scrape.
  void inputs_scraped();
  /// Calls `done` once no evaluation is under way and none will come; at once if that is so now.
  void stop(Job done);
  /// The owner goes away: no job of this touches the loop or calls anybody any more.
  void abandon();

 private:
  using RunPtr = std::shared_ptr<Group::Run>;

  void schedule_first();
  void schedule(std::int64_t slot);
  void tick();
  /// @return whether an evaluation that a scrape asked for was at the slot or behind it.
  bool is_evaluated(std::int64_t slot) const;
  void plan_wake();
  void wake();
  void begin(Timestamp t, bool scheduled);
  void run_step(RunPtr run);
  void run_ended(const Group::Run& run);
  void cancel_timers();
  void finish_stop();
  std::int64_t now() const { return loop_.clock().now() * 1'000'000; }

  const std::shared_ptr<Group> group_;
  Loop& loop_;
  Executor& lane_;
  const EnvironmentFn environment_;
  const Slots slots_;
  std::int64_t next_slot_ = 0;
  ScrapePlan plan_;
  Timestamp last_time_ = 0;  // of the last evaluation
  TimerId timer_ = 0, wake_timer_ = 0;
  bool start_requested_ = false;
  bool had_slot_ = false;  // at least one
  bool tick_due_ = false;  // a slot came during an evaluation
  bool waiting_ = false;
  bool running_ = false;
  bool stopped_ = false;
  Job on_stopped_;
};

}  // namespace tocsin::rules
