#include "rules/status.hpp"

namespace tocsin::rules {

std::string_view health_text(Health health) {
  switch (health) {
    case Health::kGood:
      return "ok";
    case Health::kBad:
      return "err";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view alert_state_text(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
    case AlertState::kUnknown:
      break;
  }
  return "unknown";
}

void DurationStats::observe(Duration duration) {
  const double seconds = to_seconds(duration);
  ++count;
  sum_seconds += seconds;
  for (std::size_t i = 0; i < kBounds.size(); ++i) buckets[i] += seconds <= kBounds[i] ? 1 : 0;
}

void DurationRecorder::observe_rule(Duration duration) {
  const MutexLock lock(mutex_);
  rules_.observe(duration);
}

void DurationRecorder::observe_group(Duration duration) {
  const MutexLock lock(mutex_);
  groups_.observe(duration);
}

void DurationRecorder::observe_start(Duration delay) {
  const MutexLock lock(mutex_);
  starts_.observe(delay);
}

DurationStats DurationRecorder::rules() const {
  const MutexLock lock(mutex_);
  return rules_;
}

DurationStats DurationRecorder::groups() const {
  const MutexLock lock(mutex_);
  return groups_;
}

DurationStats DurationRecorder::starts() const {
  const MutexLock lock(mutex_);
  return starts_;
}

}  // namespace tocsin::rules
