#pragma once
// Where alerts change from the workers to the loop.

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_annotations.hpp"
#include "model/alert.hpp"

namespace tocsin::alerting {

/// Keeps the newest of each alert until the loop takes it. Bounded: an alert that is not in it yet is dropped when it
/// is full (and counted); the rule sends it again. The loop takes it in portions, so that a storm does not hold it up.
/// Thread: post() from any.
class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  using TakeFn = std::function<void(const std::vector<model::AlertPtr>& alerts)>;

  Inbox(Loop& loop, std::size_t max_alerts, TakeFn take)
      : loop_(&loop), max_alerts_(max_alerts), take_(std::move(take)) {}
  void post(std::vector<model::AlertPtr> alerts);
  /// Nothing is taken any more. Thread: the loop's.
  void close() { take_ = nullptr; }
  /// Alerts dropped so far.
  std::uint64_t dropped() const;

 private:
  void drain();

  static constexpr std::size_t kPortion = 128;
  Loop* loop_;
  std::size_t max_alerts_;
  TakeFn take_;  // the loop's
  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, std::size_t> places_ TOCSIN_GUARDED_BY(mutex_);  // fingerprint → place in waiting_
  std::vector<model::AlertPtr> waiting_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t dropped_ TOCSIN_GUARDED_BY(mutex_) = 0;
  bool full_told_ TOCSIN_GUARDED_BY(mutex_) = false;
  bool scheduled_ TOCSIN_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::alerting
