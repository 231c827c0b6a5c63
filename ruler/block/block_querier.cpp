// storage::Querier of one block.
#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "block/block.hpp"
#include "block/chunk_ends.hpp"
#include "block/chunk_part.hpp"
#include "block/chunk_reader.hpp"
#include "block/index_reader.hpp"
#include "block/sidecar.hpp"
#include "model/label_encoding.hpp"
#include "storage/merge_part.hpp"

namespace tocsin::block {
namespace {

using storage::SampleColumns;

template <typename T>
void cut(std::vector<T>& column, std::size_t base, std::size_t from, std::size_t to) {
  if (column.size() <= base) return;
  column.erase(column.begin() + static_cast<std::ptrdiff_t>(to), column.end());
  column.erase(column.begin() + static_cast<std::ptrdiff_t>(base), column.begin() + static_cast<std::ptrdiff_t>(from));
}

/// Keeps of the samples from `base` on those within [start, end].
void clip(SampleColumns& samples, std::size_t base, Timestamp start, Timestamp end) {
  if (samples.size() > base && start <= samples.times[base] && samples.times.back() <= end) return;
  const auto first = samples.times.begin() + static_cast<std::ptrdiff_t>(base);
  const auto from =
      static_cast<std::size_t>(std::lower_bound(first, samples.times.end(), start) - samples.times.begin());
  const auto to = static_cast<std::size_t>(std::upper_bound(first, samples.times.end(), end) - samples.times.begin());
  if (from == base && to == samples.times.size()) return;
  cut(samples.values, base, from, to);
  cut(samples.starts, base, from, to);
  cut(samples.histograms, base, from, to);
  cut(samples.times, base, from, to);
}

void shorten(SampleColumns& samples, std::size_t size) {
  samples.times.resize(size);
  samples.values.resize(size);
  if (!samples.starts.empty()) samples.starts.resize(size);
  if (!samples.histograms.empty()) samples.histograms.resize(size);
}

/// Columns that only some samples have reach the length of `times`, or stay empty.
void pad(SampleColumns& samples) {
  if (!samples.starts.empty()) samples.starts.resize(samples.size());
  if (!samples.histograms.empty()) samples.histograms.resize(samples.size());
}

/// For chunks that overlap, as some tools have written them: in order of time, of equal times the first one read.
void sort_by_time(SampleColumns& samples) {
  std::vector<std::size_t> order(samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(samples.times[i], i); });
  SampleColumns sorted;
  for (const std::size_t i : order) {
    if (!sorted.times.empty() && sorted.times.back() == samples.times[i]) continue;
    sorted.times.push_back(samples.times[i]);
    sorted.values.push_back(samples.values[i]);
    if (!samples.starts.empty()) sorted.starts.push_back(samples.starts[i]);
    if (!samples.histograms.empty()) sorted.histograms.push_back(std::move(samples.histograms[i]));
  }
  samples = std::move(sorted);
}

bool is_deleted(const Intervals& deleted, Timestamp min, Timestamp max) {
  return std::ranges::any_of(deleted, [&](const Interval& one) { return one.min <= min && max <= one.max; });
}

/// As Labels::from(), which is for any order: here labels mostly stand as they should.
model::Labels put_together(const std::vector<model::LabelView>& labels) {
  std::size_t size = 0;
  std::string_view before;
  for (const model::LabelView& label : labels) {
    if (label.name <= before || label.value.empty()) return model::Labels::from(labels);
    before = label.name;
    size += model::encoded_size(label);
  }
  std::string bytes(size, '\0');
  char* at = bytes.data();
  for (const model::LabelView& label : labels) at = model::write_label(at, label);
  return model::Labels::from_encoded(std::move(bytes));
}

/// Reads the samples of one series after the other.
class SeriesReader {
 public:
  SeriesReader(const Block& block, std::shared_ptr<const Tombstones> tombstones,
               const std::function<void(std::string)>& damaged)
      : block_(block), damaged_(damaged), tombstones_(std::move(tombstones)), in_order_(block.sidecar() != nullptr) {}

  /// The next series; nothing is read yet.
  void take(SeriesRef ref) {
    ref_ = ref;
    opened_ = labels_known_ = false;
    sought_ = false;
    const auto found = tombstones_->find(ref);
    deleted_ = found == tombstones_->end() ? nullptr : &found->second;
  }

  /// Reads what the index says of the series, if that was not done. What follows needs it, unless it says otherwise.
  /// @return kCorrupt
  Result<void> open() {
    if (opened_) return {};
    chunks_.clear();
    TOCSIN_OK(block_.index().entry(ref_, symbols_, label_views_, places_));
    opened_ = true;
    return {};
  }

  /// Whether the sidecar has a record of the series. Not opened.
  bool is_in_sidecar() {
    const SidecarReader* const sidecar = block_.sidecar();
    if (!sought_) in_sidecar_ = sidecar && sidecar->find(ref_, series_, &place_);
    sought_ = true;
    return in_sidecar_;
  }

  bool has_deletions() const { return deleted_ != nullptr; }
  /// @return kCorrupt
  Result<bool> overlaps(Timestamp start, Timestamp end) {
    TOCSIN_TRY(const std::size_t first, first_chunk(start));
    for (std::size_t i = first;; ++i) {
      TOCSIN_TRY(const bool any, has_chunk(i, end));
      if (!any) return false;
      const ChunkMeta& chunk = chunks_[i];
      if (chunk.min_time <= end && start <= chunk.max_time &&
          !(deleted_ && is_deleted(*deleted_, chunk.min_time, chunk.max_time))) {
        // No summary is of a part of a chunk: it will be read, when its summaries have been.
        if (chunk.min_time < start || chunk.max_time > end) block_.chunks().prefetch(chunk.ref);
        return true;
      }
    }
  }

  /// @return kCorrupt
  Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) {
    out.clear();
    TOCSIN_TRY(const bool sorted, append(start, end, out));
    if (!sorted) sort_by_time(out);
    if (deleted_) remove_deleted(*deleted_, out);
    return {};
  }
  /// See storage::MergePart. @return kCorrupt
  Result<bool> read_more(Timestamp start, Timestamp end, SampleColumns& out) {
    if (deleted_ || !out.histograms.empty()) return false;
    const std::size_t base = out.size();
    TOCSIN_TRY(const bool sorted, append(start, end, out));
    if (sorted && (base == 0 || out.histograms.empty())) return true;
    shorten(out, base);
    return false;
  }

  /// See storage::ChunkSummarySet::summaries(). What was deleted is no part of the answer: only what lies between is.
  /// Not opened.
  void summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                 std::vector<storage::TimeRange>& rest) {
    out.clear();
    rest.clear();
    start = std::max(start, block_.meta().min_time);
    end = std::min(end, block_.meta().max_time - 1);
    if (deleted_) {
      for (const Interval& gap : *deleted_) {
        if (gap.max < start) continue;
        if (gap.min > end) break;
        summaries_of(start, gap.min - 1, out, rest);
        start = gap.max + 1;
      }
    }
    summaries_of(start, end, out, rest);
  }

  /// See storage::MergePart. Not opened.
  bool knows_window_ends() {
    const SidecarReader* const sidecar = block_.sidecar();
    if (deleted_ || !is_in_sidecar() || !sidecar->whole(series_, whole_)) return false;
    return whole_.known() && whole_.resets == 0 && !whole_.has_stale && !whole_.has_nan;
  }
  /// @return kCorrupt
  Result<bool> add_window_ends(storage::WindowEndsBuilder& builder) {
    const std::span<const storage::TimeRange> windows = builder.windows();
    TOCSIN_TRY(const std::size_t first, first_chunk(windows.front().start));
    TOCSIN_OK(block_.index().next_chunks(ref_, places_, windows.back().end, chunks_));
    std::size_t end = first;
    while (end < chunks_.size() && chunks_[end].min_time <= windows.back().end) ++end;
    return chunk_ends_.add(block_, std::span(chunks_).subspan(first, end - first), builder);
  }

  const model::Labels& labels() {
    if (!labels_known_) labels_ = put_together(label_views_);
    labels_known_ = true;
    return labels_;
  }
  /// Without putting labels() together. Of a series that is in the sidecar, not opened: its checksum of the labels
  /// stands for that of the index, which is over the places of all chunks too.
  /// @param crc  of what the other labels are encoded as.
  bool has_labels(const model::Labels& other, std::uint32_t crc) {
    if (!opened_) {
      return is_in_sidecar() && series_.labels_crc == crc && block_.index().seems_to_have(ref_, symbols_, other);
    }
    const char* at = other.encoded().data();
    const char* const end = at + other.encoded().size();
    for (const model::LabelView& label : label_views_) {
      if (at == end || model::read_text(at) != label.name || model::read_text(at) != label.value) return false;
    }
    return at == end;
  }
  SeriesRef ref() const { return ref_; }

 private:
  /// The number of the first chunk that can have something at `start` or later.
  Result<std::size_t> first_chunk(Timestamp start) {
    if (!in_order_) return std::size_t{0};
    if (chunks_.empty() || chunks_.back().max_time < start) {
      TOCSIN_OK(block_.index().next_chunks(ref_, places_, start, chunks_));
    }
    const auto found = std::ranges::lower_bound(chunks_, start, {}, &ChunkMeta::max_time);
    return static_cast<std::size_t>(found - chunks_.begin());
  }

  /// Whether the series has a chunk of this number, whose place is then known; also false if it begins, like all after
  /// it, later than `end`.
  Result<bool> has_chunk(std::size_t number, Timestamp end) {
    if (number == chunks_.size()) {
      TOCSIN_OK(block_.index().next_chunks(ref_, places_, std::numeric_limits<Timestamp>::min(), chunks_));
      if (number == chunks_.size()) return false;
    }
    return !in_order_ || chunks_[number].min_time <= end;
  }

  void summaries_of(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                    std::vector<storage::TimeRange>& rest) {
    if (start > end) return;
    const SidecarReader* const sidecar = block_.sidecar();
    if (!is_in_sidecar() || !sidecar->summaries(series_, start, end, out, rest)) rest.push_back({start, end});
  }

  /// Appends what lies within the time, deletions left aside. @return whether times rise; kCorrupt
  Result<bool> append(Timestamp start, Timestamp end, SampleColumns& out) {
    if (start > end) return true;
    bool sorted = true;
    together_.clear();
    TOCSIN_TRY(const std::size_t first, first_chunk(start));
    for (std::size_t i = first;; ++i) {
      TOCSIN_TRY(const bool any, has_chunk(i, end));
      if (!any) break;
      const ChunkMeta& chunk = chunks_[i];
      if (chunk.min_time > end || chunk.max_time < start) continue;
      if (deleted_ && is_deleted(*deleted_, chunk.min_time, chunk.max_time)) continue;
      together_.push_back(i);
      if (together_.size() == kMostTogether) sorted &= read_chunks(start, end, out);
    }
    sorted &= read_chunks(start, end, out);
    pad(out);
    return sorted;
  }

  /// Appends what `together_` names, and clears it. @return whether times rise.
  bool read_chunks(Timestamp start, Timestamp end, SampleColumns& out) {
    bool rising = true;
    if (!read_together(start, end, out)) {
      for (const std::size_t number : together_) {
        const std::size_t base = out.size();
        if (!read_chunk(number, start, end, out)) continue;
        clip(out, base, start, end);
        if (base > 0 && out.size() > base) rising &= out.times[base - 1] < out.times[base];
      }
    }
    together_.clear();
    return rising;
  }

  /// Chunks as they mostly are: of floats, undamaged, one after the other.
  /// @return false if they are not, or there are too few to be worth it: the columns are then as before.
  bool read_together(Timestamp start, Timestamp end, SampleColumns& out) {
    if (together_.size() < 2 || has_starts()) return false;
    chunk_bytes_.clear();
    for (const std::size_t number : together_) {
      const auto chunk = block_.chunk(chunks_[number].ref);
      if (!chunk || chunk->encoding != chunkenc::Encoding::kXor) return false;
      chunk_bytes_.push_back(chunk->data);
    }
    const std::size_t base = out.size();
    if (!chunkenc::decode_xor_chunks(chunk_bytes_, out)) return false;
    if (!rises_from(base, out)) {
      shorten(out, base);
      return false;
    }
    clip(out, base, start, end);
    return true;
  }
  /// Of samples that were appended by chunks: within one they rise.
  bool rises_from(std::size_t base, const SampleColumns& out) const {
    std::size_t at = base;
    for (const std::string_view bytes : chunk_bytes_) {
      if (at > 0 && at < out.size() && out.times[at - 1] >= out.times[at]) return false;
      at += chunkenc::sample_count(chunkenc::Encoding::kXor, bytes);
    }
    return true;
  }

  /// Appends the chunk, or a part of it with all that lies within the time. False if it is damaged: that is told.
  bool read_chunk(std::size_t number, Timestamp start, Timestamp end, SampleColumns& out) {
    const std::uint64_t ref = chunks_[number].ref;
    const auto chunk = block_.chunk(ref);
    if (!chunk) {
      tell(ref, chunk.error().message);
      return false;
    }
    const std::size_t base = out.size();
    if (chunk->encoding == chunkenc::Encoding::kXor && !has_starts() &&
        part_.append(block_, ref_, chunks_[number], chunk->data, start, end, out)) {
      pad(out);
      return true;
    }
    const auto encoding = static_cast<std::uint8_t>(chunk->encoding);
    if (!chunkenc::is_encoding(encoding)) {
      tell(ref, fmt::format("unknown encoding {}", encoding));
      return false;
    }
    if (!chunkenc::decode_chunk(chunk->encoding, chunk->data, out)) {
      tell(ref, fmt::format("no chunk of encoding {}", encoding));
      return false;
    }
    pad(out);
    read_starts(number, base, out);
    return true;
  }

  bool has_starts() const { return block_.sidecar() != nullptr && block_.sidecar()->has_starts(); }
  /// What the format has no place for stands in the sidecar.
  void read_starts(std::size_t number, std::size_t base, SampleColumns& out) {
    if (!has_starts() || !block_.sidecar()->starts(ref_, number, starts_)) return;
    if (starts_.size() != out.size() - base) return;
    out.starts.resize(base);
    out.starts.insert(out.starts.end(), starts_.begin(), starts_.end());
  }

  void tell(std::uint64_t ref, std::string_view why) {
    if (!block_.note_damaged(ref) || !damaged_) return;
    damaged_(
        fmt::format("block {}: series {}: chunk {:#x} is left out: {}", block_.path(), labels().to_series(), ref, why));
  }

  const Block& block_;
  const std::function<void(std::string)>& damaged_;
  const std::shared_ptr<const Tombstones> tombstones_;
  /// Who writes a sidecar has seen that chunks follow one another in time; of other blocks nobody knows.
  const bool in_order_;
  SymbolCache symbols_;
  SeriesRef ref_ = 0;
  std::vector<model::LabelView> label_views_;
  bool opened_ = false;
  model::Labels labels_;  // made when somebody asks
  bool labels_known_ = false;
  std::vector<ChunkMeta> chunks_;  // the first ones, as far as somebody asked
  ChunkPlaces places_;             // of the others
  SidecarPlace place_;
  bool sought_ = false, in_sidecar_ = false;
  SidecarSeries series_;  // if it is in the sidecar
  storage::ChunkSummary whole_;
  ChunkEnds chunk_ends_;
  ChunkPart part_;
  std::vector<Timestamp> starts_;
  static constexpr std::size_t kMostTogether = 32;
  std::vector<std::size_t> together_;          // numbers of chunks that are to be read next
  std::vector<std::string_view> chunk_bytes_;  // of these
  const Intervals* deleted_ = nullptr;
};

/// The series of a selection, one after the other: what both kinds of sets share.
class Walk {
 public:
  /// Whether the series of a block that is asked for as a whole are opened only if somebody needs it.
  enum class Opens : std::uint8_t { kAll, kWhenNeeded };
  /// @param seen  the time of the querier.
  Walk(const Block& block, std::shared_ptr<const Tombstones> tombstones,
       const std::function<void(std::string)>& damaged, std::span<const model::Matcher> matchers,
       const storage::SelectHints& hints, storage::TimeRange seen, Opens opens)
      : block_(block),
        opens_(opens),
        reader_(block, std::move(tombstones), damaged),
        start_(std::max(hints.start, seen.start)),
        end_(std::min(hints.end, seen.end)),
        seen_(seen),
        all_of_block_(start_ <= block.meta().min_time && block.meta().max_time - 1 <= end_),
        limit_(hints.limit) {
    auto refs = block.select(matchers);
    if (refs) {
      refs_ = std::move(*refs);
    } else {
      status_ = fail(std::move(refs).error());
    }
  }

  bool next() {
    if (limit_ != 0 && given_ == limit_) return false;
    while (status_ && at_ < refs_.size()) {
      const auto seen = take(refs_[at_++]);
      if (at_ < refs_.size()) block_.index().prefetch(refs_[at_], opens_ == Opens::kAll);
      if (!seen) {
        status_ = fail(seen.error());
      } else if (*seen) {
        ++given_;
        return true;
      }
    }
    return false;
  }
  /// Of the series at hand. If they cannot be read they are none, and status() says why.
  const model::Labels& labels() {
    static const model::Labels kNone;
    if (const auto opened = reader_.open(); !opened) {
      if (status_) status_ = fail(opened.error());
      return kNone;
    }
    return reader_.labels();
  }
  bool has_labels(const model::Labels& other, std::uint32_t crc) { return reader_.has_labels(other, crc); }
  std::uint64_t id() const { return reader_.ref(); }
  /// As the sets' functions.
  Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) {
    TOCSIN_OK(reader_.open());
    return reader_.read(std::max(start, seen_.start), std::min(end, seen_.end), out);
  }
  Result<bool> read_more(Timestamp start, Timestamp end, SampleColumns& out) {
    TOCSIN_OK(reader_.open());
    return reader_.read_more(std::max(start, seen_.start), std::min(end, seen_.end), out);
  }
  bool knows_window_ends() { return reader_.knows_window_ends(); }
  Result<bool> add_window_ends(storage::WindowEndsBuilder& builder) {
    TOCSIN_OK(reader_.open());
    return reader_.add_window_ends(builder);
  }
  void summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                 std::vector<storage::TimeRange>& rest) {
    reader_.summaries(std::max(start, seen_.start), std::min(end, seen_.end), out, rest);
  }
  const Result<void>& status() const { return status_; }

 private:
  /// Whether the series has something in the time. Its chunks tell, unless everything of the block is asked for.
  Result<bool> take(SeriesRef ref) {
    reader_.take(ref);
    const bool whole = all_of_block_ && !reader_.has_deletions();
    if (whole && opens_ == Opens::kWhenNeeded && reader_.is_in_sidecar()) return true;
    TOCSIN_OK(reader_.open());
    if (whole) return true;
    return reader_.overlaps(start_, end_);
  }

  const Block& block_;
  const Opens opens_;
  SeriesReader reader_;
  std::vector<SeriesRef> refs_;  // ascending, so labels are in order
  const Timestamp start_, end_;  // of the hints
  const storage::TimeRange seen_;
  const bool all_of_block_;
  const std::size_t limit_;
  std::size_t at_ = 0, given_ = 0;
  Result<void> status_;
};

class BlockSeriesSet final : public storage::SeriesSet, public storage::MergePart {
 public:
  explicit BlockSeriesSet(Walk walk) : walk_(std::move(walk)) {}
  bool next() override { return walk_.next(); }
  const model::Labels& labels() const override { return walk_.labels(); }
  bool has_labels(const model::Labels& other) const override { return has_labels_of(other, crc32c(other.encoded())); }
  bool has_labels_of(const model::Labels& other, std::uint32_t crc) const override {
    return walk_.has_labels(other, crc);
  }
  std::uint64_t id() const override { return walk_.id(); }
  Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) override { return walk_.read(start, end, out); }
  Result<bool> read_more(Timestamp start, Timestamp end, SampleColumns& out) override {
    return walk_.read_more(start, end, out);
  }
  bool knows_window_ends() override { return walk_.knows_window_ends(); }
  Result<bool> add_window_ends(storage::WindowEndsBuilder& builder) override { return walk_.add_window_ends(builder); }
  Result<void> status() const override { return walk_.status(); }

 private:
  mutable Walk walk_;  // labels are put together when they are asked for
};

class BlockSummarySet final : public storage::ChunkSummarySet, public storage::MergePart {
 public:
  explicit BlockSummarySet(Walk walk) : walk_(std::move(walk)) {}
  bool next() override { return walk_.next(); }
  const model::Labels& labels() const override { return walk_.labels(); }
  bool has_labels(const model::Labels& other) const override { return has_labels_of(other, crc32c(other.encoded())); }
  bool has_labels_of(const model::Labels& other, std::uint32_t crc) const override {
    return walk_.has_labels(other, crc);
  }
  std::uint64_t id() const override { return walk_.id(); }
  Result<void> summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                         std::vector<storage::TimeRange>& rest) override {
    walk_.summaries(start, end, out, rest);
    return {};
  }
  Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) override { return walk_.read(start, end, out); }
  Result<bool> read_more(Timestamp start, Timestamp end, SampleColumns& out) override {
    return walk_.read_more(start, end, out);
  }
  Result<void> status() const override { return walk_.status(); }

 private:
  mutable Walk walk_;
};

std::vector<std::string> first_of(std::vector<std::string> all, std::size_t limit) {
  std::ranges::sort(all);
  if (limit != 0 && all.size() > limit) all.resize(limit);
  return all;
}

class BlockQuerier final : public storage::Querier {
 public:
  BlockQuerier(std::shared_ptr<const Block> block, Timestamp start, Timestamp end,
               std::function<void(std::string)> damaged)
      : block_(std::move(block)),
        tombstones_(block_->tombstones()),
        start_(start),
        end_(end),
        damaged_(std::move(damaged)) {}

  std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                             std::span<const model::Matcher> matchers) override {
    return std::make_unique<BlockSeriesSet>(
        Walk(*block_, tombstones_, damaged_, matchers, hints, {start_, end_}, Walk::Opens::kAll));
  }
  std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                             std::span<const model::Matcher> matchers) override {
    return std::make_unique<BlockSummarySet>(
        Walk(*block_, tombstones_, damaged_, matchers, hints, {start_, end_}, Walk::Opens::kWhenNeeded));
  }

  Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override {
    std::vector<std::string> names;
    if (matchers.empty()) {
      for (const IndexReader::Name& name : block_->index().names()) {
        if (name.name.empty()) continue;
        TOCSIN_TRY(const bool seen, is_seen(name));
        if (seen) names.emplace_back(name.name);
      }
      return first_of(std::move(names), limit);
    }
    std::unordered_set<std::string_view> found;
    TOCSIN_OK(each_label(matchers, [&](const model::LabelView& label) { found.insert(label.name); }));
    names.assign(found.begin(), found.end());
    return first_of(std::move(names), limit);
  }

  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                std::size_t limit) override {
    std::vector<std::string> values;
    if (matchers.empty()) {
      const IndexReader::Name* const found = name.empty() ? nullptr : block_->index().find_name(name);
      if (!found) return values;
      TOCSIN_OK(each_seen_value(*found, [&](std::string_view value) {
        values.emplace_back(value);
        return limit == 0 || values.size() < limit;
      }));
      return values;
    }
    std::unordered_set<std::string_view> found;
    TOCSIN_OK(each_label(matchers, [&](const model::LabelView& label) {
      if (label.name == name) found.insert(label.value);
    }));
    values.assign(found.begin(), found.end());
    return first_of(std::move(values), limit);
  }

 private:
  bool sees_all() const { return start_ <= block_->meta().min_time && block_->meta().max_time - 1 <= end_; }

  /// Calls each(label) for the labels of the series that match and have a chunk in the querier's time.
  template <typename Each>
  Result<void> each_label(std::span<const model::Matcher> matchers, Each&& each) const {
    TOCSIN_TRY(const auto refs, block_->select(matchers));
    std::vector<model::LabelView> labels;
    for (const SeriesRef ref : refs) {
      TOCSIN_TRY(const bool seen, has_chunk(ref));
      if (!seen) continue;
      TOCSIN_OK(block_->index().label_views(ref, labels));
      for (const model::LabelView& label : labels) each(label);
    }
    return {};
  }

  Result<bool> has_chunk(SeriesRef ref) const {
    if (sees_all()) return true;
    std::vector<ChunkMeta> chunks;
    TOCSIN_OK(block_->series(ref, nullptr, &chunks));
    return std::ranges::any_of(
        chunks, [&](const ChunkMeta& chunk) { return chunk.min_time <= end_ && start_ <= chunk.max_time; });
  }

  /// Calls each(value), ascending, until it returns false.
  template <typename Each>
  Result<void> each_seen_value(const IndexReader::Name& name, Each&& each) const {
    Result<void> status;
    TOCSIN_OK(block_->index().each_value(name, "", [&](std::string_view value, std::uint64_t list) {
      auto seen = is_seen(list);
      if (!seen) status = fail(std::move(seen).error());
      return status && (!*seen || each(value));
    }));
    return status;
  }

  Result<bool> is_seen(std::uint64_t list) const {
    if (sees_all()) return true;
    TOCSIN_TRY(const storage::Ids ids, block_->index().list(list));
    for (const std::uint32_t id : ids) {
      TOCSIN_TRY(const bool seen, has_chunk(id));
      if (seen) return true;
    }
    return false;
  }

  Result<bool> is_seen(const IndexReader::Name& name) const {
    bool found = false;
    TOCSIN_OK(each_seen_value(name, [&](std::string_view) {
      found = true;
      return false;
    }));
    return found;
  }

  const std::shared_ptr<const Block> block_;
  const std::shared_ptr<const Tombstones> tombstones_;  // as they were when the querier was made
  const Timestamp start_, end_;
  const std::function<void(std::string)> damaged_;
};

}  // namespace

std::unique_ptr<storage::Querier> make_block_querier(std::shared_ptr<const Block> block, Timestamp start, Timestamp end,
                                                     std::function<void(std::string)> damaged) {
  return std::make_unique<BlockQuerier>(std::move(block), start, end, std::move(damaged));
}

}  // namespace tocsin::block
