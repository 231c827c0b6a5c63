#pragma once
// Series of the head in order of their labels, without a copy of any label set: each pair gets its rank among the pairs
// once, then series are compared as rows of numbers.

#include <string_view>
#include <vector>

#include "tsdb/label_index.hpp"

namespace tocsin::tsdb {

/// Memory: 16 bytes a series, 4 bytes a pair number, 16 bytes a text. Thread: one. The caller has a pin that is older
/// than the ids, and keeps it while it uses `symbols()`.
class LabelOrder {
 public:
  /// Sorts `ids`, which are of series whose pages are there.
  LabelOrder(const LabelIndex& index, Ids& ids);
  /// All names and values of their labels, ascending, each once.
  const std::vector<std::string_view>& symbols() const { return symbols_; }

 private:
  std::vector<PairId> used_pairs(const LabelIndex& index, const Ids& ids);
  void rank_pairs(const LabelIndex& index, std::vector<PairId> used);
  void sort_series(const LabelIndex& index, Ids& ids) const;

  std::vector<std::uint32_t> rank_;  // by number of the pair, from 1; 0: in no series
  std::vector<std::string_view> symbols_;
};

}  // namespace tocsin::tsdb
