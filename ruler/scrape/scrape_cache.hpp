#pragma once
// What is remembered of a target's last good page: which series stood at which place.

#include <cstdint>
#include <vector>

#include "scrape/series_texts.hpp"
#include "storage/storage.hpp"

namespace tocsin::scrape {

/// One per target, some 20-30 bytes a series. Thread: that of the scrape that is under way.
struct ScrapeCache {
  enum Flag : std::uint8_t {
    kTracked = 1,    // gets a staleness marker when it vanishes
    kDropped = 2,    // relabelling dropped it
    kDuplicate = 4,  // the same text stood on the page before: the ref is that of the first
  };
  struct Entry {
    storage::SeriesRef ref = 0;  // 0: dropped, or not stored so far: its labels are read again each time
    std::uint8_t flags = 0;
    bool operator==(const Entry&) const = default;
  };

  SeriesTexts texts;                        // in order of the page
  std::vector<storage::SeriesRef> refs;     // of each text
  std::vector<std::uint8_t> flags;          // of each text
  std::vector<storage::SeriesRef> orphans;  // tracked series whose texts were forgotten
  bool live = false;                        // the last scrape was good: what is tracked has no staleness marker yet

  Entry entry(std::size_t i) const { return {refs[i], flags[i]}; }
  bool is_tracked(std::size_t i) const { return (flags[i] & kTracked) != 0 && refs[i] != 0; }
  void set(std::size_t i, Entry entry) {
    refs[i] = entry.ref;
    flags[i] = entry.flags;
  }
  void push(std::string_view text, Entry entry) {
    texts.push(text);
    refs.push_back(entry.ref);
    flags.push_back(entry.flags);
  }
  /// Forgets the texts, because the rules that made series of them changed, but not which series there are.
  void retire();
  void shrink();
  std::size_t memory_bytes() const;
};

}  // namespace tocsin::scrape
