#pragma once
// The grid on which a group is evaluated: every interval, shifted by an offset that is the group's own, so that groups
// spread over the interval and keep their place over restarts. Source: Prometheus rules/group.go (EvalTimestamp, run).

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace tocsin::rules {

/// Times are nanoseconds since the Unix epoch. Immutable.
class Slots {
 public:
  /// The offset comes from the hash of both names, as in Prometheus: the same group has the same slots there.
  Slots(std::string_view file, std::string_view name, Duration interval);

  /// The slot at or before a time.
  std::int64_t at_or_before(std::int64_t now) const;

  struct Next {
    std::int64_t slot;
    std::int64_t missed;  // slots that passed without an evaluation
  };
  /// The slot to evaluate after `last` was, at the time `now`: the next one, or if that is over already, the last one
  /// that is not in the future. A clock that went back before `last` gives the first slot after `now`.
  Next after(std::int64_t last, std::int64_t now) const;

  std::int64_t interval() const { return interval_; }

 private:
  std::int64_t interval_;
  std::int64_t offset_;
};

}  // namespace tocsin::rules
