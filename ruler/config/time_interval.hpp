#pragma once
// Times of day, week, month and year at which routes are mute or active. Source: Alertmanager
// timeinterval/timeinterval.go.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "yaml/node.hpp"

namespace tocsin::config {

/// [begin, end) in minutes of the day; end may be 1440.
struct TimeRange {
  int begin = 0, end = 0;
  bool operator==(const TimeRange&) const = default;
};

/// begin..end, both included.
struct InclusiveRange {
  int begin = 0, end = 0;
  bool operator==(const InclusiveRange&) const = default;
};

/// Fields are ANDed, the entries of a field ORed; an empty field matches always.
struct TimeInterval {
  std::vector<TimeRange> times;
  std::vector<InclusiveRange> weekdays;       // sunday = 0
  std::vector<InclusiveRange> days_of_month;  // 1..31, or -31..-1 from the end of the month
  std::vector<InclusiveRange> months;         // 1..12
  std::vector<InclusiveRange> years;
  std::string location;  // IANA name, "" is UTC

  /// Thread: any. @param t  milliseconds since the epoch.
  bool contains(Timestamp t) const;
  bool operator==(const TimeInterval&) const = default;
};

/// An entry of time_intervals: contains a time if any of its intervals does.
struct NamedTimeIntervals {
  std::string name;
  std::vector<TimeInterval> intervals;
  bool contains(Timestamp t) const;
};

Result<TimeInterval> parse_time_interval(const yaml::Node& node);
Result<NamedTimeIntervals> parse_named_time_intervals(const yaml::Node& node);

}  // namespace tocsin::config
