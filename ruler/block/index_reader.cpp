#include "block/index_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "block/format.hpp"
#include "model/label_encoding.hpp"

namespace tocsin::block {
namespace {

constexpr std::uint32_t kSymbolsPerSample = 16;
/// A series with a dozen labels and two dozen chunks.
constexpr std::uint64_t kPrefetchBytes = 256;
constexpr std::uint32_t kEntriesPerSample = 32;
/// An entry: two lengths, an offset and the number of keys.
constexpr std::size_t kLeastEntryBytes = 4;
/// Of one series. Labels name symbols by number, so a short series could say long texts very often.
constexpr std::size_t kMaxLabelBytes = 64U << 20U;
/// A label of a series: the numbers of two symbols.
constexpr std::size_t kLeastLabelBytes = 2;
/// A chunk in a series: two deltas and a reference.
constexpr std::size_t kLeastChunkBytes = 3;

/// @param in  stands at the number of chunks.
ChunkPlaces chunk_places(ByteReader in) {
  ChunkPlaces places;
  places.left = in.count(kLeastChunkBytes);
  places.failed = in.failed();
  places.in = QuickReader({in.position(), in.left()});
  return places;
}

/// Of the first chunk stands the time itself, of the others what passed since the last one ended.
[[gnu::always_inline]] inline void take_next(QuickReader& in, bool started, ChunkMeta& chunk) {
  const std::uint64_t time = in.varint();
  chunk.min_time = started ? wrapping_add(chunk.max_time, static_cast<std::int64_t>(time)) : unzigzag(time);
  chunk.max_time = wrapping_add(chunk.min_time, static_cast<std::int64_t>(in.varint()));
  const std::uint64_t ref = in.varint();
  chunk.ref = started ? chunk.ref + static_cast<std::uint64_t>(unzigzag(ref)) : ref;
}

/// Remembers what stands at `at` of the times of a chunk that is not the first, unless that is too long.
void remember_times(const char* at, std::size_t left, Timestamp before, const ChunkMeta& chunk, RepeatedTimes& out) {
  QuickReader in({at, left});
  in.varint();
  in.varint();
  out.size = left - in.left();
  out.mask = 0;
  if (left < sizeof out.bytes || out.size > sizeof out.bytes) return;
  out.gap = wrapping_sub(chunk.min_time, before);
  out.length = wrapping_sub(chunk.max_time, chunk.min_time);
  if (out.gap < 0 || out.length < 0) return;
  std::memcpy(&out.bytes, at, sizeof out.bytes);
  out.mask = ~std::uint64_t{0} >> (64 - 8 * out.size);
  out.bytes &= out.mask;
}

/// Goes on as long as times are those remembered and references take two bytes, as they mostly do; up to the first
/// chunk that ends at `time` or later. Not inlined: what the loop needs stays in registers. @return whether that was
/// there
[[gnu::noinline]] bool take_repeated(Timestamp time, const RepeatedTimes& times, ChunkPlaces& places,
                                     std::vector<ChunkMeta>& out) {
  // So many steps that are no longer than this go from any time before it to one that there is.
  constexpr std::int64_t kLongest = std::int64_t{1} << 38U;
  constexpr std::size_t kMostSteps = 1U << 20U;
  constexpr Timestamp kLatest = std::int64_t{1} << 62U;
  const std::int64_t gap = times.gap;
  const std::int64_t length = times.length;
  Timestamp last = places.last.max_time;
  std::size_t left = places.left;
  if (times.mask == 0 || gap > kLongest || length > kLongest || left > kMostSteps || last > kLatest) return false;
  const char* at = places.in.position();
  const char* const end = at + places.in.left();
  const std::uint64_t bytes = times.bytes;
  const std::uint64_t mask = times.mask;
  const std::size_t size = times.size;
  std::uint16_t by = 0;
  const std::size_t read = std::max(sizeof bytes, size + sizeof by);
  if (places.in.left() < read) return false;
  const char* const stop = end - read;
  std::uint64_t ref = places.last.ref;
  bool enough = false;
  while (!enough && left > 0 && at <= stop) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    std::memcpy(&by, at + size, sizeof by);
    if ((((word & mask) ^ bytes) | ((by & 0x8080U) ^ 0x80U)) != 0) break;
    const Timestamp first = last + gap;
    last = first + length;
    ref += static_cast<std::uint64_t>(unzigzag((by & 0x7fU) | (by & 0x7f00U) >> 1U));
    out.push_back({first, last, ref});
    at += size + sizeof by;
    --left;
    enough = last >= time;
  }
  if (left == places.left) return false;
  places.left = left;
  places.in = QuickReader({at, static_cast<std::size_t>(end - at)});
  places.last = {last - length, last, ref};
  return enough;
}

/// With all times that are remembered, in turns.
bool take_repeated(Timestamp time, ChunkPlaces& places, std::vector<ChunkMeta>& out) {
  for (std::size_t passed = out.size(); places.left > 0; passed = out.size()) {
    for (const RepeatedTimes& times : places.repeated) {
      if (take_repeated(time, times, places, out)) return true;
    }
    if (out.size() == passed) break;
  }
  return false;
}

}  // namespace

std::unexpected<Error> IndexReader::corrupt(std::uint64_t offset, std::string_view what) const {
  return fail(Errc::kCorrupt, "{}: offset {}: {}", path_, offset, what);
}

Result<std::unique_ptr<IndexReader>> IndexReader::open(Fs& fs, std::string path, bool is_version_2) {
  std::unique_ptr<IndexReader> reader(new IndexReader);
  TOCSIN_TRY(reader->file_, fs.map(path));
  reader->path_ = std::move(path);
  TOCSIN_OK(reader->read_toc(is_version_2));
  TOCSIN_OK(reader->read_symbols());
  TOCSIN_OK(reader->read_postings_table());
  return reader;
}

Result<void> IndexReader::read_toc(bool is_version_2) {
  const std::string_view bytes = file_->bytes();
  if (bytes.size() < kIndexHeaderBytes + kTocBytes) return corrupt(0, "too short for an index");
  ByteReader header(bytes);
  if (const std::uint32_t magic = get_be32(header); magic != kIndexMagic) {
    return corrupt(0, fmt::format("invalid magic number {:x}", magic));
  }
  version_ = header.fixed<std::uint8_t>();
  if (version_ < 1 || version_ > 3) return corrupt(4, fmt::format("unknown index file version {}", version_));
  if (is_version_2) version_ = 2;

  const std::uint64_t toc_at = bytes.size() - kTocBytes;
  const std::string_view toc = bytes.substr(toc_at);
  ByteReader in(toc);
  symbols_at_ = get_be64(in);
  series_at_ = get_be64(in);
  get_be64(in);  // label indices and their table: no reader uses them
  get_be64(in);
  postings_at_ = get_be64(in);
  table_at_ = get_be64(in);
  toc_crc_ = get_be32(in);
  if (crc32c(toc.substr(0, kTocBytes - kCrcBytes)) != toc_crc_) {
    return corrupt(toc_at, "the checksum of the table of contents did not match");
  }
  for (const std::uint64_t section : {symbols_at_, series_at_, postings_at_, table_at_}) {
    if (section > toc_at) return corrupt(toc_at, "the table of contents points beyond the file");
  }
  return {};
}

Result<void> IndexReader::read_symbols() {
  if (symbols_at_ == 0) return {};
  symbols_ = checked_section(file_->bytes(), symbols_at_);
  if (symbols_.data() == nullptr) return corrupt(symbols_at_, "the checksum of the symbols did not match");
  ByteReader in(symbols_);
  symbol_count_ = get_be32(in);
  if (symbol_count_ > in.left()) return corrupt(symbols_at_, "more symbols than bytes");
  if (version_ != 1) symbol_samples_.reserve(symbol_count_ / kSymbolsPerSample + 1);
  for (std::uint32_t i = 0; i < symbol_count_; ++i) {
    const auto at = static_cast<std::uint32_t>(symbols_.size() - in.left());
    if (version_ != 1 && i % kSymbolsPerSample == 0) symbol_samples_.push_back(at);
    in.text();
    if (in.failed()) return corrupt(symbols_at_ + 4 + at, fmt::format("symbol {} does not end", i));
  }
  return {};
}

IndexReader::Entry IndexReader::entry_at(std::uint64_t& at) const {
  ByteReader in(table_.substr(at));
  Entry entry;
  const std::uint64_t keys = in.varint();
  entry.name = in.text();
  entry.value = in.text();
  entry.offset = in.varint();
  if (in.failed() || keys != kPostingsKeys) return {};
  at = table_.size() - in.left();
  return entry;
}

Result<void> IndexReader::read_postings_table() {
  if (table_at_ == 0) return {};
  table_ = checked_section(file_->bytes(), table_at_);
  if (table_.data() == nullptr) return corrupt(table_at_, "the checksum of the postings offset table did not match");
  ByteReader in(table_);
  const std::uint32_t count = get_be32(in);
  if (in.failed() || count > in.left() / kLeastEntryBytes) return corrupt(table_at_, "more postings lists than bytes");
  every_ = version_ == 1 ? 1 : kEntriesPerSample;

  std::vector<std::pair<Entry, std::uint32_t>> unsorted;
  Entry last;
  std::uint64_t at = 4;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto start = static_cast<std::uint32_t>(at);
    const Entry entry = entry_at(at);
    if (entry.offset < kIndexHeaderBytes)
      return corrupt(table_at_ + 4 + start, "no entry of the postings offset table");
    if (version_ == 1) {
      unsorted.emplace_back(entry, start);
      continue;
    }
    if (i > 0 && std::tie(last.name, last.value) >= std::tie(entry.name, entry.value)) {
      return corrupt(table_at_ + 4 + start, "the postings offset table is not sorted");
    }
    add_entry(entry, start);
    last = entry;
  }
  samples_.shrink_to_fit();
  names_.shrink_to_fit();
  return version_ == 1 ? add_sorted(unsorted) : Result<void>();
}

/// Of version 1.
Result<void> IndexReader::add_sorted(const std::vector<std::pair<Entry, std::uint32_t>>& entries) {
  auto sorted = entries;
  const auto key = [](const auto& one) { return std::tie(one.first.name, one.first.value); };
  std::ranges::sort(sorted, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && key(sorted[i - 1]) == key(sorted[i])) {
      return corrupt(table_at_ + 4 + sorted[i].second, "a label pair stands twice in the postings offset table");
    }
    add_entry(sorted[i].first, sorted[i].second);
  }
  return {};
}

void IndexReader::add_entry(const Entry& entry, std::uint32_t at) {
  if (names_.empty() || names_.back().name != entry.name) {
    names_.push_back({entry.name, 0, static_cast<std::uint32_t>(samples_.size()), 0});
  }
  Name& name = names_.back();
  if (name.values++ % every_ != 0) return;
  samples_.push_back(at);
  ++name.sample_count;
}

const IndexReader::Name* IndexReader::find_name(std::string_view name) const {
  const auto found = std::ranges::lower_bound(names_, name, {}, &Name::name);
  return found != names_.end() && found->name == name ? &*found : nullptr;
}

Result<void> IndexReader::each_value(const Name& name, std::string_view from,
                                     const std::function<bool(std::string_view, std::uint64_t)>& each) const {
  const auto value_at = [this](std::uint64_t at) { return entry_at(at).value; };
  // The last sample that is not after `from`.
  const auto first = samples_.begin() + name.sample;
  const auto after =
      std::partition_point(first, first + name.sample_count, [&](std::uint32_t at) { return value_at(at) <= from; });
  std::uint32_t sample = after == first ? 0 : static_cast<std::uint32_t>(after - first) - 1;
  for (; sample < name.sample_count; ++sample) {
    std::uint64_t at = first[sample];
    const std::uint32_t entries = std::min(every_, name.values - sample * every_);
    for (std::uint32_t i = 0; i < entries; ++i) {
      const std::uint64_t start = at;
      const Entry entry = entry_at(at);
      if (entry.name != name.name) return corrupt(table_at_ + 4 + start, "the postings offset table changed");
      if (entry.value >= from && !each(entry.value, entry.offset)) return {};
    }
  }
  return {};
}

Result<std::uint64_t> IndexReader::find_list(const Name& name, std::string_view value) const {
  std::uint64_t found = 0;
  TOCSIN_OK(each_value(name, value, [&](std::string_view at, std::uint64_t offset) {
    if (at == value) found = offset;
    return false;
  }));
  return found;
}

Result<storage::Ids> IndexReader::list(std::uint64_t offset) const {
  const std::string_view body = checked_section(file_->bytes(), offset);
  if (body.data() == nullptr) return corrupt(offset, "the checksum of a postings list did not match");
  ByteReader in(body);
  const std::uint32_t count = get_be32(in);
  if (in.failed() || in.left() != std::size_t{count} * 4) return corrupt(offset, "a postings list of another length");
  storage::Ids ids(count);
  std::uint32_t last = 0;
  bool ascending = true;
  for (std::uint32_t& id : ids) {
    id = get_be32(in);
    ascending &= id > last;
    last = id;
  }
  if (!ascending) return corrupt(offset, "a postings list is not ascending");
  return ids;
}

Result<storage::Ids> IndexReader::all_series() const {
  const Name* const name = find_name("");
  if (!name) return storage::Ids();
  TOCSIN_TRY(const std::uint64_t offset, find_list(*name, ""));
  if (offset == 0) return storage::Ids();
  return list(offset);
}

Result<std::string_view> IndexReader::symbol(std::uint64_t number) const {
  std::uint64_t at = 0;
  std::uint64_t skip = 0;
  if (version_ == 1) {
    const std::uint64_t body_at = symbols_at_ + 4;
    if (number < body_at + 4 || number >= body_at + symbols_.size()) {
      return corrupt(number, "no symbol is there");
    }
    at = number - body_at;
  } else {
    if (number >= symbol_count_) return corrupt(symbols_at_, fmt::format("there is no symbol {}", number));
    at = symbol_samples_[number / kSymbolsPerSample];
    skip = number % kSymbolsPerSample;
  }
  ByteReader in(symbols_.substr(at));
  for (; skip > 0; --skip) in.text();
  return symbol_at(symbols_.size() - in.left());
}

Result<std::string_view> IndexReader::symbol_at(std::uint64_t at) const {
  ByteReader in(symbols_.substr(at));
  const std::string_view text = in.text();
  if (in.failed() || text.size() > model::kMaxLabelText) return corrupt(symbols_at_ + 4 + at, "no symbol is there");
  return text;
}

Result<std::string_view> IndexReader::series_body(SeriesRef ref) const {
  const std::uint64_t offset = series_offset(ref);
  const std::string_view bytes = file_->bytes();
  if (offset < series_at_ || offset >= bytes.size() - kTocBytes) return corrupt(offset, "no series is there");
  QuickReader in(bytes.substr(offset));
  const std::string_view body = in.take(in.varint());
  const auto crc = std::byteswap(in.fixed<std::uint32_t>());
  if (in.failed()) return corrupt(offset, "a series does not end");
  if (crc32c(body) != crc) return corrupt(offset, "the checksum of a series did not match");
  return body;
}

Result<std::string_view> IndexReader::symbol(std::uint64_t number, SymbolCache& cache) const {
  SymbolCache::Slot& slot = cache.slots[number % cache.slots.size()];
  if (slot.symbol != number || slot.text.data() == nullptr) {
    // Series in order ask for most values in order.
    const bool is_next = cache.next_at != 0 && number == cache.next && number < symbol_count_ && version_ != 1;
    TOCSIN_TRY(const std::string_view text, is_next ? symbol_at(cache.next_at) : symbol(number));
    slot = {number, text};
    __builtin_prefetch(text.data() + 64);  // the next ones
    cache.next = number + 1;
    cache.next_at = static_cast<std::uint64_t>(text.data() + text.size() - symbols_.data());
  }
  return slot.text;
}

template <typename Text>
Result<void> IndexReader::read_labels(SeriesRef ref, ByteReader& in, std::vector<model::LabelView>& out,
                                      Text&& text) const {
  out.clear();
  std::size_t bytes = 0;
  QuickReader numbers({in.position(), in.left()});
  std::uint64_t left = numbers.varint();
  bool makes_sense = left <= numbers.left() / kLeastLabelBytes;
  for (; makes_sense && left > 0; --left) {
    const std::uint64_t name = numbers.varint();
    const std::uint64_t value = numbers.varint();
    makes_sense = !numbers.failed();
    if (!makes_sense) break;
    TOCSIN_TRY(const std::string_view name_text, text(name));
    TOCSIN_TRY(const std::string_view value_text, text(value));
    out.push_back({name_text, value_text});
    bytes += name_text.size() + value_text.size();
    if (bytes > kMaxLabelBytes) return corrupt(series_offset(ref), "the labels of a series are too long");
  }
  if (!makes_sense || numbers.failed()) return corrupt(series_offset(ref), "the labels of a series make no sense");
  in = ByteReader(numbers.rest());
  return {};
}

Result<void> IndexReader::read_chunks(SeriesRef ref, ByteReader& in, std::vector<ChunkMeta>& out) const {
  out.clear();
  ChunkPlaces places = chunk_places(in);
  out.reserve(places.left);
  return next_chunks(ref, places, std::numeric_limits<Timestamp>::max(), out);
}

Result<void> IndexReader::next_chunks(SeriesRef ref, ChunkPlaces& places, Timestamp time,
                                      std::vector<ChunkMeta>& out) const {
  while (places.left > 0 && !places.failed) {
    const bool first = !places.started;
    if (!first && take_repeated(time, places, out)) break;
    if (places.left == 0) break;
    const char* const at = places.in.position();
    const std::size_t bytes = places.in.left();
    const Timestamp before = places.last.max_time;
    take_next(places.in, places.started, places.last);
    places.started = true;
    places.failed = places.in.failed() || places.last.max_time < places.last.min_time;
    if (places.failed) break;
    out.push_back(places.last);
    --places.left;
    if (!first) {
      places.repeated[1] = places.repeated[0];
      remember_times(at, bytes, before, places.last, places.repeated[0]);
    }
    if (places.last.max_time >= time) break;
  }
  if (places.failed) return corrupt(series_offset(ref), "the chunks of a series make no sense");
  return {};
}

Result<void> IndexReader::entry(SeriesRef ref, SymbolCache& symbols, std::vector<model::LabelView>& labels,
                                ChunkPlaces& chunks) const {
  TOCSIN_TRY(const std::string_view body, series_body(ref));
  ByteReader in(body);
  TOCSIN_OK(read_labels(ref, in, labels, [&](std::uint64_t number) -> Result<std::string_view> {
    const SymbolCache::Slot& slot = symbols.slots[number % symbols.slots.size()];
    if (slot.symbol == number && slot.text.data() != nullptr) return slot.text;
    return symbol(number, symbols);
  }));
  const auto repeated = chunks.repeated;
  chunks = chunk_places(in);
  chunks.repeated = repeated;
  return {};
}

bool IndexReader::seems_to_have(SeriesRef ref, SymbolCache& symbols, const model::Labels& labels) const {
  const std::uint64_t offset = series_offset(ref);
  const std::string_view bytes = file_->bytes();
  if (offset < series_at_ || offset >= bytes.size()) return false;
  QuickReader in(bytes.substr(offset));
  in.varint();  // the length
  const char* at = labels.encoded().data();
  const char* const end = at + labels.encoded().size();
  const auto is_next = [&](std::uint64_t number) {
    const SymbolCache::Slot& slot = symbols.slots[number % symbols.slots.size()];
    if (slot.symbol != number || slot.text.data() == nullptr) {
      if (!symbol(number, symbols)) return false;
    }
    return at != end && model::read_text(at) == slot.text;
  };
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    const std::uint64_t name = in.varint();
    const std::uint64_t value = in.varint();
    if (in.failed() || !is_next(name) || !is_next(value)) return false;
  }
  return at == end;
}

Result<void> IndexReader::label_views(SeriesRef ref, std::vector<model::LabelView>& out) const {
  TOCSIN_TRY(const std::string_view body, series_body(ref));
  ByteReader in(body);
  return read_labels(ref, in, out, [this](std::uint64_t number) { return symbol(number); });
}

void IndexReader::prefetch(SeriesRef ref, bool chunks) const {
  const std::string_view bytes = file_->bytes();
  const std::uint64_t offset = series_offset(ref);
  const std::uint64_t end = std::min<std::uint64_t>(offset + (chunks ? kPrefetchBytes : 1), bytes.size());
  for (std::uint64_t at = offset; at < end; at += 64) __builtin_prefetch(bytes.data() + at);
}

Result<std::string_view> IndexReader::label_value(SeriesRef ref, std::string_view name) const {
  TOCSIN_TRY(const std::string_view body, series_body(ref));
  ByteReader in(body);
  for (std::size_t left = in.count(2); left > 0; --left) {
    const std::uint64_t name_number = in.varint();
    const std::uint64_t value_number = in.varint();
    TOCSIN_TRY(const std::string_view text, symbol(name_number));
    if (text == name) return symbol(value_number);
  }
  return std::string_view();
}

Result<void> IndexReader::series(SeriesRef ref, model::Labels* labels, std::vector<ChunkMeta>* chunks) const {
  TOCSIN_TRY(const std::string_view body, series_body(ref));
  ByteReader in(body);
  if (labels) {
    std::vector<model::LabelView> views;
    TOCSIN_OK(read_labels(ref, in, views, [this](std::uint64_t number) { return symbol(number); }));
    *labels = model::Labels::from(std::move(views));
  } else {
    for (std::size_t left = in.count(2); left > 0; --left) {
      in.varint();
      in.varint();
    }
  }
  return chunks ? read_chunks(ref, in, *chunks) : Result<void>();
}

Result<void> IndexReader::symbols(const std::function<void(std::string_view)>& each) const {
  ByteReader in(symbols_);
  if (!symbols_.empty()) get_be32(in);
  for (std::uint32_t i = 0; i < symbol_count_; ++i) each(in.text());
  return {};
}

}  // namespace tocsin::block
