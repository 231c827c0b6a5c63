#pragma once
// The values of one group of an aggregation at the steps that it reaches, as series are added to it one by one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "promql/aggregate.hpp"
#include "promql/column.hpp"

namespace tocsin::promql {

/// A State at each step: default-constructed without a value, `seen` with one; add(double), value().
template <typename State>
class GroupStates {
 public:
  /// Makes room for the steps [begin, end).
  void cover(std::size_t begin, std::size_t end) { steps_.cover(begin, end); }
  std::size_t size() const { return steps_.size(); }
  /// `step` is covered.
  void add(std::size_t step, double value) { steps_[step].add(value); }
  /// A series with a value at each step from `begin` on; covers them.
  void add_all(std::size_t begin, std::span<const double> values) {
    steps_.cover(begin, begin + values.size());
    State* const states = &steps_[begin];
    for (std::size_t i = 0; i < values.size(); ++i) states[i].add(values[i]);
  }
  bool seen(std::size_t step) const { return steps_[step].seen; }
  /// Sets `out` (reset before) where there is a value.
  void write(Column& out) const {
    for (std::size_t i = steps_.begin(); i < steps_.end(); ++i) {
      if (steps_[i].seen) out.set(i, steps_[i].value());
    }
  }

 private:
  GroupSteps<State> steps_;
};

/// Compensated sums (KahanSum), as columns: dense series are added in a loop without branches, and a group of one
/// series, or one whose series take turns, is not larger than that.
class GroupSums {
 public:
  void cover(std::size_t begin, std::size_t end);
  std::size_t size() const { return sums_.size(); }
  void add(std::size_t step, double value);
  void add_all(std::size_t begin, std::span<const double> values);
  bool seen(std::size_t step) const { return seen_.empty() || seen_[step - begin_] != 0; }
  void write(Column& out) const;

 private:
  std::size_t begin_ = 0;
  std::vector<double> sums_;
  std::vector<double> lost_;        // what is missing from the sums; empty: nothing
  std::vector<std::uint8_t> seen_;  // empty: all
};

}  // namespace tocsin::promql
