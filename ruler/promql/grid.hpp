#pragma once
// The moments at which an expression is evaluated.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace tocsin::promql {

/// Steps start, start + step, ... : `count` of them. An instant query has one. A subquery has its own grid, aligned to
/// absolute time; it may be empty.
struct Grid {
  Timestamp start = 0;
  std::int64_t step = 1;  // ms, > 0
  std::size_t count = 1;

  Timestamp at(std::size_t i) const { return start + step * static_cast<std::int64_t>(i); }
  Timestamp last() const { return count == 0 ? start : at(count - 1); }
  bool single() const { return count == 1; }
  Grid first() const { return {start, step, 1}; }
};

}  // namespace tocsin::promql
