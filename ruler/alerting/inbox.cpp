#include "alerting/inbox.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tocsin::alerting {

void Inbox::post(std::vector<model::AlertPtr> alerts) {
  bool schedule = false, tell = false;
  {
    const MutexLock lock(mutex_);
    for (model::AlertPtr& alert : alerts) {
      const std::uint64_t fingerprint = alert->labels.fingerprint();
      if (const auto known = places_.find(fingerprint); known != places_.end()) {
        waiting_[known->second] = std::move(alert);
      } else if (waiting_.size() < max_alerts_) {
        places_.emplace(fingerprint, waiting_.size());
        waiting_.push_back(std::move(alert));
      } else {
        ++dropped_;
        tell = tell || !std::exchange(full_told_, true);
      }
    }
    schedule = !waiting_.empty() && !std::exchange(scheduled_, true);
  }
  if (tell) log::error("alerting", "the queue of alerts is full, new alerts are dropped", {{"limit", max_alerts_}});
  if (schedule) loop_->post([self = shared_from_this()] { self->drain(); });
}

void Inbox::drain() {
  std::vector<model::AlertPtr> portion;
  bool more = false;
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() <= kPortion) {
      portion = std::exchange(waiting_, {});
      places_.clear();
      full_told_ = false;
    } else {  // from the end: nothing else moves. Order between different alerts means nothing
      for (std::size_t i = 0; i < kPortion; ++i) {
        places_.erase(waiting_.back()->labels.fingerprint());
        portion.push_back(std::move(waiting_.back()));
        waiting_.pop_back();
      }
      std::reverse(portion.begin(), portion.end());
    }
    more = !waiting_.empty();
    scheduled_ = more;
  }
  if (take_) take_(portion);
  if (more) loop_->post([self = shared_from_this()] { self->drain(); });
}

std::uint64_t Inbox::dropped() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace tocsin::alerting
