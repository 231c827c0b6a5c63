#include "promql/context.hpp"

#include <algorithm>

namespace tocsin::promql {

Result<void> QueryContext::look() {
  work_ = 0;
  const bool abandoned = abandoned_ != nullptr && abandoned_->load(std::memory_order_relaxed);
  if (abandoned || (settings_.canceled && settings_.canceled->load(std::memory_order_relaxed))) {
    return fail(Errc::kCanceled, "query was canceled in expression evaluation");
  }
  if (clock_.mono() >= settings_.deadline) return fail(Errc::kTimeout, "query timed out in expression evaluation");
  return {};
}

namespace {

std::unexpected<Error> too_many_samples() {
  return fail(Errc::kLimit, "query processing would load too many samples into memory in query execution");
}

}  // namespace

Result<void> QueryContext::check_samples(std::uint64_t samples) const {
  if (samples > settings_.max_samples) return too_many_samples();
  return {};
}

std::size_t QueryContext::most_held() const {
  return std::max(settings_.max_samples, settings_.max_samples + kWorkingSamples);  // it may wrap
}

Result<void> QueryContext::hold(std::size_t samples) {
  const std::size_t most = most_held();
  if (samples > most || held_ > most - samples) return too_many_samples();
  held_ += samples;
  most_held_of_part_ = std::max(most_held_of_part_, held_);
  return {};
}

std::unique_ptr<Annotations> QueryContext::take_annotations() {
  if (annotations_.additions() == 0) return nullptr;
  return std::make_unique<Annotations>(std::exchange(annotations_, {}));
}

}  // namespace tocsin::promql
