#include "tsdb/head_block.hpp"

#include <algorithm>
#include <map>

#include "block/writer.hpp"
#include "chunkenc/chunk.hpp"
#include "tsdb/label_order.hpp"

namespace tocsin::tsdb {
namespace {

using ReadSeries = std::function<Result<void>(SeriesReader&, storage::SampleColumns&)>;

/// Writes what `read` gives of each series, which are sorted here, into a block.
Result<block::Meta> write_series(Head& head, const ReadView& view, const block::Meta& meta, const std::string& folder,
                                 Ids ids, const ReadSeries& read, const std::atomic<bool>& stop) {
  SeriesReader reader(head, view);
  const LabelOrder order(head.index, ids);
  TOCSIN_TRY(const auto writer, block::Writer::create(head.fs, folder, meta, {}));
  TOCSIN_OK(writer->symbols(order.symbols()));
  storage::SampleColumns columns;
  std::vector<chunkenc::EncodedChunk> chunks;
  for (const SeriesId id : ids) {
    if (stop.load(std::memory_order_relaxed)) return fail(Errc::kCanceled, "the store is being closed");
    reader.take(id);
    TOCSIN_OK(read(reader, columns));
    if (columns.size() == 0) continue;  // its chunk lies around the time
    chunks.clear();
    chunkenc::encode_chunks(columns, 0, columns.size(), {}, chunks);
    TOCSIN_OK(writer->add(reader.labels(), chunks));
  }
  return writer->finish();
}

/// The series with late samples, taken in slices, so that no commit waits long.
Ids series_with_late(Head& head) {
  constexpr std::size_t kSlice = 1000;
  Ids ids;
  for (bool more = true; more;) {
    const MutexLock lock(head.commit_mutex);
    auto at = ids.empty() ? head.late_series.begin() : head.late_series.upper_bound(ids.back());
    for (std::size_t i = 0; i < kSlice && at != head.late_series.end(); ++i, ++at) ids.push_back(*at);
    more = at != head.late_series.end();
  }
  std::erase_if(ids, [&](SeriesId id) { return !head.index.page_of(id); });
  return ids;
}

Timestamp aligned_down(Timestamp t, std::int64_t step) {
  const Timestamp rest = t % step;
  return t - (rest < 0 ? rest + step : rest);
}

/// Calls `each` with the id of every series of the head that may be in the view, taken by the reader.
template <typename Each>
void for_each_series(Head& head, SeriesReader& reader, Each&& each) {
  const std::uint32_t pages = head.index.page_count();
  for (std::uint32_t number = 0; number < pages; ++number) {
    const SeriesPage* const page = head.index.page(number);
    if (!page) continue;  // most are gone, of all that there ever were
    for (unsigned i = 0; i < kSeriesPage; ++i) {
      if (!page->is_live(i)) continue;
      const SeriesId id = number << kSeriesPageBits | i;
      reader.take(id);
      each(id);
    }
  }
}

}  // namespace

Result<block::Meta> write_head_block(Head& head, const ReadView& view, const block::Meta& meta,
                                     const std::string& folder, const std::atomic<bool>& stop) {
  const Timestamp first = meta.min_time;
  const Timestamp last = meta.max_time - 1;
  SeriesReader reader(head, view);
  Ids ids;
  for_each_series(head, reader, [&](SeriesId id) {
    if (reader.overlaps(first, last)) ids.push_back(id);
  });
  if (ids.empty()) return meta;
  const ReadSeries read = [=](SeriesReader& series, storage::SampleColumns& out) {
    return series.read(first, last, out);
  };
  return write_series(head, view, meta, folder, std::move(ids), read, stop);
}

Result<std::vector<block::Meta>> write_late_blocks(
    Head& head, const ReadView& view, const LateCut& done, Timestamp before, std::int64_t length,
    const std::function<block::Meta(Timestamp min, Timestamp max)>& make_meta, const std::string& folder,
    const std::atomic<bool>& stop) {
  std::vector<block::Meta> made;
  if (before == kMinTimestamp) return made;
  SeriesReader reader(head, view);
  storage::SampleColumns columns;
  std::map<Timestamp, Ids> spans;  // by beginning, with the series that have samples in it
  for (const SeriesId id : series_with_late(head)) {
    reader.take(id);
    TOCSIN_OK(reader.read_late(kMinTimestamp, before - 1, columns, &done));
    for (const Timestamp t : columns.times) {
      Ids& ids = spans[aligned_down(t, length)];
      if (ids.empty() || ids.back() != id) ids.push_back(id);
    }
  }
  for (const auto& [begin, ids] : spans) {
    const Timestamp end = std::min(begin + length, before);
    block::Meta meta = make_meta(begin, end);
    meta.compaction.hints = {"from-out-of-order"};
    const ReadSeries read = [&, from = begin, end](SeriesReader& series, storage::SampleColumns& out) {
      return series.read_late(from, end - 1, out, &done);
    };
    TOCSIN_TRY(block::Meta one, write_series(head, view, meta, folder, ids, read, stop));
    if (one.stats.series > 0) made.push_back(std::move(one));
  }
  return made;
}

void drop_late(Head& head, const LateCut& cut) {
  const Pin pin = head.reclaimer.pin();
  for (const SeriesId id : series_with_late(head)) {
    const MutexLock lock(head.commit_mutex);
    SeriesPage* const page = head.index.page_of(id);
    if (!page) continue;
    const MutexLock page_lock(page->mutex);
    SeriesExtra* const extra = page->extra(index_in_page(id));
    if (!extra || !extra->late) continue;
    std::erase_if(extra->late->open,
                  [&](const LateSamples::Sample& one) { return one.commit <= cut.commit && one.row.t < cut.before; });
  }
  const MutexLock lock(head.commit_mutex);
  if (head.late_series.empty()) head.may_have_late.store(false, std::memory_order_release);
}

Timestamp first_sample_from(Head& head, const ReadView& view, Timestamp from) {
  SeriesReader reader(head, view);
  Timestamp first = kMaxTimestamp;
  for_each_series(head, reader, [&](SeriesId) { first = std::min(first, reader.first_time_from(from)); });
  return first;
}

}  // namespace tocsin::tsdb
