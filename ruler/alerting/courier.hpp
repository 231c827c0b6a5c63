#pragma once
// One notification on its way to one integration: attempts with back-off until it is delivered, will never be, or the
// time is over. Source: Alertmanager notify/retry_stage.go; back-off: cenkalti/backoff (0.5 s, x1.5, +-50 %, at most 60
// s).

#include <functional>
#include <memory>
#include <string>

#include "alerting/history_recorder.hpp"
#include "alerting/metrics.hpp"
#include "alerting/notification.hpp"
#include "base/clock.hpp"
#include "base/rng.hpp"

namespace tocsin::alerting {

/// Thread: the loop's. Timers and the attempt under way keep it alive until it has called `done`, once.
class Courier : public std::enable_shared_from_this<Courier> {
 public:
  /// How it ended: the last attempt's result and how many there were.
  using Done = std::move_only_function<void(DeliveryResult result, unsigned attempts)>;

  /// `rng` is not used after cancel().
  Courier(Loop& loop, Rng& rng, std::shared_ptr<Metrics> metrics, std::shared_ptr<HistoryRecorder> history,
          IntegrationPtr integration, NotificationPtr notification, MonoTime deadline, Done done);
  void start();
  /// No further attempt: one under way may end, a waiting one ends now as kContextCanceled.
  void cancel();

 private:
  void attempt();
  void attempted(MonoTime began, DeliveryResult result);
  void retry_later(MonoTime began);
  void deadline_passed();
  void finish(DeliveryResult result);
  Duration next_delay();

  Loop* loop_;
  Rng* rng_;
  std::shared_ptr<Metrics> metrics_;  // shared, as the next one: an attempt may end after alerting is gone
  std::shared_ptr<HistoryRecorder> history_;
  IntegrationPtr integration_;
  NotificationPtr notification_;
  MonoTime deadline_;
  Done done_;
  double interval_seconds_ = 0.5;
  unsigned attempts_ = 0;
  bool in_attempt_ = false, canceled_ = false, finished_ = false;
  TimerId retry_timer_ = 0, deadline_timer_ = 0;
  DeliveryResult last_;  // of the attempts so far
};

}  // namespace tocsin::alerting
