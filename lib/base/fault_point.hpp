#pragma once
// Named places on the way of a page at which tests let the process die, as by kill -9. All of them are here.
// Nothing is armed unless the environment says so (TOCSIN_FAULT_POINT); then a place costs one load and a branch.

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include "base/result.hpp"

namespace tocsin {

enum class FaultPoint {
  kAlertReceived,      // alerting takes an alert
  kAlertStored,        // the transaction with an alert is committed
  kAnswerSent,         // an HTTP answer of ours is handed to the kernel
  kGroupCreated,       // a group has its timer
  kFlushBegun,         // a group's tick, before the stages
  kDedupDecided,       // an integration is to be told
  kUnderWayNoted,      // the note of what may be delivered is committed
  kRendered,           // the request to the service is ready
  kAttemptBegun,       // before the connection
  kRequestSent,        // a request of ours is handed to the kernel
  kAnswerReceived,     // the service has answered
  kLogEntryQueued,     // the notification log's entry waits for its transaction
  kLogEntryCommitted,  // the transaction with it is committed
  kResolveNoted,       // alerts of which all was told leave the store
  kSilenceStored,      // the transaction with a silence is committed
  kCheckpoint,         // the state store's log is about to be copied into its file
};
inline constexpr std::array<std::string_view, 16> kFaultPointNames = {
    "alert_received",      "alert_stored",  "answer_sent",    "group_created", "flush_begun",     "dedup_decided",
    "under_way_noted",     "rendered",      "attempt_begun",  "request_sent",  "answer_received", "log_entry_queued",
    "log_entry_committed", "resolve_noted", "silence_stored", "checkpoint"};

/// Arms points: "NAME:N", with commas between several; the process kills itself at the N-th passing (1 without it).
/// Thread: before there are others. @return kInvalid for an unknown name.
Result<void> arm_fault_points(std::string_view spec);

namespace fault {
inline std::atomic<bool> armed = false;
void passed(FaultPoint point);
}  // namespace fault

/// Thread: any.
inline void fault_point(FaultPoint point) {
  if (fault::armed.load(std::memory_order_relaxed)) [[unlikely]]
    fault::passed(point);
}

}  // namespace tocsin
