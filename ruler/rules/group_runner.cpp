#include "rules/group_runner.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace tocsin::rules {
namespace {

/// A timer that is early by less has the slot's right to run: the wall clock is read in milliseconds and is adjusted
/// while the monotonic one is not.
constexpr std::int64_t kEarly = 50'000'000;
constexpr std::int64_t kNanosecondsInMs = 1'000'000;
/// An evaluation whose time was up to this much ahead of the clock is waited for.
constexpr Duration kLongestWait = std::chrono::seconds(1);

}  // namespace

GroupRunner::GroupRunner(std::shared_ptr<Group> group, Loop& loop, Executor& lane, EnvironmentFn environment)
    : group_(std::move(group)),
      loop_(loop),
      lane_(lane),
      environment_(std::move(environment)),
      slots_(group_->file(), group_->name(), group_->interval()) {}

void GroupRunner::start() {
  check(!start_requested_, "BUG: a rule group is started twice");
  start_requested_ = true;
  if (!waiting_ && !stopped_) schedule_first();
}

void GroupRunner::predecessor_done() {
  waiting_ = false;
  if (on_stopped_) return finish_stop();
  if (start_requested_) schedule_first();
}

void GroupRunner::stop(Job done) {
  check(!on_stopped_ && !stopped_, "BUG: a rule group is stopped twice");
  on_stopped_ = std::move(done);
  group_->stop();
  cancel_timers();
  if (!running_ && !waiting_) finish_stop();
}

void GroupRunner::abandon() {
  stopped_ = true;
  on_stopped_ = nullptr;
  group_->stop();
  cancel_timers();
}

void GroupRunner::cancel_timers() {
  for (TimerId* timer : {&timer_, &wake_timer_}) {
    if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
  }
}

void GroupRunner::finish_stop() {
  stopped_ = true;
  std::exchange(on_stopped_, nullptr)();
}

void GroupRunner::schedule_first() {
  schedule(slots_.at_or_before(now()) + slots_.interval());
}

void GroupRunner::schedule(std::int64_t slot) {
  next_slot_ = slot;
  const Duration delay(std::max<std::int64_t>(slot - now(), 0));
  timer_ = loop_.call_after(delay, [self = shared_from_this()] {
    self->timer_ = 0;
    self->tick();
  });
}

void GroupRunner::tick() {
  if (stopped_) return;
  if (running_) {
    tick_due_ = true;
    return;
  }
  const std::int64_t t = now();
  const std::int64_t early = std::min(kEarly, slots_.interval() / 2);
  if (t + early < next_slot_) {
    // The wall clock went back. Wait for the slot, or for an earlier one if it went back by more than the interval.
    const std::int64_t slot =
        next_slot_ - t > slots_.interval() ? slots_.at_or_before(t) + slots_.interval() : next_slot_;
    return schedule(slot);
  }
  const auto [slot, missed] = slots_.after(next_slot_ - slots_.interval(), std::max(t + early, next_slot_));
  group_->count_iterations(1 + missed, missed);
  if (is_evaluated(slot)) return schedule(slot + slots_.interval());
  next_slot_ = slot;
  begin(slot / kNanosecondsInMs, true);
}

/// One that is further ahead than an interval is of before the clock went back.
bool GroupRunner::is_evaluated(std::int64_t slot) const {
  const std::int64_t ahead = last_time_ - slot / kNanosecondsInMs;
  return ahead >= 0 && ahead < slots_.interval() / kNanosecondsInMs;
}

void GroupRunner::inputs_scraped() {
  if (!had_slot_ || stopped_ || on_stopped_) return;
  group_->count_scrape_trigger();
  plan_.scraped(loop_.clock().mono(), group_->query_offset(*environment_()));
  plan_wake();
}

void GroupRunner::plan_wake() {
  if (wake_timer_ != 0) loop_.cancel(std::exchange(wake_timer_, 0));
  const auto when = plan_.next();
  if (!when || running_) return;
  wake_timer_ = loop_.call_at(*when, [self = shared_from_this()] {
    self->wake_timer_ = 0;
    self->wake();
  });
}

void GroupRunner::wake() {
  if (stopped_ || running_) return;
  const Timestamp t = loop_.clock().now();
  if (!group_->evaluates_on_scrape(*environment_())) return plan_.clear();  // by now
  if (t <= last_time_) {
    // Within the millisecond of the last one, or the clock went back: then from the next slot on.
    if (last_time_ - t > to_ms(kLongestWait)) return plan_.clear();
    wake_timer_ = loop_.call_after(std::chrono::milliseconds(last_time_ - t + 1), [self = shared_from_this()] {
      self->wake_timer_ = 0;
      self->wake();
    });
    return;
  }
  plan_.take(loop_.clock().mono());
  group_->count_scrape_evaluation();
  begin(t, false);
}

void GroupRunner::begin(Timestamp t, bool scheduled) {
  running_ = true;
  last_time_ = t;
  had_slot_ |= scheduled;
  if (wake_timer_ != 0) loop_.cancel(std::exchange(wake_timer_, 0));
  auto run = std::make_shared<Group::Run>(group_->begin_run(t, environment_(), scheduled));
  lane_.post([self = shared_from_this(), run = std::move(run)]() mutable { self->run_step(std::move(run)); });
}

/// On a worker. One job for each rule, so that scrapes come in between.
void GroupRunner::run_step(RunPtr run) {
  if (group_->run_next_rule(*run)) {
    lane_.post([self = shared_from_this(), run = std::move(run)]() mutable { self->run_step(std::move(run)); });
    return;
  }
  group_->finish_run(*run);
  loop_.post([self = shared_from_this(), run = std::move(run)] { self->run_ended(*run); });
}

void GroupRunner::run_ended(const Group::Run& run) {
  running_ = false;
  if (on_stopped_) return finish_stop();
  if (stopped_) return;
  plan_.evaluated(run.began, run.rule_time, group_->evaluation_min_interval(*run.environment));
  plan_.ends_at(std::nullopt);
  if (run.next_change != 0) {
    const Timestamp wait = std::max<Timestamp>(run.next_change - loop_.clock().now(), 0);
    plan_.ends_at(loop_.clock().mono() + std::chrono::milliseconds(wait));
  }
  if (run.scheduled) schedule(next_slot_ + slots_.interval());
  if (std::exchange(tick_due_, false)) tick();
  plan_wake();
}

}  // namespace tocsin::rules
