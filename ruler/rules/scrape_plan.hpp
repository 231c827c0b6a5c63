#pragma once
// When a group that is evaluated on_scrape is to be evaluated next, because of scrapes or because a `for` is over.
//
//   scrape ---- query offset ---- debounce ---> evaluation ---- least distance ---> evaluation ...
//
// 1. Each scrape is followed by an evaluation that sees it. Scrapes within the debounce time share one; it is counted
//    from the first of them, so that a stream of scrapes holds nothing up.
// 2. From the begin of any evaluation to that of one from here at least the distance passes; and kShare times as long
// as
//    the evaluation took, so that no group takes more than that share of a worker.

#include <deque>
#include <optional>

#include "base/time.hpp"

namespace tocsin::rules {

/// Thread: one. Times are monotonic.
class ScrapePlan {
 public:
  /// Targets of one slot answer within some milliseconds.
  static constexpr Duration kDebounce = std::chrono::milliseconds(2);
  static constexpr int kShare = 5;

  /// A scrape was stored at `now`; the group's queries see it `offset` later.
  void scraped(MonoTime now, Duration offset);
  /// A state ends by itself at `when`; nothing: none does.
  void ends_at(std::optional<MonoTime> when) { end_ = when; }

  /// When to evaluate; nothing if there is no reason.
  std::optional<MonoTime> next() const;
  /// An evaluation from here begins: the reasons so far are dealt with.
  void take(MonoTime now);
  /// An evaluation, from here or not, began at `began` and worked for `took`.
  void evaluated(MonoTime began, Duration took, Duration distance);
  void clear();

 private:
  /// With an offset, scrapes wait for their time; so many at most, each for those of a short while.
  static constexpr int kMaxWaiting = 1000;

  std::deque<MonoTime> due_;  // ascending
  std::optional<MonoTime> end_;
  std::optional<MonoTime> earliest_;
};

}  // namespace tocsin::rules
