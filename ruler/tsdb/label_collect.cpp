// The end of series, pairs and texts.
#include <algorithm>

#include "tsdb/label_index.hpp"

namespace tocsin::tsdb {
namespace {

/// Series or pairs that are worked on while the lock is held: less than a millisecond.
constexpr std::size_t kSlice = 1000;

/// Trash that takes the page out of its directory when it goes: until then a reader with a pin finds it by number.
template <typename Directory>
std::shared_ptr<const void> taken_out_at_last(Directory& directory, std::uint32_t number) {
  return {static_cast<const void*>(nullptr), [&directory, number](const void*) { directory.take(number); }};
}

}  // namespace

void LabelIndex::remove(const Ids& dead) {
  Trash trash;
  std::vector<PairId> touched;
  unlink(dead, touched);
  clean_postings(touched, trash);
  drop_pages(dead, trash);
  compact_texts(trash);
  reclaimer_.retire(std::move(trash));
}

/// Out of the table; collects their pairs.
void LabelIndex::unlink(const Ids& dead, std::vector<PairId>& touched) {
  for (std::size_t at = 0; at < dead.size(); at += kSlice) {
    const WriteLock lock(mutex_);
    for (std::size_t i = at; i < std::min(dead.size(), at + kSlice); ++i) {
      const auto pairs = series_.find(dead[i])->pairs(index_in_page(dead[i]));
      series_table_.erase(series_hash(pairs), dead[i]);
      touched.insert(touched.end(), pairs.begin(), pairs.end());
    }
    live_.fetch_sub(std::min(dead.size() - at, kSlice), std::memory_order_relaxed);
  }
  std::ranges::sort(touched);
  touched.erase(std::ranges::unique(touched).begin(), touched.end());
  const WriteLock lock(mutex_);
  series_table_.shrink();
}

/// A long list is one step of its own, some nanoseconds an id.
void LabelIndex::clean_postings(const std::vector<PairId>& touched, Trash& trash) {
  std::vector<PairId> gone;
  for (std::size_t at = 0; at < touched.size();) {
    const WriteLock lock(mutex_);
    for (std::size_t work = 0; work < kSlice * 50 && at < touched.size(); ++at) {
      Postings& postings = pairs_.find(touched[at])->records[touched[at] & kPairMask].postings;
      work += postings.size() + 50;
      postings_bytes_ -= postings.heap_bytes();
      postings.remove_if([this](SeriesId id) { return page_of(id) == nullptr; });
      postings_bytes_ += postings.heap_bytes();
      if (postings.empty()) gone.push_back(touched[at]);
    }
  }
  drop_pairs(gone, trash);
}

/// Out of the table; the record stays readable.
void LabelIndex::forget_pair(PairId id) {
  PairPage& page = *pairs_.find(id);
  const PairRecord& record = page.records[id & kPairMask];
  page.live.reset(id & kPairMask);
  pair_table_.erase(pair_hash(*record.name, record.value()), id);
  live_text_bytes_ -= encoded_at(record.text.load(std::memory_order_relaxed)).size();
}

/// Pairs that no series has. One that was used again meanwhile stays.
void LabelIndex::drop_pairs(const std::vector<PairId>& gone, Trash& trash) {
  std::vector<NameEntry*> names;
  for (std::size_t at = 0; at < gone.size(); at += kSlice) {
    const WriteLock lock(mutex_);
    for (std::size_t i = at; i < std::min(gone.size(), at + kSlice); ++i) {
      PairPage& page = *pairs_.find(gone[i]);
      const std::uint32_t index = gone[i] & kPairMask;
      const PairRecord& record = page.records[index];
      if (!record.postings.empty() || !page.live.test(index)) continue;
      forget_pair(gone[i]);
      names.push_back(find_name(record.name->text()));
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  for (NameEntry* const name : names) {
    const WriteLock lock(mutex_);
    std::erase_if(name->pairs, [this](PairId id) { return !pairs_.find(id)->live.test(id & kPairMask); });
    if (name->pairs.size() * 2 < name->pairs.capacity()) name->pairs.shrink_to_fit();
    if (!name->pairs.empty()) continue;
    auto node = names_.extract(name->text());
    trash.push_back(std::move(node.mapped()));
  }
  const WriteLock lock(mutex_);
  pair_table_.shrink();
  for (std::size_t i = 0; i < gone.size(); ++i) {
    const std::uint32_t number = gone[i] >> kPairPageBits;
    if (i + 1 < gone.size() && gone[i + 1] >> kPairPageBits == number) continue;
    const bool growing = number == next_pair_.load(std::memory_order_relaxed) >> kPairPageBits;
    const PairPage* const page = pairs_.page(number);
    if (growing || !page || page->live.any()) continue;
    trash.push_back(taken_out_at_last(pairs_, number));
    --pair_pages_;
  }
}

/// Pages in which no series lives.
void LabelIndex::drop_pages(const Ids& dead, Trash& trash) {
  const WriteLock lock(mutex_);
  for (std::size_t i = 0; i < dead.size(); ++i) {
    const std::uint32_t number = dead[i] >> kSeriesPageBits;
    if (i + 1 < dead.size() && dead[i + 1] >> kSeriesPageBits == number) continue;
    const bool growing = number == next_series_.load(std::memory_order_relaxed) >> kSeriesPageBits;
    const SeriesPage* const page = series_.page(number);
    if (growing || !page || page->any_live()) continue;
    label_bytes_ -= page->label_bytes;
    trash.push_back(taken_out_at_last(series_, number));
    --series_pages_;
  }
}

/// Two generations: what lives is copied to a new arena, the old one goes with its last reader.
void LabelIndex::compact_texts(Trash& trash) {
  std::shared_ptr<TextArena> old;
  PairId end = 0;
  {
    const WriteLock lock(mutex_);
    const std::size_t bytes = texts_->bytes();
    if (bytes < kCompactFrom || live_text_bytes_ * 2 > bytes) return;
    old = std::exchange(texts_, std::make_shared<TextArena>());
    end = next_pair_.load(std::memory_order_relaxed);
  }
  for (std::uint32_t number = 0; number <= end >> kPairPageBits; ++number) {
    if (!pairs_.page(number)) continue;
    const WriteLock lock(mutex_);
    PairPage* const page = pairs_.page(number);
    for (std::uint32_t i = 0; i <= kPairMask; ++i) {
      if (!page->live.test(i) || (number << kPairPageBits | i) >= end) continue;
      auto& text = page->records[i].text;
      text.store(texts_->store(encoded_at(text.load(std::memory_order_relaxed))), std::memory_order_release);
    }
  }
  trash.push_back(std::move(old));
}

void LabelIndex::finish_restore() {
  std::vector<PairId> unused;
  {
    const ReadLock lock(mutex_);
    for (const auto& [text, entry] : names_) {
      for (const PairId id : entry->pairs) {
        if (pair(id).postings.empty()) unused.push_back(id);
      }
    }
  }
  std::ranges::sort(unused);
  Trash trash;
  drop_pairs(unused, trash);
  reclaimer_.retire(std::move(trash));
}

}  // namespace tocsin::tsdb
