#pragma once
// Several functions of one range selector: max_over_time(x[5m]) - min_over_time(x[5m]) reads x once.
//
// The first call that is asked for a series reads, and evaluates the functions of the others on the samples at hand.
// What they would say is kept until they are asked. They read for themselves after all if they are asked before the
// first one is done, if there is too much to keep, or if a function has something to say: annotations and errors come
// where the tree has them.

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "promql/column.hpp"
#include "promql/context.hpp"
#include "promql/sample_account.hpp"
#include "promql/series_crew.hpp"

namespace tocsin::promql {

/// What another call found out for one. Thread: the query's; a worker may look at `wanted` meanwhile.
class KeptResults {
 public:
  /// @param wanted  is set to false when nobody will ask for them.
  KeptResults(QueryContext& context, std::shared_ptr<std::atomic<bool>> wanted)
      : context_(context), held_(context), wanted_(std::move(wanted)) {}
  KeptResults(const KeptResults&) = delete;
  KeptResults& operator=(const KeptResults&) = delete;
  ~KeptResults() { wanted_->store(false, std::memory_order_relaxed); }

  /// Takes the result of the next series. False if there is too much to keep, or if it is void.
  bool add(OtherResult& result);
  void complete() { complete_ = true; }
  bool is_complete() const { return complete_; }
  /// Replaces `out`, a column of `steps` if there is any sample, by what was added first; false at the end.
  bool next(std::size_t steps, SeriesResult& out);

 private:
  /// What a series weighs beside its samples, in samples, and how many are kept: less than a query may hold by far.
  static constexpr std::size_t kSeriesWeight = 32, kMostWeight = 1'000'000;
  struct Kept {
    StoredColumn column;
    bool any = false;
    SampleAccount::WindowCounts windows;
  };
  QueryContext& context_;
  HeldSamples held_;
  std::shared_ptr<std::atomic<bool>> wanted_;
  std::deque<Kept> results_;
  std::size_t weight_ = 0;
  bool complete_ = false;
};

class RangeCall;

/// The calls of one selector. Thread: the query's.
struct RangeCallGroup {
  std::vector<RangeCall*> unasked;                      // that others may read for
  std::unordered_map<std::string, RangeCall*> by_text;  // the first of equal ones: these share its result anyway
};

/// Where a call belongs.
struct RangeCallPlace {
  std::shared_ptr<RangeCallGroup> group;  // nullptr: it stands alone
  std::string text;                       // of the call, and what its result depends on beside
};

}  // namespace tocsin::promql
