#include "promql/context.hpp"

#include <algorithm>

namespace tocsin::promql {

Result<void> QueryContext::look() {
  work_ = 0;
  if (settings_.canceled && settings_.canceled->load(std::memory_order_relaxed)) {
    return fail(Errc::kCanceled, "query was canceled in expression evaluation");
  }
  if (clock_.mono() >= settings_.deadline) return fail(Errc::kTimeout, "query timed out in expression evaluation");
  return {};
}

Result<void> QueryContext::hold(std::size_t samples) {
  if (samples > settings_.max_samples || held_ > settings_.max_samples - samples) {
    return fail(Errc::kLimit, "query processing would load too many samples into memory in query execution");
  }
  held_ += samples;
  stats_.peak_samples = std::max<std::uint64_t>(stats_.peak_samples, held_);
  return {};
}

}  // namespace tocsin::promql
