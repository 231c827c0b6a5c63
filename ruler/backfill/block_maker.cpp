#include "backfill/block_maker.hpp"

#include <algorithm>
#include <bit>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/bytes.hpp"
#include "base/float_text.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::backfill {
namespace {

/// Chunks as long as those of Prometheus' head, which looks at the time that 30 samples take and makes so many of even
/// length that each has at least four times that. Source: tsdb/head_append.go, computeChunkEndTime.
chunkenc::CutOptions cut_options(std::size_t samples) {
  constexpr std::size_t kFewest = 116;
  const std::size_t chunks = std::max<std::size_t>(samples / kFewest, 1);
  return {.max_samples = (samples + chunks - 1) / chunks};
}

/// The samples of one series, from all parts.
class Columns {
 public:
  void clear() { samples_.clear(); }
  std::vector<ImportSample>& samples() { return samples_; }

  /// In order of time, each time once. @return kInvalid if there are two values at one time.
  Result<const storage::SampleColumns*> settle(const model::Labels& labels) {
    const auto before = [](const ImportSample& a, const ImportSample& b) { return a.t < b.t; };
    if (!std::is_sorted(samples_.begin(), samples_.end(), before)) {
      std::sort(samples_.begin(), samples_.end(), before);
    }
    columns_.clear();
    columns_.times.reserve(samples_.size());
    columns_.values.reserve(samples_.size());
    for (const ImportSample& sample : samples_) {
      if (!columns_.times.empty() && columns_.times.back() == sample.t) {
        const double other = columns_.values.back();
        if (std::bit_cast<std::uint64_t>(other) == std::bit_cast<std::uint64_t>(sample.value)) continue;
        return fail(Errc::kInvalid, "duplicate sample for timestamp {} of series {}: {} and {}", sample.t,
                    labels.to_series(), format_float_g(other), format_float_g(sample.value));
      }
      columns_.times.push_back(sample.t);
      columns_.values.push_back(sample.value);
    }
    return &columns_;
  }

 private:
  std::vector<ImportSample> samples_;
  storage::SampleColumns columns_;
};

/// A part that is being read.
struct Cursor {
  SegmentReader reader;
  std::size_t worker = 0;
  std::uint32_t series = 0;  // the number of all series

  /// @return false at the end.
  Result<bool> next(const AllSeries& all) {
    TOCSIN_TRY(const bool is_there, reader.next());
    if (is_there) series = all.number(worker, reader.series());
    return is_there;
  }
};

class Merge {
 public:
  Merge(const AllSeries& all, std::span<const BlockPart> parts, Timestamp block_start) : all_(all) {
    cursors_.reserve(parts.size());
    for (const BlockPart& part : parts) {
      cursors_.push_back({SegmentReader(*part.file, *part.segment, block_start), part.worker, 0});
    }
  }

  Result<void> begin() {
    for (std::size_t i = 0; i < cursors_.size(); ++i) TOCSIN_OK(advance(i));
    return {};
  }
  bool done() const { return queue_.empty(); }
  std::uint32_t series() const { return queue_.top().first; }
  /// The samples of series(), from all parts; goes to the next series.
  Result<void> take(std::vector<ImportSample>& out) {
    const std::uint32_t wanted = series();
    while (!queue_.empty() && queue_.top().first == wanted) {
      const std::size_t i = queue_.top().second;
      queue_.pop();
      TOCSIN_OK(cursors_[i].reader.read(out));
      TOCSIN_OK(advance(i));
    }
    return {};
  }

 private:
  Result<void> advance(std::size_t i) {
    TOCSIN_TRY(const bool is_there, cursors_[i].next(all_));
    if (is_there) queue_.emplace(cursors_[i].series, i);
    return {};
  }

  using Place = std::pair<std::uint32_t, std::size_t>;  // series, cursor
  const AllSeries& all_;
  std::vector<Cursor> cursors_;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> queue_;
};

std::vector<bool> series_in(const AllSeries& all, std::span<const BlockPart> parts) {
  std::vector<bool> out(all.size());
  for (const BlockPart& part : parts) {
    ByteReader in(part.segment->series);
    while (!in.at_end()) out[all.number(part.worker, static_cast<std::uint32_t>(in.varint()))] = true;
  }
  return out;
}

}  // namespace

AllSeries::AllSeries(std::span<SeriesTable* const> tables) {
  struct Place {
    const model::Labels* labels;
    std::size_t worker;
    std::uint32_t series;
  };
  std::vector<Place> places;
  for (std::size_t worker = 0; worker < tables.size(); ++worker) {
    numbers_.emplace_back(tables[worker]->size());
    for (const std::uint32_t series : tables[worker]->order()) {
      places.push_back({&tables[worker]->labels(series), worker, series});
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return *a.labels < *b.labels; });
  for (const Place& place : places) {
    if (labels_.empty() || *labels_.back() != *place.labels) labels_.push_back(place.labels);
    numbers_[place.worker][place.series] = static_cast<std::uint32_t>(labels_.size() - 1);
  }

  std::unordered_map<std::string_view, std::uint32_t> numbers;
  for (const model::Labels* labels : labels_) {
    for (const auto& label : *labels) {
      for (const std::string_view text : {label.name, label.value}) {
        if (numbers.try_emplace(text, 0).second) symbols_.push_back(text);
      }
    }
  }
  std::sort(symbols_.begin(), symbols_.end());
  for (std::size_t i = 0; i < symbols_.size(); ++i) numbers[symbols_[i]] = static_cast<std::uint32_t>(i);
  for (const model::Labels* labels : labels_) {
    symbol_places_.push_back(symbol_numbers_.size());
    for (const auto& label : *labels) {
      symbol_numbers_.push_back(numbers[label.name]);
      symbol_numbers_.push_back(numbers[label.value]);
    }
  }
  symbol_places_.push_back(symbol_numbers_.size());
}

std::vector<std::string_view> AllSeries::symbols(const std::vector<bool>& series) const {
  std::vector<bool> used(symbols_.size());
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!series[i]) continue;
    for (std::size_t at = symbol_places_[i]; at < symbol_places_[i + 1]; ++at) used[symbol_numbers_[at]] = true;
  }
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) out.push_back(symbols_[i]);
  }
  return out;
}

Result<block::Meta> make_block(Fs& fs, const std::string& folder, const AllSeries& all,
                               std::span<const BlockPart> parts, std::int64_t duration, block::Ulid ulid) {
  block::Meta meta{.ulid = ulid, .min_time = kMaxTimestamp, .max_time = kMinTimestamp};
  for (const BlockPart& part : parts) {
    meta.min_time = std::min(meta.min_time, part.segment->min_time);
    meta.max_time = std::max(meta.max_time, part.segment->max_time + 1);
  }
  meta.compaction.sources = {ulid};
  TOCSIN_TRY(const auto writer, block::Writer::create(fs, folder, meta, {}));
  TOCSIN_OK(writer->symbols(all.symbols(series_in(all, parts))));
  Merge merge(all, parts, parts.front().segment->block * duration);
  TOCSIN_OK(merge.begin());
  Columns columns;
  std::vector<chunkenc::EncodedChunk> chunks;
  while (!merge.done()) {
    const model::Labels& labels = all.labels(merge.series());
    columns.clear();
    TOCSIN_OK(merge.take(columns.samples()));
    TOCSIN_TRY(const storage::SampleColumns* settled, columns.settle(labels));
    chunks.clear();
    chunkenc::encode_chunks(*settled, 0, settled->size(), cut_options(settled->size()), chunks);
    TOCSIN_OK(writer->add(labels, chunks));
  }
  return writer->finish();
}

}  // namespace tocsin::backfill
