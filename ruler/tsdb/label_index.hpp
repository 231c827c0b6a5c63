#pragma once
// Who the series are: label pairs interned and numbered, postings of each pair, and the way from labels to a series.
//
//   name ──┐                        pair (name, value text, postings) ── ids of series
//          ├─ pair id ◀── series: pair ids in order of names
//   value ─┘
// Numbers of pairs and series count up and are not used again while the process lives, so postings are ascending by
// construction, and a reader with a pin (reclaimer.hpp) never sees a number change its meaning.

#include <atomic>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "tsdb/id_table.hpp"
#include "tsdb/page_directory.hpp"
#include "tsdb/postings.hpp"
#include "tsdb/reclaimer.hpp"
#include "tsdb/series_page.hpp"
#include "tsdb/shared_mutex.hpp"
#include "tsdb/text_arena.hpp"

namespace tocsin::tsdb {

using PairId = std::uint32_t;
inline constexpr std::uint32_t kNoId = 0xffffffffU;

/// A text that stands behind its length: with it, and without it.
std::string_view encoded_at(const char* at);
std::string_view text_at(const char* at);

struct NameEntry {
  std::string encoded;        // the name behind its length
  std::vector<PairId> pairs;  // of this name, in order of creation
  std::string_view text() const;
};

struct PairRecord {
  const NameEntry* name = nullptr;          // nullptr: no such pair
  std::atomic<const char*> text = nullptr;  // the value behind its length
  Postings postings;
  std::string_view value() const;
};

inline constexpr unsigned kPairPageBits = 8;
struct PairPage {
  PairRecord records[1U << kPairPageBits];
  std::bitset<1U << kPairPageBits> logged;   // the text is in the log; commit lock
  std::bitset<1U << kPairPageBits> indexed;  // the text is in the index file; the keeper's
  std::bitset<1U << kPairPageBits> live;     // lock of the index
};

/// A series as the index file or the log names it.
struct SeriesDefinition {
  SeriesId id = 0;
  std::span<const PairId> pairs;
};

/// Thread: any, as said at each function. The lock is taken inside. It must outlive all pins of its reclaimer.
class LabelIndex {
 public:
  explicit LabelIndex(Reclaimer& reclaimer) : reclaimer_(reclaimer) {}

  /// The series with these labels, or kNoId.
  SeriesId find(const model::Labels& labels) const;

  struct Created {
    SeriesId id = kNoId;  // kNoId: the limit is reached, or the numbers are used up
    bool created = false;
  };
  /// @param limit  greatest number of live series, 0 for none.
  /// @param job_limit  of those with the `job` of the labels.
  Created find_or_create(const model::Labels& labels, std::size_t limit, std::size_t job_limit = 0);
  /// How many series have the label.
  std::size_t series_with(std::string_view name, std::string_view value) const;

  /// The page of a series that is live, or nullptr. The page stays while the caller has a pin that is older than the
  /// call.
  SeriesPage* page_of(SeriesId id) const {
    SeriesPage* const page = series_.find(id);
    return page && page->is_live(index_in_page(id)) ? page : nullptr;
  }
  /// The page of a number, live or not, or nullptr.
  SeriesPage* page(std::uint32_t number) const { return series_.page(number); }
  std::uint32_t page_count() const { return (next_series() + kSeriesPage - 1) >> kSeriesPageBits; }
  SeriesId next_series() const { return next_series_.load(std::memory_order_acquire); }
  PairId next_pair() const { return next_pair_.load(std::memory_order_acquire); }
  std::size_t live() const { return live_.load(std::memory_order_relaxed); }

  /// Labels of a series; its page is in hand (pinned).
  model::Labels labels(const SeriesPage& page, unsigned index) const;
  /// A pair by its number; the caller has a pin and got the number from a series or a selection.
  const PairRecord& pair(PairId id) const { return pairs_.find(id)->records[id & kPairMask]; }
  PairPage& pair_page(PairId id) const { return *pairs_.find(id); }

  /// Ascending ids of the series that match; dead ones may be among them. The caller has a pin.
  Ids select(std::span<const model::Matcher> matchers) const;

  /// Calls `each` with the name and a copy of the pair ids of each name. The caller has a pin.
  void for_each_name(const std::function<void(std::string_view name, const std::vector<PairId>& pairs)>& each) const;
  /// Pairs of a name. The caller has a pin.
  std::vector<PairId> pairs_of(std::string_view name) const;
  /// A copy of the postings of a pair, at most `limit` of them.
  Ids postings_of(PairId id, std::size_t limit) const;
  std::size_t postings_size(PairId id) const;

  /// Puts back what the index file and the log say, in their order. A text that has a number already which no series
  /// uses gets the new one. Thread: at start, alone.
  void restore_pair(PairId id, std::string_view name, std::string_view value);
  /// @return for each whether it was taken: not if a pair is not known, or the number was used, or the labels are those
  /// of another series.
  std::vector<bool> restore_series(std::span<const SeriesDefinition> all);
  bool restore_series(SeriesId id, std::span<const PairId> pairs) {
    const SeriesDefinition one{id, pairs};
    return restore_series({&one, 1}).front();
  }
  /// Makes the table of series large enough for so many at once, instead of step by step.
  void restore_reserve(std::size_t series);
  /// Numbers that must not be used again.
  void restore_next(SeriesId series, PairId pair);
  /// Drops the pairs that no series has.
  void finish_restore();

  /// The round of collection that new series are marked with.
  void set_round(std::uint32_t round) { round_.store(round, std::memory_order_relaxed); }
  /// Takes series out of the index; their bits in `live` are cleared already. Works in slices, so that the creation of
  /// series waits a millisecond at most. Then texts are moved together if half of them are dead.
  /// Thread: one at a time.
  void remove(const Ids& dead);

  struct Bytes {
    std::size_t records = 0, labels = 0, table = 0, pairs = 0, postings = 0, texts = 0;
  };
  Bytes bytes() const;

 private:
  static constexpr std::uint32_t kPairMask = (1U << kPairPageBits) - 1;
  /// Texts are not moved together below this.
  static constexpr std::size_t kCompactFrom = 128U << 10U;

  static std::uint32_t pair_hash(const NameEntry& name, std::string_view value);
  static std::uint32_t series_hash(std::span<const PairId> pairs);

  NameEntry* find_name(std::string_view name) const TOCSIN_ANNOTATE(requires_shared_capability(mutex_));
  PairId find_pair(const NameEntry& name, std::string_view value) const
      TOCSIN_ANNOTATE(requires_shared_capability(mutex_));
  SeriesId find_series(std::span<const PairId> pairs, std::uint32_t hash) const
      TOCSIN_ANNOTATE(requires_shared_capability(mutex_));
  /// Pair ids of labels that are all known; false if one is not.
  bool known_pairs(const model::Labels& labels, std::vector<PairId>& pairs) const
      TOCSIN_ANNOTATE(requires_shared_capability(mutex_));
  std::size_t series_of(std::string_view name, std::string_view value) const
      TOCSIN_ANNOTATE(requires_shared_capability(mutex_));
  PairId intern(std::string_view name, std::string_view value) TOCSIN_REQUIRES(mutex_);
  void add_pair(PairId id, std::string_view name, std::string_view value) TOCSIN_REQUIRES(mutex_);
  /// @param hash  series_hash() of the pairs.
  void add_series(SeriesId id, std::span<const PairId> pairs, std::uint32_t hash) TOCSIN_REQUIRES(mutex_);
  bool restore_one(const SeriesDefinition& one, std::uint32_t hash) TOCSIN_REQUIRES(mutex_);

  void unlink(const Ids& dead, std::vector<PairId>& touched);
  void forget_pair(PairId id) TOCSIN_REQUIRES(mutex_);
  void clean_postings(const std::vector<PairId>& touched, Trash& trash);
  void drop_pairs(const std::vector<PairId>& gone, Trash& trash);
  void drop_pages(const Ids& dead, Trash& trash);
  void compact_texts(Trash& trash);

  friend class Selector;

  Reclaimer& reclaimer_;
  mutable SharedMutex mutex_;
  SeriesDirectory series_;
  PageDirectory<PairPage, kPairPageBits> pairs_;
  std::atomic<SeriesId> next_series_ = 0;
  std::atomic<PairId> next_pair_ = 0;
  std::atomic<std::size_t> live_ = 0;
  std::atomic<std::uint32_t> round_ = 0;

  std::unordered_map<std::string_view, std::shared_ptr<NameEntry>> names_ TOCSIN_GUARDED_BY(mutex_);
  IdTable pair_table_ TOCSIN_GUARDED_BY(mutex_);
  IdTable series_table_ TOCSIN_GUARDED_BY(mutex_);
  std::shared_ptr<TextArena> texts_ TOCSIN_GUARDED_BY(mutex_) = std::make_shared<TextArena>();
  std::size_t live_text_bytes_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t pair_pages_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t series_pages_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t label_bytes_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t postings_bytes_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::vector<PairId> scratch_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::tsdb
