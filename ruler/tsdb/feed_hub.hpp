#pragma once
// Where commits leave word for feeds: which of their series got samples, were rewritten, or went. A commit pays a bit
// test a sample, and more only for series that a feed looks at.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/labels.hpp"
#include "storage/storage.hpp"
#include "tsdb/series_page.hpp"

namespace tocsin::tsdb {

/// What is left for one feed. Its series are known here by slots, which the feed gives.
struct FeedBox {
  using Range = storage::FeedBatch::Range;
  std::vector<std::uint32_t> changed;  // slots, each once
  std::vector<bool> is_changed;        // by slot
  struct Gone {
    std::uint32_t slot;
    model::Labels labels;
  };
  std::vector<Gone> gone;  // from the head; their slots may be given again when this was taken
  std::vector<Range> rewritten;
  bool overflown = false;  // there were too many ranges to keep
};

/// Thread: the holder of the commit lock. Boxes are the feeds'.
class FeedHub {
 public:
  /// Ranges of one box, once those that meet are joined.
  static constexpr std::size_t kMaxRanges = 1024;

  /// A box is attached while it is there.
  void attach(FeedBox& box) { boxes_.push_back(&box); }
  void detach(FeedBox& box) { std::erase(boxes_, &box); }
  void watch(SeriesId id, SeriesPage& page, FeedBox& box, std::uint32_t slot);
  /// @param page  of the series, or null if it went.
  void forget(SeriesId id, SeriesPage* page, const FeedBox& box);

  // For series whose bit in SeriesPage::watched is set.
  void changed(SeriesId id);
  void rewrote(SeriesId id, Timestamp start, Timestamp end);
  void went(SeriesId id, const model::Labels& labels);

  /// Of series that are not in the head, maybe: every feed is told.
  void rewrote_all(Timestamp start, Timestamp end);

 private:
  struct Watcher {
    FeedBox* box;
    std::uint32_t slot;
  };
  static void add_range(FeedBox& box, Timestamp start, Timestamp end);

  std::unordered_map<SeriesId, std::vector<Watcher>> watchers_;
  std::vector<FeedBox*> boxes_;
};

/// Puts ranges in order and joins those that meet.
void join_ranges(std::vector<storage::FeedBatch::Range>& ranges);

}  // namespace tocsin::tsdb
