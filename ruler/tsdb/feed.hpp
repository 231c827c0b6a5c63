#pragma once
// storage::SeriesFeed of the head.
//
// A call takes, under the commit lock, a snapshot and what was left in its box: so a batch is whole commits. It reads
// the series that changed, from where it read last. New series are found by their numbers, which count up.

#include <cstdint>
#include <vector>

#include "storage/storage.hpp"
#include "tsdb/feed_hub.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

class HeadFeed final : public storage::SeriesFeed {
 public:
  HeadFeed(Head& head, std::span<const model::Matcher> matchers)
      : head_(head), matchers_(matchers.begin(), matchers.end()) {}
  ~HeadFeed() override;
  HeadFeed(const HeadFeed&) = delete;
  HeadFeed& operator=(const HeadFeed&) = delete;

  Result<storage::FeedBatch> since(std::uint64_t sequence) override;

 private:
  struct Series {
    SeriesId id = kNoId;             // kNoId: the slot is free
    Timestamp told = kMinTimestamp;  // samples in order up to here were told
    bool came = false;               // it has samples, and that was told
  };
  void start_over();
  /// Series with numbers from next_ up to `end` that match.
  void match_new(SeriesId end, Ids& found);
  std::uint32_t take_slot(SeriesId id);
  void tell_gone(const std::vector<std::uint32_t>& gone, storage::FeedBatch& batch);
  Result<void> tell_series(SeriesReader& reader, std::uint32_t slot, bool with_samples, storage::FeedBatch& batch);

  Head& head_;
  const std::vector<model::Matcher> matchers_;
  std::uint64_t sequence_ = 0;                                       // of the last batch
  Timestamp seen_max_ = kMinTimestamp, seen_floor_ = kMinTimestamp;  // of the head, then
  SeriesId next_ = 0;                                                // series from here on were not looked at
  std::vector<Series> series_;                                       // by slot
  std::vector<std::uint32_t> free_slots_;
  FeedBox box_ TOCSIN_GUARDED_BY(head_.commit_mutex);
};

}  // namespace tocsin::tsdb
