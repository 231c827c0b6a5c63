#pragma once
// Streams that are kept, and the guard against two samples of one label set at one step.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "promql/context.hpp"
#include "promql/operator.hpp"

namespace tocsin::promql {

/// Not one array: it would be copied as it grows, and what it was would lie unused.
using StoredColumns = std::deque<StoredColumn, ArenaAllocator<StoredColumn>>;

/// Kept columns with their share of the budget.
struct Materialized {
  explicit Materialized(QueryContext& context) : arena(context.arena()), columns(arena), held(context) {}
  Arena* arena;
  StoredColumns columns;
  HeldSamples held;

  /// May take labels and arrays.
  Result<void> add(Column&& column);
  /// Reads the stream to its end.
  Result<void> drain(VectorOperator& source, Column& scratch);
};

/// Which of the columns have equal labels, in order of first appearance. A group of more than one are fragments.
std::vector<std::vector<std::size_t>> group_fragments(const StoredColumns& columns);

/// Steps that were taken, by key.
class StepClaims {
 public:
  /// Claims the steps at which the column has a sample. False if one of them was claimed under this key before.
  bool claim(std::uint64_t key, const Column& column);
  bool claimed(std::uint64_t key, std::size_t step) const;

 private:
  struct Steps {
    std::size_t begin = 0, end = 0;
    std::vector<std::uint8_t> present;  // of [begin, end); empty: all
    bool has(std::size_t i) const { return i >= begin && i < end && (present.empty() || present[i - begin] != 0); }
  };
  boost::unordered_flat_map<std::uint64_t, Steps> steps_;
};

/// Refuses columns whose labels were seen before: at any step (admit_once) or at the same step (admit).
/// The error is Prometheus': "vector cannot contain metrics with the same labelset".
class DuplicateGuard {
 public:
  Result<void> admit_once(const model::Labels& labels);
  Result<void> admit(const Column& column);

 private:
  boost::unordered_flat_set<std::uint64_t> once_;  // hashes of labels
  StepClaims claims_;
};

}  // namespace tocsin::promql
