#pragma once
// What a query costs in samples, as Prometheus counts it: how many it looks at, how many it reads, and how many it
// holds at most, which --query.max-samples limits. Prometheus keeps the result of each part of a query until the part
// around it is done. We do not, so its figures are worked out afterwards from the sizes of results, which are counted
// as series flow by. A histogram counts as its bytes do, in samples of 16. Source: Prometheus promql/engine.go
// (currentSamples), promql/value.go (HPoint.size), util/stats/query_stats.go.

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "model/histogram.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {

/// A histogram in samples. Source: Prometheus model/histogram/float_histogram.go, Size.
std::uint64_t sample_size(const model::FloatHistogram& histogram);

/// Which steps of a grid count as read: of a subquery's, those that lie in a window of the query around it. nullptr:
/// all.
using ReadSteps = std::shared_ptr<const std::vector<std::uint8_t>>;

/// Of a step: looked at and read.
struct SampleCounts {
  std::uint64_t total = 0, read = 0;
};

/// The samples of a column.
std::uint64_t samples_in(const Column& column);

/// One part of a query. Thread: one.
class SampleAccount {
 public:
  enum class Kind : std::uint8_t {
    kSelector,    // reads what its result is
    kUncounted,   // has a result that Prometheus does not count
    kSteps,       // evaluates its children, then goes through the steps
    kTimestamps,  // of a selector's samples
    kAggregate,   // evaluates its children, then all steps
    kRangeCall,   // series by series, from a selector or a subquery
    kMatrix,      // a range selector that is the whole query
    kOnce,        // the result of its child's only step at all steps
    kSame,        // the result of its child: parentheses, signs, labels that are replaced
    kSubquery,    // likewise, on a grid of its own
  };
  /// @param per_step  whether samples are also counted for each step.
  SampleAccount(Kind kind, std::size_t steps, ReadSteps read_steps, bool per_step)
      : kind_(kind), steps_(steps), read_steps_(std::move(read_steps)), per_step_(per_step) {}
  SampleAccount(const SampleAccount&) = delete;
  SampleAccount& operator=(const SampleAccount&) = delete;

  /// Of a kSubquery: where its steps are among those of the part around it.
  void place_within(const Grid& own, const Grid& outer, std::int64_t offset_ms);
  void add_child(SampleAccount& child) { children_.push_back(&child); }
  /// This part was not evaluated: it is equal to another one, whose result it took.
  void take_from(const SampleAccount& equal) { equal_ = &equal; }

  /// A series of the result.
  void add(const Column& column);
  /// A scalar: one sample at each step.
  void add_all_steps();
  /// Samples of the result of a kMatrix.
  void add_samples(std::uint64_t samples) { samples_ += samples; }
  std::size_t steps() const { return steps_; }
  /// Samples of the result so far.
  std::uint64_t samples() const { return samples_; }

  /// Windows of one series of a kRangeCall, and the size of its result.
  struct WindowCounts {
    std::uint64_t total = 0;          // of all windows
    std::uint64_t fresh = 0;          // that were in no window before
    std::uint64_t largest = 0;        // window
    std::uint64_t last = 0;           // window
    std::vector<SampleCounts> steps;  // if they are counted for each
  };
  /// @param histograms  the series' histograms and their windows, or nothing.
  /// @param fixed       all steps have the same window, which is read once.
  WindowCounts count(const Windows& floats, const Windows* histogram_windows,
                     std::span<const model::HistogramPtr> histograms, bool fixed) const;
  /// @param overlap  share of a window that the one before had as well.
  WindowCounts count(std::span<const WindowDigest> digests, double overlap) const;
  void add_series(const WindowCounts& windows, std::uint64_t result);
  /// At most that the call held so far beside what was there before it.
  std::uint64_t held() const { return held_; }

 private:
  friend class SampleWalk;

  void note(WindowCounts& out, std::size_t step, std::uint64_t fresh) const;
  bool reads(std::size_t step) const { return !read_steps_ || (*read_steps_)[step] != 0; }

  const Kind kind_;
  const std::size_t steps_;
  const ReadSteps read_steps_;
  const bool per_step_;
  std::vector<SampleAccount*> children_;
  const SampleAccount* equal_ = nullptr;

  std::uint64_t samples_ = 0;
  std::vector<std::int64_t> starts_;  // samples that begin at a step, less those that ended before it
  std::vector<std::uint64_t> extra_;  // at each step, what histograms weigh more than a sample; empty: none
  // Of a kRangeCall:
  std::uint64_t total_ = 0, fresh_ = 0, series_results_ = 0, held_ = 0;
  std::vector<SampleCounts> by_step_;
  // Of a kSubquery:
  Grid own_grid_, outer_grid_;
  std::int64_t offset_ms_ = 0;
};

struct SampleTally {
  std::uint64_t total = 0, read = 0, peak = 0;
  std::vector<SampleCounts> steps;  // of the query, if they are counted for each
};

/// The accounts of a query. The first that is opened is the query's.
class SampleAccounts {
 public:
  explicit SampleAccounts(bool per_step) : per_step_(per_step) {}
  SampleAccount& open(SampleAccount::Kind kind, std::size_t steps, ReadSteps read_steps) {
    return accounts_.emplace_back(kind, steps, std::move(read_steps), per_step_);
  }
  SampleTally tally() const;

 private:
  const bool per_step_;
  std::deque<SampleAccount> accounts_;
};

/// Counts what `own` hands out. @return kLimit from next() as soon as the result alone is too large.
VectorOperatorPtr make_counted(QueryContext& context, SampleAccount& account, VectorOperatorPtr own);

/// The steps of a subquery's grid that are read for those of the grid around it.
ReadSteps read_steps_within(const Grid& inner, const Grid& outer, const ReadSteps& outer_steps, std::int64_t offset_ms,
                            std::int64_t range_ms, bool fixed);
/// The only step of a part that is evaluated once.
ReadSteps read_steps_once(const ReadSteps& outer_steps);

}  // namespace tocsin::promql
