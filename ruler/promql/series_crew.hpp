#pragma once
// The series of one selection, each worked on for itself: by the query's own thread, and by helpers while there are
// idle ones. What is found comes in the order of the selection, whoever found it, and all that is not of one series
// alone (limits, annotations, accounts, sums) happens on the query's thread in that order: answers, errors and
// statistics are the same, to the bit, with any number of helpers.
//
// How: a selection with a certain amount of work (EngineOptions::help_from) asks for helpers. Each worker has a
// selection of its own of the query's snapshot, walks through all of its series, and works on runs of some that nobody
// took yet. A bounded number of runs is under way or waits for its turn. The query's thread takes the run whose turn it
// is, works on one itself if that is not there yet and there is one to take, else waits.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "promql/column.hpp"
#include "promql/context.hpp"
#include "promql/sample_account.hpp"

namespace tocsin::promql {

/// What became of a series for another part of the query, which wants the same samples (RangeCallGroup).
struct OtherResult {
  Column column;         // with labels, if there is `any` sample
  bool any = false;      // in the column
  bool is_void = false;  // it is not known: that part finds out for itself
  SampleAccount::WindowCounts windows;
};

/// What became of one series.
struct SeriesResult {
  Column column;     // with labels, if there is `any` sample
  bool any = false;  // in the column
  SampleAccount::WindowCounts windows;
  std::vector<OtherResult> others;  // as many as the worker was told of, in that order
  // Set by the crew:
  std::unique_ptr<Annotations> notes;   // nullptr: none
  std::size_t held_most = 0, held = 0;  // samples of the budget: at most meanwhile, and at the end
  std::uint64_t decoded = 0;            // samples that the store handed out
};

/// Thread: one at a time; workers of one crew side by side. Destroyed before its context and the query's snapshot.
class SeriesWorker {
 public:
  SeriesWorker() = default;
  SeriesWorker(const SeriesWorker&) = delete;
  SeriesWorker& operator=(const SeriesWorker&) = delete;
  virtual ~SeriesWorker() = default;
  /// Selects, if that costs something. Thread: the query's, since queriers have one user at a time.
  virtual void open() = 0;
  /// To the next series of the selection; false at the end.
  virtual Result<bool> advance() = 0;
  /// Of the series at hand: the same for all workers.
  virtual std::uint64_t id() const = 0;
  /// Replaces `out`, of which arrays may be used again.
  virtual Result<void> work(SeriesResult& out) = 0;
};
/// @param context  the worker's own.
using MakeSeriesWorker = std::function<std::unique_ptr<SeriesWorker>(QueryContext& context)>;

/// Thread: the query's. Its destructor waits until no helper is at work, which they are told.
class SeriesCrew {
 public:
  /// @param steps      that a series has.
  /// @param splitting  whether `make` makes any number of workers; else it is called once, and nobody helps.
  SeriesCrew(QueryContext& context, std::size_t steps, bool splitting, MakeSeriesWorker make);
  ~SeriesCrew();
  SeriesCrew(const SeriesCrew&) = delete;
  SeriesCrew& operator=(const SeriesCrew&) = delete;

  /// Replaces `out` by the next series, also one without a sample; false at the end. Its samples count against the
  /// query's budget until the next call.
  Result<bool> next(SeriesResult& out);

 private:
  class Member;
  class Board;
  struct Run;
  struct Leaving;

  Result<bool> next_alone(SeriesResult& out);
  Result<bool> next_of_run(SeriesResult& out);
  Result<void> take_run();
  /// The query's own worker walks along, to see that the selections are the same: what the retention takes may be
  /// missing from one that is made later. Then the query is evaluated again (QueryContext::is_unstable()).
  Result<void> follow(const Run& run);
  void form_crew();
  void ask_for_help();
  Result<void> settle(SeriesResult& result);

  QueryContext& context_;
  const std::size_t steps_;
  const MakeSeriesWorker make_;
  HeldSamples held_;
  std::unique_ptr<Member> own_;
  Helpers* helpers_;        // nullptr: nobody helps
  std::uint64_t work_ = 0;  // done alone
  std::size_t series_ = 0;  // likewise
  std::shared_ptr<Board> board_;
  std::unique_ptr<Run> run_;  // whose turn it is
  std::size_t at_in_run_ = 0;
};

}  // namespace tocsin::promql
