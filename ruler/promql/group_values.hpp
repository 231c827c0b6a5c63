#pragma once
// The values of one group of an aggregation at the steps that it reaches, as series are added to it one by one.

#include <cstddef>
#include <cstdint>

#include "promql/aggregate.hpp"
#include "promql/column.hpp"

namespace tocsin::promql {

/// A State at each step: default-constructed without a value, `seen` with one; add(double), value().
template <typename State>
class GroupStates {
 public:
  explicit GroupStates(Arena* arena = nullptr) : steps_(arena) {}
  /// Makes room for the steps [begin, end).
  void cover(std::size_t begin, std::size_t end) { steps_.cover(begin, end); }
  std::size_t size() const { return steps_.size(); }
  /// `step` is covered.
  void add(std::size_t step, double value) { steps_[step].add(value); }
  /// A dense series of floats; covers its steps. May take its values.
  void add_all(Column& column) {
    steps_.cover(column.begin, column.end);
    State* const states = &steps_[column.begin];
    const double* const values = column.values.data() + column.begin;
    for (std::size_t i = 0; i < column.span(); ++i) states[i].add(values[i]);
  }
  bool seen(std::size_t step) const { return steps_[step].seen; }
  /// Sets `out` (reset before) where there is a value; called once, at the end.
  void write(Column& out) {
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
  explicit GroupSums(Arena* arena = nullptr) : sums_(arena), lost_(arena), seen_(arena) {}
  void cover(std::size_t begin, std::size_t end);
  std::size_t size() const { return sums_.size(); }
  void add(std::size_t step, double value);
  /// A dense series of floats. The first one's values become the sums, without a copy if they are of all steps.
  void add_all(Column& column);
  bool seen(std::size_t step) const { return seen_.empty() || seen_[step - begin_] != 0; }
  /// Hands the sums over: called once, at the end.
  void write(Column& out);

 private:
  std::size_t begin_ = 0;
  ArenaVector<double> sums_;
  ArenaVector<double> lost_;        // what is missing from the sums; empty: nothing
  ArenaVector<std::uint8_t> seen_;  // empty: all
};

}  // namespace tocsin::promql
