#pragma once
// storage::SeriesFeed of a Db: of the head, and of the blocks that it is cut into.
//
// A call takes, under the commit lock, a snapshot, the blocks that go with it, and what was left in the feed's box: so
// a batch is whole commits. It reads the series that changed, from where it read last. New series are found by their
// numbers, which count up.
//
// The head gives a series up when blocks have all of it. Nothing changed for a querier then, and so nothing is told:
// the series *departed*. It is known by its labels from there on: if it is made again it goes on under the same id, and
// it is told to be gone when no block can have a sample of it any more.

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "storage/storage.hpp"
#include "tsdb/block_set.hpp"
#include "tsdb/feed_hub.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

class HeadFeed final : public storage::SeriesFeed {
 public:
  /// Both must outlive it.
  HeadFeed(Head& head, const BlockFolder& blocks, std::span<const model::Matcher> matchers);
  ~HeadFeed() override;
  HeadFeed(const HeadFeed&) = delete;
  HeadFeed& operator=(const HeadFeed&) = delete;

  Result<storage::FeedBatch> since(std::uint64_t sequence) override;

 private:
  using Slot = std::uint32_t;
  struct Series {
    std::uint64_t id = 0;            // the feed's; 0: the slot is free
    SeriesId head = kNoId;           // kNoId: it departed
    bool came = false;               // it has samples, and that was told
    Timestamp told = kMinTimestamp;  // samples in order up to here were told
    // Of one that departed:
    Timestamp until = kMinTimestamp;        // all of its samples are older
    const model::Labels* labels = nullptr;  // a key of departed_
  };
  /// In order of `until`. Series that came back since, or went, are among them.
  struct Departed {
    Timestamp until = kMinTimestamp;
    Slot slot = 0;
    std::uint64_t id = 0;
  };
  /// What one call looks at, of one moment.
  struct Moment {
    std::unique_ptr<ReadView> view;
    BlockSetPtr blocks;
    FeedBox box;
    std::vector<Slot> fresh;  // in the head since the last call; those that had departed before among them
    bool missed = false;      // a series was made and given up since the last call: it was never looked at
    Timestamp floor() const { return *view->floor; }
  };
  using BySlot = std::unordered_map<Slot, storage::SampleColumns>;
  using ByLabels = std::unordered_map<model::Labels, Slot, model::LabelsHash>;
  using Ranges = std::vector<FeedBox::Range>;

  void start_over();
  Result<void> next(storage::FeedBatch& batch);
  /// Series with numbers from next_ up to `end` that match. @return false if one of them is gone already.
  bool match_new(SeriesId end, Ids& found);
  Moment look();
  /// The slot of a series that is in the head and was not: a new one, or that which it departed from.
  Slot enter(SeriesId id, SeriesPage& page) TOCSIN_REQUIRES(head_.commit_mutex);
  Slot take_slot();
  void depart(Slot slot, const model::Labels& labels, Timestamp until);
  void free_slot(Slot slot);

  /// The first batch: every series of the head and of blocks.
  Result<void> tell_all(const Moment& now, storage::FeedBatch& batch);
  Result<void> tell_changes(Moment& now, storage::FeedBatch& batch);
  /// What the blocks that came since the last call have of the series that are not told up to the floor.
  Result<BySlot> read_blocks(const Moment& now, const std::vector<Slot>& slots);
  Result<void> tell_series(SeriesReader& reader, Slot slot, BySlot& in_blocks, storage::FeedBatch& batch);
  /// Late samples of a series that is back, from before it was looked at again.
  Result<void> tell_late(SeriesReader& reader, const Moment& now, Slot slot, Ranges& rewritten);
  void tell_gone(const BlockSet& blocks, storage::FeedBatch& batch);
  model::Labels labels_of(Slot slot) const;

  Head& head_;
  const BlockFolder& blocks_;
  const std::vector<model::Matcher> matchers_;
  std::uint64_t sequence_ = 0;  // of the last batch
  std::uint64_t last_id_ = 0;
  SeriesId next_ = 0;  // series from here on were not looked at

  // As of the last call.
  Timestamp seen_max_ = kMinTimestamp, seen_floor_ = kMinTimestamp;
  std::int64_t seen_window_ms_ = 0;
  std::vector<block::Ulid> seen_blocks_;  // in order

  std::vector<Series> series_;  // by slot
  std::vector<Slot> free_slots_;
  ByLabels departed_;
  std::deque<Departed> leaving_;
  storage::SampleColumns scratch_;
  FeedBox box_ TOCSIN_GUARDED_BY(head_.commit_mutex);
};

}  // namespace tocsin::tsdb
