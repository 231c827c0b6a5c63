#pragma once
// When a group tells whom next, and what holds it back.

#include <cstdint>
#include <string>
#include <vector>

#include "alerting/metrics.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"

namespace tocsin::alerting {

struct IntegrationSchedule {
  std::string name;
  std::uint32_t index = 0;
  Timestamp last_sent = 0;  // 0: never
  /// When it is told next if nothing changes: at a tick. 0: nothing is due.
  Timestamp next = 0;
  /// What that notification waits for: "group_wait", "group_interval", "repeat_interval"; and if there is none, what
  /// mutes the alerts: "silence", "inhibition", "mute_time_interval", "active_time_interval". Empty: nothing to tell.
  std::vector<std::string> held_by;
  std::string failure;  // of its last delivery, of any group; "": it was delivered
};

struct GroupSchedule {
  std::string receiver, key;
  model::Labels labels;
  Timestamp next_flush = 0;  // the next tick; 0: alerting stops
  bool flushing = false;     // a flush is under way, attempts included
  std::size_t firing = 0, resolved = 0;
  SuppressedMetrics muted;             // alerts, by what mutes them first
  std::vector<std::string> intervals;  // names of those that mute the route
  std::vector<IntegrationSchedule> integrations;
};

}  // namespace tocsin::alerting
