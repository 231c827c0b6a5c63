#include "rules/group_runner.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace tocsin::rules {
namespace {

/// A timer that is early by less has the slot's right to run: the wall clock is read in milliseconds and is adjusted
/// while the monotonic one is not.
constexpr std::int64_t kEarly = 50'000'000;

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
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  if (!running_ && !waiting_) finish_stop();
}

void GroupRunner::abandon() {
  stopped_ = true;
  on_stopped_ = nullptr;
  group_->stop();
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
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
  running_ = true;
  next_slot_ = slot;
  auto run = std::make_shared<Group::Run>(group_->begin_run(slot / 1'000'000, environment_()));
  lane_.post([self = shared_from_this(), run = std::move(run)]() mutable { self->run_step(std::move(run)); });
}

/// On a worker. One job for each rule, so that scrapes come in between.
void GroupRunner::run_step(std::shared_ptr<Group::Run> run) {
  if (group_->run_next_rule(*run)) {
    lane_.post([self = shared_from_this(), run = std::move(run)]() mutable { self->run_step(std::move(run)); });
    return;
  }
  group_->finish_run(*run);
  loop_.post([self = shared_from_this()] { self->run_ended(self->next_slot_); });
}

void GroupRunner::run_ended(std::int64_t slot) {
  running_ = false;
  if (on_stopped_) return finish_stop();
  if (!stopped_) schedule(slot + slots_.interval());
}

}  // namespace tocsin::rules
