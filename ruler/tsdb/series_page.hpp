#pragma once
// Series by number: pages of 256 records in order of creation, which is the order in which a target is scraped.

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/thread_annotations.hpp"
#include "tsdb/chunk_record.hpp"
#include "tsdb/histogram_chunk.hpp"
#include "tsdb/hot_series.hpp"
#include "tsdb/late_samples.hpp"
#include "tsdb/page_directory.hpp"
#include "tsdb/postings.hpp"
#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {

inline constexpr unsigned kSeriesPageBits = 8;
inline constexpr unsigned kSeriesPage = 1U << kSeriesPageBits;

/// What few series need: samples that go into no XOR chunk, commits whose visibility a watermark cannot tell, late
/// samples, deletions.
struct SeriesExtra {
  /// Samples from `first_time` to the next run were committed as number `commit`.
  struct Run {
    Timestamp first_time = 0;
    std::uint64_t commit = 0;
  };
  /// The open chunk, if HotSeries::rows: of histograms, or else rows.
  std::unique_ptr<OpenHistograms> histograms;
  std::vector<Row> rows;
  std::size_t rows_size = 0;  // their bytes, about
  /// If true, `runs` and `settled` tell what is seen (visibility.hpp); each commit to the series adds to them.
  bool tracks_commits = false;
  std::uint16_t last_slot = kNoSlot;  // of the appender that wrote last
  Timestamp settled = kMinTimestamp;  // all up to here is seen by everybody
  std::vector<Run> runs;

  std::unique_ptr<LateSamples> late;  // null: it has none
  std::vector<Deletion> deletions;

  /// Whether it can go.
  bool idle() const { return !histograms && rows.empty() && !tracks_commits && !late && deletions.empty(); }
};

/// The locks: `mutex` guards what readers look at. Writers hold the commit lock of the head besides, so the holder of
/// the commit lock may read without `mutex`. Labels are written once, under the lock of the label index, before the bit
/// in `live` is set.
struct SeriesPage {
  Mutex mutex;
  HotSeries hot[kSeriesPage] TOCSIN_GUARDED_BY(mutex);
  ChunkRef tail[kSeriesPage] TOCSIN_GUARDED_BY(mutex) = {};  // the newest completed chunk
  std::vector<std::pair<std::uint8_t, std::unique_ptr<SeriesExtra>>> extras TOCSIN_GUARDED_BY(mutex);  // by index

  /// For each series: number of pairs, then ids of the pairs in order of label names.
  const std::uint32_t* labels[kSeriesPage] = {};
  std::atomic<std::uint64_t> live[kSeriesPage / 64] = {};

  // Commit lock.
  std::bitset<kSeriesPage> pending;  // has a sample in the batch that is being committed
  std::bitset<kSeriesPage> logged;   // its labels are in the log
  std::bitset<kSeriesPage> watched;  // a feed looks at it (feed_hub.hpp)
  /// Of collection, when its last series was made.
  std::atomic<std::uint32_t> born_round = 0;

  // Lock of the label index.
  std::vector<std::unique_ptr<std::uint32_t[]>> label_chunks;
  std::uint32_t* label_at = nullptr;
  std::uint32_t label_left = 0;
  std::size_t label_bytes = 0;

  bool is_live(unsigned index) const {
    return (live[index / 64].load(std::memory_order_acquire) >> (index % 64) & 1U) != 0;
  }
  bool any_live() const {
    for (const auto& word : live) {
      if (word.load(std::memory_order_acquire) != 0) return true;
    }
    return false;
  }
  std::span<const std::uint32_t> pairs(unsigned index) const { return {labels[index] + 1, labels[index][0]}; }

  SeriesExtra* extra(unsigned index) TOCSIN_REQUIRES(mutex);
  SeriesExtra& make_extra(unsigned index) TOCSIN_REQUIRES(mutex);
  /// Frees it if it is idle.
  void tidy_extra(unsigned index) TOCSIN_REQUIRES(mutex);

  /// A series as the holder of the commit lock may read it.
  const HotSeries& hot_for_writer(unsigned index) const TOCSIN_NO_THREAD_SAFETY_ANALYSIS { return hot[index]; }
  const SeriesExtra* extra_for_writer(unsigned index) TOCSIN_NO_THREAD_SAFETY_ANALYSIS { return extra(index); }
  /// What appenders look at with no lock: a hint, judged again at commit.
  Timestamp last_time_hint(unsigned index) TOCSIN_NO_THREAD_SAFETY_ANALYSIS {
    return std::atomic_ref<Timestamp>(hot[index].last_time).load(std::memory_order_relaxed);
  }

  /// Room for `count` words that live as long as the page. Lock of the label index.
  std::uint32_t* label_words(std::uint32_t count);
};

using SeriesDirectory = PageDirectory<SeriesPage, kSeriesPageBits>;

inline unsigned index_in_page(SeriesId id) {
  return id & (kSeriesPage - 1);
}

}  // namespace tocsin::tsdb
