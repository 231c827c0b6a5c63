#include "tsdb/label_index.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "model/label_encoding.hpp"

namespace tocsin::tsdb {

std::string_view text_at(const char* at) {
  const char* begin = at;
  return model::read_text(begin);
}

std::string_view encoded_at(const char* at) {
  const char* end = at;
  model::skip_text(end);
  return {at, static_cast<std::size_t>(end - at)};
}
namespace {

std::string encoded(std::string_view text) {
  std::string out;
  model::append_text(out, text);
  return out;
}

}  // namespace

std::uint32_t LabelIndex::pair_hash(const NameEntry& name, std::string_view value) {
  const auto address = reinterpret_cast<std::uintptr_t>(&name);
  return static_cast<std::uint32_t>((xxhash64(value) + address * 0x9e3779b97f4a7c15ULL) >> 32U);
}

std::uint32_t LabelIndex::series_hash(std::span<const PairId> pairs) {
  return static_cast<std::uint32_t>(xxhash64({reinterpret_cast<const char*>(pairs.data()), pairs.size_bytes()}) >> 32U);
}

std::string_view NameEntry::text() const {
  return text_at(encoded.data());
}
std::string_view PairRecord::value() const {
  return text_at(text.load(std::memory_order_acquire));
}

NameEntry* LabelIndex::find_name(std::string_view name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.get();
}

PairId LabelIndex::find_pair(const NameEntry& name, std::string_view value) const {
  return pair_table_.find(pair_hash(name, value), [&](PairId id) {
    const PairRecord& record = pair(id);
    return record.name == &name && record.value() == value;
  });
}

SeriesId LabelIndex::find_series(std::span<const PairId> pairs, std::uint32_t hash) const {
  return series_table_.find(hash, [&](SeriesId id) {
    const SeriesPage* const page = page_of(id);  // one that dies just now is in the table, and is passed over
    return page && std::ranges::equal(page->pairs(index_in_page(id)), pairs);
  });
}

bool LabelIndex::known_pairs(const model::Labels& labels, std::vector<PairId>& pairs) const {
  pairs.clear();
  for (const auto& label : labels) {
    const NameEntry* const name = find_name(label.name);
    const PairId id = name ? find_pair(*name, label.value) : kNoId;
    if (id == kNoId) return false;
    pairs.push_back(id);
  }
  return true;
}

SeriesId LabelIndex::find(const model::Labels& labels) const {
  std::vector<PairId> pairs;
  const ReadLock lock(mutex_);
  return known_pairs(labels, pairs) ? find_series(pairs, series_hash(pairs)) : kNoId;
}

LabelIndex::Created LabelIndex::find_or_create(const model::Labels& labels, std::size_t limit, std::size_t job_limit) {
  const WriteLock lock(mutex_);
  if (known_pairs(labels, scratch_)) {
    if (const SeriesId id = find_series(scratch_, series_hash(scratch_)); id != kNoId) return {id, false};
  }
  const SeriesId id = next_series_.load(std::memory_order_relaxed);
  if (limit != 0 && live_.load(std::memory_order_relaxed) >= limit) return {};
  if (job_limit != 0 && series_of("job", labels.get("job")) >= job_limit) return {};
  if (id == kNoId || kNoId - next_pair_.load(std::memory_order_relaxed) <= labels.size()) return {};
  scratch_.clear();
  for (const auto& label : labels) scratch_.push_back(intern(label.name, label.value));
  add_series(id, scratch_, series_hash(scratch_));
  next_series_.store(id + 1, std::memory_order_release);
  return {id, true};
}

std::size_t LabelIndex::series_of(std::string_view name, std::string_view value) const {
  const NameEntry* const entry = find_name(name);
  const PairId id = entry ? find_pair(*entry, value) : kNoId;
  return id == kNoId ? 0 : pair(id).postings.size();
}

std::size_t LabelIndex::series_with(std::string_view name, std::string_view value) const {
  const ReadLock lock(mutex_);
  return series_of(name, value);
}

PairId LabelIndex::intern(std::string_view name, std::string_view value) {
  if (const NameEntry* const entry = find_name(name)) {
    if (const PairId id = find_pair(*entry, value); id != kNoId) return id;
  }
  const PairId id = next_pair_.load(std::memory_order_relaxed);
  add_pair(id, name, value);
  next_pair_.store(id + 1, std::memory_order_release);
  return id;
}

void LabelIndex::add_pair(PairId id, std::string_view name, std::string_view value) {
  NameEntry* entry = find_name(name);
  if (!entry) {
    auto made = std::make_shared<NameEntry>();
    made->encoded = encoded(name);
    entry = made.get();
    names_.emplace(entry->text(), std::move(made));
  }
  PairPage* page = pairs_.find(id);
  if (!page) {
    auto made = std::make_unique<PairPage>();
    page = made.get();
    pairs_.put(id >> kPairPageBits, std::move(made));
    ++pair_pages_;
  }
  PairRecord& record = page->records[id & kPairMask];
  record.name = entry;
  const std::string text = encoded(value);
  live_text_bytes_ += text.size();
  record.text.store(texts_->store(text), std::memory_order_release);
  page->live.set(id & kPairMask);
  entry->pairs.push_back(id);
  pair_table_.insert(pair_hash(*entry, value), id);
}

void LabelIndex::add_series(SeriesId id, std::span<const PairId> pairs, std::uint32_t hash) {
  SeriesPage* page = series_.find(id);
  if (!page) {
    auto made = std::make_unique<SeriesPage>();
    page = made.get();
    series_.put(id >> kSeriesPageBits, std::move(made));
    ++series_pages_;
  }
  const auto count = static_cast<std::uint32_t>(pairs.size());
  const std::size_t before = page->label_bytes;
  std::uint32_t* const words = page->label_words(count + 1);
  label_bytes_ += page->label_bytes - before;
  words[0] = count;
  std::ranges::copy(pairs, words + 1);
  const unsigned index = index_in_page(id);
  page->labels[index] = words;
  page->born_round.store(round_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (const PairId pair_id : pairs) {
    Postings& postings = pairs_.find(pair_id)->records[pair_id & kPairMask].postings;
    postings_bytes_ -= postings.heap_bytes();
    postings.push_back(id);
    postings_bytes_ += postings.heap_bytes();
  }
  series_table_.insert(hash, id);
  page->live[index / 64].fetch_or(std::uint64_t{1} << (index % 64), std::memory_order_release);
  live_.fetch_add(1, std::memory_order_relaxed);
}

model::Labels LabelIndex::labels(const SeriesPage& page, unsigned index) const {
  std::string bytes;
  bytes.reserve(128);
  for (const PairId id : page.pairs(index)) {
    const PairRecord& record = pair(id);
    bytes += record.name->encoded;
    bytes += encoded_at(record.text.load(std::memory_order_acquire));
  }
  return model::Labels::from_encoded(std::move(bytes));
}

void LabelIndex::for_each_name(const std::function<void(std::string_view, const std::vector<PairId>&)>& each) const {
  std::vector<std::pair<std::shared_ptr<NameEntry>, std::vector<PairId>>> all;
  {
    const ReadLock lock(mutex_);
    all.reserve(names_.size());
    for (const auto& [text, entry] : names_) all.emplace_back(entry, entry->pairs);
  }
  for (const auto& [entry, pairs] : all) each(entry->text(), pairs);
}

std::vector<PairId> LabelIndex::pairs_of(std::string_view name) const {
  const ReadLock lock(mutex_);
  const NameEntry* const entry = find_name(name);
  return entry ? entry->pairs : std::vector<PairId>{};
}

Ids LabelIndex::postings_of(PairId id, std::size_t limit) const {
  const ReadLock lock(mutex_);
  const PairPage* const page = pairs_.find(id);
  if (!page) return {};
  const auto ids = page->records[id & kPairMask].postings.ids();
  return {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(limit, ids.size()))};
}

std::size_t LabelIndex::postings_size(PairId id) const {
  const ReadLock lock(mutex_);
  const PairPage* const page = pairs_.find(id);
  return page ? page->records[id & kPairMask].postings.size() : 0;
}

void LabelIndex::restore_pair(PairId id, std::string_view name, std::string_view value) {
  const WriteLock lock(mutex_);
  const PairPage* const page = pairs_.find(id);
  if (page && page->live.test(id & kPairMask)) return;
  if (NameEntry* const entry = find_name(name)) {
    const PairId older = find_pair(*entry, value);
    if (older != kNoId && !pair(older).postings.empty()) return;
    if (older != kNoId) {
      forget_pair(older);
      std::erase(entry->pairs, older);
    }
  }
  add_pair(id, name, value);
  pairs_.find(id)->logged.set(id & kPairMask);
  if (id >= next_pair_.load(std::memory_order_relaxed)) next_pair_.store(id + 1, std::memory_order_release);
}

/// Hashes first: then memory of the table, which is met at random, is asked for while others are worked on.
std::vector<bool> LabelIndex::restore_series(std::span<const SeriesDefinition> all) {
  constexpr std::size_t kAhead = 16;
  std::vector<std::uint32_t> hashes;
  hashes.reserve(all.size());
  for (const SeriesDefinition& one : all) hashes.push_back(series_hash(one.pairs));
  std::vector<bool> taken(all.size());
  const WriteLock lock(mutex_);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i + kAhead < all.size()) series_table_.prefetch(hashes[i + kAhead]);
    taken[i] = restore_one(all[i], hashes[i]);
  }
  return taken;
}

bool LabelIndex::restore_one(const SeriesDefinition& one, std::uint32_t hash) {
  const SeriesPage* const page = series_.find(one.id);
  if (page && page->labels[index_in_page(one.id)]) return false;
  for (const PairId pair_id : one.pairs) {
    const PairPage* const pair_page = pairs_.find(pair_id);
    if (!pair_page || !pair_page->live.test(pair_id & kPairMask)) return false;
  }
  if (find_series(one.pairs, hash) != kNoId) return false;
  add_series(one.id, one.pairs, hash);
  series_.find(one.id)->logged.set(index_in_page(one.id));
  if (one.id >= next_series_.load(std::memory_order_relaxed)) {
    next_series_.store(one.id + 1, std::memory_order_release);
  }
  return true;
}

void LabelIndex::restore_reserve(std::size_t series) {
  const WriteLock lock(mutex_);
  series_table_.reserve(series);
}

void LabelIndex::restore_next(SeriesId series, PairId pair) {
  const WriteLock lock(mutex_);
  next_series_.store(std::max(series, next_series_.load(std::memory_order_relaxed)), std::memory_order_release);
  next_pair_.store(std::max(pair, next_pair_.load(std::memory_order_relaxed)), std::memory_order_release);
}

LabelIndex::Bytes LabelIndex::bytes() const {
  const ReadLock lock(mutex_);
  Bytes bytes;
  bytes.records = series_pages_ * sizeof(SeriesPage);
  bytes.labels = label_bytes_;
  bytes.table = series_table_.bytes() + pair_table_.bytes();
  bytes.pairs = pair_pages_ * sizeof(PairPage);
  bytes.postings = postings_bytes_;
  bytes.texts = texts_->bytes();
  for (const auto& [text, entry] : names_) {
    bytes.pairs += sizeof(NameEntry) + entry->encoded.capacity() + entry->pairs.capacity() * sizeof(PairId);
  }
  return bytes;
}

}  // namespace tocsin::tsdb
