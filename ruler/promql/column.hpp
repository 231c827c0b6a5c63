#pragma once
// The values of one series at all steps of a grid: what flows between the operators of a plan.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::promql {

/// A working column, as wide as the grid; its arrays are reused from series to series, unless who keeps the series
/// takes them (reset() makes new ones). They are the query's (QueryContext::arena()), or the heap's.
/// Invariants: present[i] says whether there is a sample at step i, for begin <= i < end; nothing is present outside.
/// If `dense`, everything in [begin, end) is present. `histograms` is empty unless the column has one; then
/// histograms[i] is set where the sample is a histogram (and values[i] means nothing).
struct Column {
  Column() = default;
  explicit Column(Arena* arena) : values(arena), present(arena) {}

  model::Labels labels;
  bool drop_name = false;  // delayed name removal: the name goes at the very end
  bool dense = false;
  std::size_t begin = 0, end = 0;
  ArenaVector<double> values;
  ArenaVector<std::uint8_t> present;
  std::vector<model::HistogramPtr> histograms;

  /// Sizes the arrays for `steps` with nothing present: producers then set present[i] and values[i] and call finish().
  void reset(std::size_t steps);
  /// Finds begin, end and dense from present[]. False if nothing is present.
  bool finish();
  /// As finish() after samples within [begin, end) were taken away.
  bool trim();
  void set(std::size_t i, double value) {
    values[i] = value;
    present[i] = 1;
  }
  void set_histogram(std::size_t i, model::HistogramPtr histogram);
  bool has(std::size_t i) const { return i >= begin && i < end && present[i] != 0; }
  bool is_histogram(std::size_t i) const { return !histograms.empty() && histograms[i] != nullptr; }
  bool has_histograms() const { return !histograms.empty(); }
  std::size_t steps() const { return present.size(); }
  /// Whether who keeps the values takes the arrays in place of a copy: all steps are used, and they are so many that a
  /// new array for the next series costs less.
  bool is_worth_taking() const { return span() == values.size() && span() >= kWorthTaking; }
  static constexpr std::size_t kWorthTaking = 64;
  std::size_t span() const { return end - begin; }

  friend void swap(Column& a, Column& b) noexcept {
    std::swap(a.labels, b.labels);
    std::swap(a.drop_name, b.drop_name);
    std::swap(a.dense, b.dense);
    std::swap(a.begin, b.begin);
    std::swap(a.end, b.end);
    a.values.swap(b.values);
    a.present.swap(b.present);
    a.histograms.swap(b.histograms);
  }
};

/// A column that is kept: only [begin, begin + size) is stored, so that short-lived series stay small.
/// @param arena  has its arrays, and outlives it; nullptr: the heap.
class StoredColumn {
 public:
  StoredColumn() = default;
  explicit StoredColumn(const Column& column, Arena* arena = nullptr);
  /// Takes the labels, and arrays of which all is used, wherever they lie.
  explicit StoredColumn(Column&& column, Arena* arena = nullptr);

  const model::Labels& labels() const { return labels_; }
  bool drop_name() const { return drop_name_; }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return begin_ + values_.size(); }
  std::size_t span() const { return values_.size(); }
  bool has(std::size_t i) const { return i >= begin_ && i < end() && (present_.empty() || present_[i - begin_] != 0); }
  double value(std::size_t i) const { return values_[i - begin_]; }
  model::HistogramPtr histogram(std::size_t i) const { return histograms_.empty() ? nullptr : histograms_[i - begin_]; }
  bool has_histograms() const { return !histograms_.empty(); }
  /// The values of [begin, end) if all are present and floats, else nullptr.
  const double* dense_values() const { return present_.empty() && histograms_.empty() ? values_.data() : nullptr; }
  /// Widens to `steps` again.
  void expand(std::size_t steps, Column& out) const;

 private:
  void keep_histograms(const Column& column);

  model::Labels labels_;
  bool drop_name_ = false;
  std::size_t begin_ = 0;
  ArenaVector<double> values_;
  ArenaVector<std::uint8_t> present_;  // empty: all
  std::vector<model::HistogramPtr> histograms_;
};

}  // namespace tocsin::promql
