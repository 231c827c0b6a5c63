#pragma once
// Tells the history what alerting does: which alerts begin and end, what keeps them quiet, what becomes of
// notifications.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "alerting/notification.hpp"
#include "alerting/silences.hpp"
#include "base/clock.hpp"
#include "model/alert.hpp"
#include "state/history.hpp"

namespace tocsin::alerting {

/// Thread: the loop's. Without a history nothing is recorded, and a call costs a branch.
class HistoryRecorder {
 public:
  /// Annotations may hold a value that changes with each evaluation: an alert's changes are told no more often.
  static constexpr Duration kLeastBetweenChanges = std::chrono::minutes(5);

  HistoryRecorder(Clock& clock, std::shared_ptr<state::History> history)
      : clock_(&clock), history_(std::move(history)), silences_until_(clock.now()) {}

  // Alerts.
  /// One that is known from before the start: its beginning was recorded then.
  void known(const model::AlertPtr& alert);
  /// As it is in the hub now. @param fingerprint  the alert's.
  void taken(const model::AlertPtr& alert, std::uint64_t fingerprint);
  /// Nobody told its end, but its time was over: seen by a flush or the collection.
  void timed_out(const model::AlertPtr& alert);

  // Flushes. `reason` is "silence", "inhibition", "mute_time_interval" or "active_time_interval"; `by` names silences,
  // alerts or intervals.
  void suppressed(const model::AlertPtr& alert, const std::string& group_key, const std::string& receiver,
                  std::string_view reason, const std::vector<std::string>& by);
  void unsuppressed(const model::AlertPtr& alert, const std::string& group_key, const std::string& receiver);
  /// Some alert is suppressed: unsuppressed() may have something to do.
  bool any_suppressed() const { return suppressions_ > 0; }

  // Notifications.
  void attempted(const Notification& notification, const DeliveryResult& result, unsigned attempts, Duration took);
  void delivered(const Notification& notification, unsigned attempts, Duration took);
  void failed(const Notification& notification, const DeliveryResult& result, unsigned attempts, Duration took);

  // Silences.
  void set(const Silence& silence, bool created);
  /// Records those that have ended since the last call.
  void look_for_ends(const Silences& silences);

 private:
  struct Suppression {
    std::string group_key, reason, by;
  };
  /// An alert that fires.
  struct Firing {
    model::AlertPtr last;
    model::AlertPtr recorded;  // whose annotations the history has
    Timestamp recorded_at = 0;
    std::vector<Suppression> suppressions;  // by group
  };
  using FiringMap = boost::unordered_flat_map<std::uint64_t, Firing>;

  state::HistoryEvent event(state::HistoryKind kind) const;
  void record(const model::AlertPtr& alert, state::HistoryKind kind);
  void end(FiringMap::iterator firing, Timestamp ends_at, Timestamp at);
  void record(const Notification& notification, state::HistoryKind kind, const DeliveryResult* result,
              unsigned attempts, Duration took);
  void record(const Suppression& suppression, const model::Alert& alert, const std::string& receiver,
              state::HistoryKind kind);

  Clock* clock_;
  std::shared_ptr<state::History> history_;
  FiringMap firing_;  // by fingerprint
  std::size_t suppressions_ = 0;
  Timestamp silences_until_;  // their ends are recorded until then
};

}  // namespace tocsin::alerting
