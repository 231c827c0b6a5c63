#pragma once
// Aggregations over the series of a vector. Groups are found once per series, not per step, and a series is forgotten
// as soon as it is added, where the operator's nature permits.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/arena.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/label_ops.hpp"
#include "promql/operator.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

struct AggregateSpec {
  parser::AggregateOp op = parser::AggregateOp::kSum;
  Grouping grouping;
  std::string value_label;    // of count_values
  parser::PositionRange pos;  // of the whole, of the vector, and of the parameter: for annotations
  parser::PositionRange input_pos;
  parser::PositionRange param_pos;
};

/// @param param  k, φ or the ratio; null for operators without.
VectorOperatorPtr make_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                                 ScalarOperatorPtr param);

// By file.
VectorOperatorPtr make_simple_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                        VectorOperatorPtr input);
VectorOperatorPtr make_quantile_aggregate(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                          VectorOperatorPtr input, ScalarOperatorPtr param);
VectorOperatorPtr make_topk(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                            ScalarOperatorPtr param);
VectorOperatorPtr make_limit(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                             ScalarOperatorPtr param);
VectorOperatorPtr make_count_values(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                    VectorOperatorPtr input);

/// Numbers the groups in order of first appearance.
class GroupTable {
 public:
  /// @param arena  has its table, and outlives it; nullptr: the heap.
  explicit GroupTable(Grouping grouping, Arena* arena = nullptr)
      : grouping_(std::move(grouping)), labels_(arena), groups_(arena) {}
  std::size_t find(const model::Labels& labels);
  std::size_t size() const { return labels_.size(); }
  const model::Labels& labels(std::size_t group) const { return labels_[group]; }
  /// For whoever has found all groups: from then on nothing is found.
  model::Labels take_labels(std::size_t group) { return std::move(labels_[group]); }

 private:
  struct Key {
    std::string_view text;
    std::uint64_t hash = 0;
    bool operator==(const Key& other) const { return hash == other.hash && text == other.text; }
  };
  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(const Key& key) const { return key.hash; }
  };
  Grouping grouping_;
  std::deque<model::Labels, ArenaAllocator<model::Labels>> labels_;  // stay where they are
  boost::unordered_flat_map<Key, std::size_t, Hash, std::equal_to<>, ArenaAllocator<std::pair<const Key, std::size_t>>>
      groups_;
  std::string key_;
};

/// Per group and step a T, for the steps that the group reaches. Short-lived groups stay small.
template <typename T>
class GroupSteps {
 public:
  explicit GroupSteps(Arena* arena = nullptr) : items_(arena) {}
  /// Makes room for [begin, end); what is new is T().
  void cover(std::size_t begin, std::size_t end) {
    if (items_.empty()) {
      begin_ = begin;
      items_.resize(end - begin, T());
      return;
    }
    if (end > this->end()) items_.resize(end - begin_, T());
    if (begin < begin_) {
      items_.insert(items_.begin(), begin_ - begin, T());
      begin_ = begin;
    }
  }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return begin_ + items_.size(); }
  std::size_t size() const { return items_.size(); }
  T& operator[](std::size_t step) { return items_[step - begin_]; }
  const T& operator[](std::size_t step) const { return items_[step - begin_]; }

 private:
  ArenaVector<T> items_;
  std::size_t begin_ = 0;
};

/// With delayed name removal a group loses its name if a sample of its last step does.
class GroupName {
 public:
  void add(const Column& column) {
    if (column.end > last_) {
      last_ = column.end;
      drop_ = column.drop_name;
    } else if (column.end == last_) {
      drop_ = drop_ || column.drop_name;
    }
  }
  bool drop() const { return drop_; }

 private:
  std::size_t last_ = 0;
  bool drop_ = false;
};

/// The parameter at all steps, with what the checks of Prometheus ask of it.
struct AggregateParam {
  std::vector<double> values;
  double min = 0, max = 0;
  bool any_nan = false;

  static AggregateParam of(std::vector<double> values);
};

/// Reads the input of an aggregation that wants none of it (topk of 0): it may fail, and has its annotations.
/// @return false, the answer of a next() without a series
Result<bool> exhaust(VectorOperator& input, Column& column);

}  // namespace tocsin::promql
