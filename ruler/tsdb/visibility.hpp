#pragma once
// Who sees what. Commits are numbered; a snapshot sees those up to its own number, each as a whole or not at all,
// without a mark on each sample and without stopping anybody.
//
// Each appender has a slot with a watermark: the time up to which everything it wrote is committed. A series knows the
// slot that writes it, so a sample at t is seen by a snapshot if t <= its copy of that slot's watermark. That is all
// for a target that is scraped: its times grow.
//
// What a watermark cannot tell goes the slow way (SeriesExtra::tracks_commits): a sample whose time is not above its
// slot's watermark, or is above what the commit will raise it to (explicit timestamps, the same time twice), and a
// series that another slot wrote while snapshots are about which do not know the new one. Such a series lists from
// which time on its samples belong to which commit; tidy() ends that when nobody can tell the difference.
//
// Invariants
//   1. Once a slot's watermark is T, no sample at or below T is added to a series of that slot without tracking.
//   2. Samples of one series are committed in order of time, so what a snapshot sees of it is all up to some time.
//   3. Watermarks and the number of the last commit change together, under the lock that a snapshot copies them with.

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "base/thread_annotations.hpp"
#include "base/time.hpp"
#include "tsdb/hot_series.hpp"
#include "tsdb/series_page.hpp"

namespace tocsin::tsdb {

class Visibility;

/// What a querier sees. Thread: any; immutable.
class Snapshot {
 public:
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  std::uint64_t commit() const { return commit_; }
  Timestamp watermark(std::uint16_t slot) const {
    return slot < watermarks_.size() ? watermarks_[slot] : kMinTimestamp;
  }
  /// Samples of the series are seen up to here, included. `extra` may be null.
  Timestamp limit(const HotSeries& series, const SeriesExtra* extra) const;

 private:
  friend class Visibility;
  explicit Snapshot(Visibility& visibility) : visibility_(visibility) {}

  Visibility& visibility_;
  std::uint64_t commit_ = 0;
  std::vector<Timestamp> watermarks_;
  std::list<const Snapshot*>::iterator self_;
};

/// Thread: any, but begin() .. publish() and tidy() are for the holder of the commit lock.
class Visibility {
 public:
  Visibility();

  /// A slot for a new appender, or kNoSlot if all are taken (its commits then go the slow way).
  std::uint16_t take_slot();
  void release_slot(std::uint16_t slot);

  std::unique_ptr<Snapshot> snapshot();
  /// Commits up to this one are seen by every snapshot, now and later.
  std::uint64_t seen_by_all() const {
    const MutexLock lock(mutex_);
    return snapshots_.empty() ? commit_ : std::min(commit_, snapshots_.front()->commit());
  }
  /// How many there are.
  std::size_t snapshots() const {
    const MutexLock lock(mutex_);
    return snapshots_.size();
  }

  /// One commit as the series see it.
  struct Commit {
    std::uint64_t number = 0;
    std::uint16_t slot = kNoSlot;
    Timestamp above = 0;  // samples above this
    Timestamp up_to = 0;  // and up to this need no tracking
    /// Up to where all snapshots see this slot, and the owner that was asked for last.
    Timestamp seen_by_all = kMaxTimestamp;
    std::uint16_t owner = kNoSlot;
    Timestamp owner_seen_by_all = kMinTimestamp;
  };
  /// @param time  of most samples of the batch.
  /// @param takes_over  whether it writes series of other slots: then the watermark is raised to just below `time`
  /// (which
  ///        hides and shows nothing), so that those can pass to this slot if no snapshot minds.
  Commit begin(std::uint16_t slot, Timestamp time, bool takes_over);
  /// Says that a sample at t is about to be added to the series; `page` is locked.
  /// @return whether the series is tracked from now on and was not before.
  bool note(Commit& commit, SeriesPage& page, unsigned index, Timestamp t) TOCSIN_REQUIRES(page.mutex);
  /// Makes it seen, as a whole.
  void publish(const Commit& commit);

  /// What every snapshot, now and later, sees; for tidy().
  struct Floor {
    std::uint64_t commit = 0;
    std::vector<Timestamp> watermarks;
  };
  Floor floor() const;
  /// Ends the tracking of a series if nobody can tell, else forgets what nobody asks for; `page` is locked.
  /// @return whether it is tracked still.
  static bool tidy(const Floor& floor, SeriesPage& page, unsigned index) TOCSIN_REQUIRES(page.mutex);

  /// The owner of series that were replayed at start: seen by all.
  static constexpr std::uint16_t kHistorySlot = 0;

 private:
  friend class Snapshot;
  Timestamp seen_by_all(std::uint16_t slot) const;

  mutable Mutex mutex_;
  std::vector<Timestamp> watermarks_ TOCSIN_GUARDED_BY(mutex_);
  std::vector<std::uint16_t> free_slots_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t commit_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::list<const Snapshot*> snapshots_ TOCSIN_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace tocsin::tsdb
