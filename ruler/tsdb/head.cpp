#include "tsdb/head.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "chunkenc/xor.hpp"
#include "tsdb/xor_chunk.hpp"

namespace tocsin::tsdb {
namespace {

/// An open chunk of rows is completed when it takes about this much.
constexpr std::size_t kRowChunkBytes = 64U << 10U;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_float(double value, const SampleIn& sample) {
  return !sample.histogram && same_bits(value, sample.value);
}

bool same_histogram(const model::FloatHistogram& last, const SampleIn& sample) {
  if (sample.histogram) return chunkenc::same_observations(last, **sample.histogram);
  return model::is_stale(last) && model::is_stale(sample.value);
}

/// What a stale marker becomes in a series of histograms, as in Prometheus' head.
const model::FloatHistogram& stale_histogram() {
  static const model::FloatHistogram stale = [] {
    model::FloatHistogram h;
    h.integer = true;
    h.sum = model::stale_nan();
    return h;
  }();
  return stale;
}

/// Spreads series evenly over the lengths of their first chunk, so that later ones are not all completed at once.
unsigned first_chunk_samples(SeriesId id) {
  return 1 + static_cast<unsigned>((static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15ULL >> 40U) % kChunkSamples);
}

}  // namespace

bool same_sample(const Row& row, const SampleIn& sample) {
  return row.histogram ? same_histogram(*row.histogram, sample) : same_float(row.value, sample);
}

bool same_sample(const storage::SampleColumns& columns, std::size_t i, const SampleIn& sample) {
  return same_sample(
      {columns.times[i], columns.values[i], 0, columns.histograms.empty() ? nullptr : columns.histograms[i]}, sample);
}

Head::Head(const TsdbOptions& o, Fs& f)
    : options(o),
      retention_ms(to_ms(o.retention)),
      out_of_order_window_ms(to_ms(o.out_of_order_window)),
      fs(f),
      folder(o.path + "/tocsin"),
      index(reclaimer),
      files(
          f, folder + "/chunks",
          {.file_ms = to_ms(o.chunk_file_time), .file_bytes = o.chunk_file_bytes, .piece_bytes = o.chunk_piece_bytes}),
      wal(f, folder + "/wal", {.segment_bytes = o.wal_segment_bytes, .segment_ms = to_ms(o.wal_segment_time)}),
      budget(o.series_limits),
      exemplars(o.exemplars),
      metadata(o.metadata_series) {}

unsigned Head::target_samples(const HotSeries& series, SeriesId id) const {
  return series.first_cut != 0 ? kChunkSamples : first_chunk_samples(id);
}

/// Of a float.
bool Head::must_cut(const HotSeries& series, const SeriesExtra* extra, const SampleIn& sample) const {
  if (series.rows != 0) return extra->histograms || extra->rows_size >= kRowChunkBytes;
  return sample.start != 0 || !xor_fits(series, sample.t);
}

void Head::append_sample(SeriesPage& page, unsigned i, SeriesId id, const SampleIn& sample, std::uint8_t code) {
  HotSeries& series = page.hot[i];
  const SeriesExtra* const extra = series.rows != 0 ? page.extra(i) : nullptr;
  if (sample.histogram) {
    append_histogram(page, i, id, sample, **sample.histogram, code);
  } else if (extra && extra->histograms && model::is_stale(sample.value)) {
    append_histogram(page, i, id, sample, stale_histogram(), code);
  } else {
    append_float(page, i, id, sample, code);
  }
  series.wal_seen = code;
  series.value_unknown = 0;
}

void Head::begin_chunk(HotSeries& series, bool in_extra, std::uint8_t code) {
  series.rows = in_extra ? 1 : 0;
  series.open_segment = code;
  count(counters.chunks_open);
}

void Head::append_float(SeriesPage& page, unsigned i, SeriesId id, const SampleIn& sample, std::uint8_t code) {
  HotSeries& series = page.hot[i];
  if (series.count > 0) {
    const SeriesExtra* const extra = series.rows != 0 ? page.extra(i) : nullptr;
    if (must_cut(series, extra, sample)) complete_chunk(page, i, id);
  }
  if (series.count == 0) begin_chunk(series, sample.start != 0, code);
  if (series.rows == 0) {
    xor_append(series, arena, sample.t, sample.value);
  } else {
    SeriesExtra& extra = page.make_extra(i);
    extra.rows.push_back({sample.t, sample.value, sample.start, nullptr});
    extra.rows_size += row_bytes(extra.rows.back());
    series.count = series.count + 1;
    std::atomic_ref<Timestamp>(series.last_time).store(sample.t, std::memory_order_relaxed);
    series.last_value = sample.value;
  }
  if (series.count >= target_samples(series, id)) complete_chunk(page, i, id);
}

/// A chunk is completed when the sample after it comes, not before: what it holds last decides whether that one is a
/// counter reset. First chunks are as long as others: of the first histogram of a chunk nobody knows whether there was
/// a reset, and what is known is to be what Prometheus knows.
void Head::append_histogram(SeriesPage& page, unsigned i, SeriesId id, const SampleIn& sample,
                            const model::FloatHistogram& h, std::uint8_t code) {
  HotSeries& series = page.hot[i];
  OpenHistograms::Fit fit;
  if (series.count > 0) {
    const OpenHistograms* const open = series.rows != 0 ? page.extra(i)->histograms.get() : nullptr;
    if (open) fit = open->judge(h, kChunkSamples);
    if (!fit.here) complete_chunk(page, i, id);
  }
  SeriesExtra& extra = page.make_extra(i);
  if (fit.here) {
    extra.histograms->append(sample.t, h, sample.start);
  } else {
    begin_chunk(series, true, code);
    extra.histograms = std::make_unique<OpenHistograms>();
    extra.histograms->begin(sample.t, h, sample.start, fit.header);
  }
  series.count = extra.histograms->count();
  std::atomic_ref<Timestamp>(series.last_time).store(sample.t, std::memory_order_relaxed);
  series.last_value = sample.value;
}

std::optional<model::FloatHistogram> Head::logged_histogram(SeriesPage& page, unsigned i, std::uint8_t code) {
  const HotSeries& series = page.hot_for_writer(i);
  if (series.rows == 0 || series.wal_seen != code) return {};
  const OpenHistograms* const open = page.extra_for_writer(i)->histograms.get();
  if (!open || !open->encoder().last_is_exact()) return {};
  return open->encoder().last();
}

/// The bytes of the open chunk into data_, and what its header says of them.
void Head::encode_open(SeriesPage& page, unsigned i, ChunkHeader& header) {
  HotSeries& series = page.hot[i];
  data_.clear();
  header.count = series.count;
  header.last_time = series.last_time;
  if (series.rows != 0) {
    const SeriesExtra& extra = *page.extra(i);
    if (extra.histograms) {
      header.encoding = extra.histograms->encoding();
      header.first_time = extra.histograms->first_time();
      extra.histograms->encode(data_);
      return;
    }
    header.encoding = ChunkEncoding::kRows;
    header.first_time = extra.rows.front().t;
    encode_rows(extra.rows, data_);
    return;
  }
  header.encoding = ChunkEncoding::kXor;
  xor_copy(series, arena, data_);
  times_.clear();
  values_.clear();
  check(chunkenc::xor_decode(data_, series.count, times_, values_), "BUG: an open chunk cannot be decoded");
  header.first_time = times_.front();
  header.summary = chunkenc::summarise(times_, values_);
}

void Head::complete_chunk(SeriesPage& page, unsigned i, SeriesId id) {
  HotSeries& series = page.hot[i];
  ChunkHeader header;
  header.series = id;
  header.previous = page.tail[i];
  encode_open(page, i, header);
  page.tail[i] = files.append(header, data_);
  if (series.rows != 0) {
    SeriesExtra& extra = *page.extra(i);
    extra.histograms = nullptr;
    extra.rows = {};
    extra.rows_size = 0;
    series.rows = 0;
    page.tidy_extra(i);
  }
  xor_clear(series, arena);
  series.first_cut = 1;
  series.open_segment = 0;
  count(counters.chunks_completed);
  counters.chunks_open.fetch_sub(1, std::memory_order_relaxed);
}

bool Head::append_late(SeriesPage& page, unsigned i, SeriesId id, Row row, std::uint64_t commit, std::uint8_t code) {
  SeriesExtra& extra = page.make_extra(i);
  if (!extra.late) {
    extra.late = std::make_unique<LateSamples>();
    late_series.insert(id);
    may_have_late.store(true, std::memory_order_release);
  }
  LateSamples& late = *extra.late;
  const Timestamp t = row.t;
  const bool first = late.open.empty();
  if (!insert_late(late, extra.deletions, std::move(row), commit)) return false;
  if (first) late.open_segment = code;
  saw_time(t, t);
  // While the log is replayed they stay: a deletion of them may follow, and chunks that are made now lie behind it.
  if (commit != 0 && late.open.size() >= options.out_of_order_cap_max) spill_late(page, i, id);
  return true;
}

void Head::spill_late(SeriesPage& page, unsigned i, SeriesId id) {
  const SeriesExtra& extra = *page.extra(i);
  take_settled(*extra.late, extra.deletions, visibility.seen_by_all(), rows_);
  if (rows_.empty()) return;
  ChunkHeader header;
  header.series = id;
  header.previous = extra.late->tail;
  header.late = true;
  header.encoding = ChunkEncoding::kRows;
  header.count = static_cast<std::uint32_t>(rows_.size());
  header.first_time = rows_.front().t;
  header.last_time = rows_.back().t;
  data_.clear();
  encode_rows(rows_, data_);
  rows_.clear();
  extra.late->tail = files.append(header, data_);
  count(counters.late_chunks);
}

Timestamp Head::open_chunk_time(SeriesPage& page, unsigned i) {
  const HotSeries& series = page.hot[i];
  if (series.rows == 0) return xor_first_time(series, arena);
  const SeriesExtra& extra = *page.extra(i);
  return extra.histograms ? extra.histograms->first_time() : extra.rows.front().t;
}

void Head::sweep(SeriesPage& page, std::uint32_t page_number, std::uint32_t current, std::uint32_t complete_up_to) {
  const MutexLock lock(page.mutex);
  const std::uint8_t code = segment_code(current);
  for (unsigned i = 0; i < kSeriesPage; ++i) {
    HotSeries& series = page.hot[i];
    if (series.wal_seen != code) series.wal_seen = 0;
    if (series.count > 0 && segment_of(series.open_segment, current) <= complete_up_to) {
      complete_chunk(page, i, page_number << kSeriesPageBits | i);
    }
  }
  for (const auto& [i, extra] : page.extras) {
    const LateSamples* const late = extra->late.get();
    if (!late || late->open.empty() || segment_of(late->open_segment, current) > complete_up_to) continue;
    spill_late(page, i, page_number << kSeriesPageBits | i);
  }
}

void Head::sweep_if_overdue(std::uint32_t current) {
  constexpr std::uint32_t kMost = 200;
  if (current - swept_segment < kMost) return;
  const std::uint32_t pages = index.page_count();
  for (std::uint32_t number = 0; number < pages; ++number) {
    if (SeriesPage* const page = index.page(number)) sweep(*page, number, current, current - kMost / 2);
  }
  swept_segment = current;
}

bool Head::equals_last(SeriesPage& page, unsigned i, const SampleIn& sample) {
  const MutexLock lock(page.mutex);
  const HotSeries& series = page.hot[i];
  if (series.last_time != sample.t) return false;
  if (series.rows != 0) {
    const SeriesExtra& extra = *page.extra(i);
    return extra.histograms ? same_histogram(extra.histograms->encoder().last(), sample)
                            : same_sample(extra.rows.back(), sample);
  }
  if (series.count > 0) return same_float(series.last_value, sample);
  return equals_stored(page, i, sample);
}

/// The last sample is in a completed chunk.
bool Head::equals_stored(SeriesPage& page, unsigned i, const SampleIn& sample) {
  const ChunkRef ref = page.tail[i];
  const auto set = files.set();
  ChunkView chunk;
  if (ref == 0 || !parse_chunk(ref, set->find(ref), chunk) || !chunk.data_intact()) return false;
  const std::size_t samples = chunk.header.count;
  if (chunk.header.encoding == ChunkEncoding::kRows) {
    std::vector<Row> rows;
    return decode_rows(chunk.data, samples, rows) && same_sample(rows.back(), sample);
  }
  storage::SampleColumns columns;
  const bool good = is_histogram_encoding(chunk.header.encoding)
                        ? decode_histogram_chunk(chunk.header.encoding, chunk.data, columns)
                        : chunkenc::xor_decode(chunk.data, samples, columns.times, columns.values);
  return good && columns.size() > 0 && same_sample(columns, columns.size() - 1, sample);
}

bool Head::first_sight_of_damage(ChunkRef ref) {
  const MutexLock lock(damage_mutex_);
  if (!damaged_.insert(ref).second) return false;
  count(counters.chunks_corrupt);
  return true;
}

Timestamp Head::oldest_accepted() const {
  const Timestamp newest = max_time();
  const bool any = newest == kMinTimestamp || takes_any_age.load(std::memory_order_relaxed);
  const Timestamp by_age = any ? kMinTimestamp : newest - to_ms(options.max_age);
  return std::max(by_age, refuse_before.load(std::memory_order_relaxed));
}

Timestamp Head::min_time() const {
  const Timestamp least = min_time_.load(std::memory_order_relaxed);
  return least == kMaxTimestamp ? least : std::max(least, floor.now());
}

storage::AppendStatus Head::judge_late(Timestamp t) const {
  if (takes_any_age.load(std::memory_order_relaxed)) return storage::AppendStatus::kOk;
  const std::int64_t window = out_of_order_window_ms.load(std::memory_order_relaxed);
  if (window > 0) {
    const Timestamp newest = max_time();
    const bool within = newest == kMinTimestamp || t >= newest - window;
    return within ? storage::AppendStatus::kOk : storage::AppendStatus::kTooOld;
  }
  return t < oldest_accepted() ? storage::AppendStatus::kTooOld : storage::AppendStatus::kOutOfOrder;
}

void Head::saw_time(Timestamp least, Timestamp greatest) {
  Timestamp known = min_time_.load(std::memory_order_relaxed);
  while (least < known && !min_time_.compare_exchange_weak(known, least, std::memory_order_relaxed)) {
  }
  known = max_time();
  while (greatest > known && !max_time_.compare_exchange_weak(known, greatest, std::memory_order_relaxed)) {
  }
}

}  // namespace tocsin::tsdb
