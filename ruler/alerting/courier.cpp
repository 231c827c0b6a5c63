#include "alerting/courier.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr double kFactor = 1.5;
constexpr double kJitter = 0.5;
constexpr double kLongestSeconds = 60;

void observe(IntegrationMetrics& metrics, double seconds) {
  const auto bound = std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), seconds);
  ++metrics.latency_buckets[static_cast<std::size_t>(bound - kLatencyBounds.begin())];
  metrics.latency_sum_seconds += seconds;
}

}  // namespace

Courier::Courier(Loop& loop, Rng& rng, std::shared_ptr<Metrics> metrics, std::shared_ptr<HistoryRecorder> history,
                 IntegrationPtr integration, NotificationPtr notification, MonoTime deadline, Done done)
    : loop_(&loop),
      rng_(&rng),
      metrics_(std::move(metrics)),
      history_(std::move(history)),
      integration_(std::move(integration)),
      notification_(std::move(notification)),
      deadline_(deadline),
      done_(std::move(done)) {}

void Courier::start() {
  if (finished_) return;  // canceled before it began
  deadline_timer_ = loop_->call_at(deadline_, [self = shared_from_this()] {
    self->deadline_timer_ = 0;
    self->deadline_passed();
  });
  attempt();
}

void Courier::cancel() {
  canceled_ = true;
  if (finished_ || in_attempt_) return;
  finish(
      {Delivery::kRetry, last_.error.empty() ? "context canceled" : last_.error, FailureReason::kContextCanceled, {}});
}

void Courier::attempt() {
  in_attempt_ = true;
  ++attempts_;
  const MonoTime began = loop_->clock().mono();
  integration_->notify(notification_, deadline_, [self = shared_from_this(), began](DeliveryResult result) {
    self->attempted(began, std::move(result));
  });
}

void Courier::attempted(MonoTime began, DeliveryResult result) {
  if (!in_attempt_) return;  // the deadline came first
  in_attempt_ = false;
  IntegrationMetrics& metrics = metrics_->integrations[integration_->name];
  observe(metrics, to_seconds(loop_->clock().mono() - began));
  ++metrics.requests;
  if (result.delivery != Delivery::kDelivered) ++metrics.requests_failed;
  if (result.delivery != Delivery::kRetry || canceled_) {
    finish(std::move(result));
    return;
  }
  history_->attempted(*notification_, result, attempts_, loop_->clock().mono() - began);
  if (result.error != last_.error) {
    log::warn("alerting", "notify attempt failed, will retry later",
              {{"receiver", notification_->receiver},
               {"integration", integration_->name},
               {"attempts", attempts_},
               {"err", result.error}});
  }
  last_ = std::move(result);
  retry_later(began);
}

void Courier::retry_later(MonoTime began) {
  const MonoTime when = std::max(began + next_delay(), loop_->clock().mono());
  if (when >= deadline_) return;  // the deadline's timer ends it
  retry_timer_ = loop_->call_at(when, [self = shared_from_this()] {
    self->retry_timer_ = 0;
    if (!self->finished_) self->attempt();
  });
}

Duration Courier::next_delay() {
  const double seconds = interval_seconds_ * (1 - kJitter + 2 * kJitter * rng_->uniform());
  interval_seconds_ = std::min(interval_seconds_ * kFactor, kLongestSeconds);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void Courier::deadline_passed() {
  if (finished_) return;
  in_attempt_ = false;
  if (last_.error.empty()) last_ = {Delivery::kRetry, "context deadline exceeded", FailureReason::kContextDeadline, {}};
  finish(std::exchange(last_, {}));
}

void Courier::finish(DeliveryResult result) {
  finished_ = true;
  for (TimerId* timer : {&retry_timer_, &deadline_timer_}) {
    if (*timer != 0) loop_->cancel(std::exchange(*timer, 0));
  }
  Done done = std::move(done_);
  done(std::move(result), attempts_);
}

}  // namespace tocsin::alerting
