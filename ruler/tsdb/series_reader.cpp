#include "tsdb/series_reader.hpp"

#include <algorithm>
#include <ranges>

#include "base/log.hpp"
#include "chunkenc/xor.hpp"
#include "tsdb/xor_chunk.hpp"

namespace tocsin::tsdb {

ReadView::ReadView(Head& head)
    : pin(head.reclaimer.pin()),
      snapshot(head.visibility.snapshot()),
      files(head.files.set()),
      floor(head.floor.hold()) {}

void SeriesReader::take(SeriesId id) {
  id_ = id;
  page_ = head_.index.page(id >> kSeriesPageBits);
}

model::Labels SeriesReader::labels() const {
  return head_.index.labels(*page_, index_in_page(id_));
}

void SeriesReader::copy(bool with_samples) {
  const unsigned index = index_in_page(id_);
  open_bytes_.clear();
  open_rows_.clear();
  const MutexLock lock(page_->mutex);
  hot_ = page_->hot[index];
  tail_ = page_->tail[index];
  const SeriesExtra* const extra = hot_.has_extra != 0 ? page_->extra(index) : nullptr;
  limit_ = view_.snapshot->limit(hot_, extra);
  late_tail_ = 0;
  late_open_.clear();
  deletions_.clear();
  if (extra) copy_late(*extra);
  if (!with_samples) return;
  if (hot_.rows == 0) {
    open_encoding_ = ChunkEncoding::kXor;
    xor_copy(hot_, head_.arena, open_bytes_);
  } else if (extra->histograms) {
    open_encoding_ = extra->histograms->encoding();
    extra->histograms->encode(open_bytes_);
  } else {
    open_encoding_ = ChunkEncoding::kRows;
    open_rows_ = extra->rows;
  }
}

bool SeriesReader::overlaps(Timestamp start, Timestamp end) {
  if (!page_) return false;
  copy(false);
  if (!deletions_.empty()) return read(start, end, scratch_) && scratch_.size() != 0;
  return overlaps_in_order(above_floor(start), end) || (has_late() && overlaps_late(start, end));
}

bool SeriesReader::overlaps_in_order(Timestamp start, Timestamp end) {
  if (hot_.last_time == kMinTimestamp || hot_.last_time < start) return false;
  end = std::min(end, limit_);
  if (start > end) return false;
  if (hot_.last_time <= end) return true;
  if (hot_.count > 0) {
    const MutexLock lock(page_->mutex);
    // It may have been completed since: then the walk below finds it.
    const HotSeries& now = page_->hot[index_in_page(id_)];
    tail_ = page_->tail[index_in_page(id_)];
    if (now.count > 0 && head_.open_chunk_time(*page_, index_in_page(id_)) <= end) return true;
  }
  walk(start, end);
  return !chunks_.empty();
}

Timestamp SeriesReader::first_time_from(Timestamp from) {
  if (!overlaps(from, kMaxTimestamp)) return kMaxTimestamp;
  from = above_floor(from);
  walk(from, kMaxTimestamp);
  if (!chunks_.empty()) return std::max(from, chunks_.back().second.header.first_time);
  const MutexLock lock(page_->mutex);
  const unsigned index = index_in_page(id_);
  return page_->hot[index].count > 0 ? std::max(from, head_.open_chunk_time(*page_, index)) : from;
}

std::string_view SeriesReader::find(ChunkRef ref) {
  if (const std::string_view bytes = view_.files->find(ref); !bytes.empty()) return bytes;
  if (!newer_files_.empty()) {
    if (const std::string_view bytes = newer_files_.back()->find(ref); !bytes.empty()) return bytes;
  }
  // Completed after the view was made; or dropped before it. Views of older sets are still in use.
  if (chunk_file(ref) < view_.files->oldest()) return {};
  newer_files_.push_back(head_.files.set());
  return newer_files_.back()->find(ref);
}

void SeriesReader::walk(Timestamp start, Timestamp end) {
  chunks_.clear();
  if (newer_files_.size() > 8) newer_files_.erase(newer_files_.begin(), newer_files_.end() - 1);
  ChunkView chunk;
  for (ChunkRef ref = tail_; ref != 0; ref = chunk.header.previous) {
    if (!look_up(ref, false, chunk) || chunk.header.last_time < start) break;
    if (chunk.header.first_time <= end) chunks_.emplace_back(ref, chunk);
  }
}

bool SeriesReader::look_up(ChunkRef ref, bool late, ChunkView& chunk) {
  const std::string_view bytes = find(ref);
  if (bytes.empty()) return false;  // dropped for its age
  if (parse_chunk(ref, bytes, chunk) && chunk.header.series == id_ && chunk.header.late == late) return true;
  report_corrupt(ref, "its header is damaged; older samples of the series cannot be reached");
  return false;
}

void SeriesReader::report_corrupt(ChunkRef ref, std::string_view what) {
  if (!head_.first_sight_of_damage(ref)) return;
  log::error(
      "tsdb", "a chunk is left out of an answer",
      {{"file", chunk_file(ref)}, {"offset", chunk_offset(ref)}, {"series", labels().to_string()}, {"err", what}});
}

Result<void> SeriesReader::read(Timestamp start, Timestamp end, storage::SampleColumns& out) {
  TOCSIN_OK(read_in_order(start, end, out));
  if (!page_ || !has_late()) return {};
  gather_late(start, end);
  if (!late_.empty()) merge_late(out);
  return {};
}

Result<void> SeriesReader::read_in_order(Timestamp start, Timestamp end, storage::SampleColumns& out) {
  out.clear();
  if (!page_) return {};
  copy(true);
  const Timestamp from = above_floor(start);
  const Timestamp to = std::min(end, limit_);
  if (from <= to && hot_.last_time >= from) {
    walk(from, to);
    for (const auto& [ref, chunk] : std::views::reverse(chunks_)) {
      if (chunk.data_intact()) {
        read_chunk(chunk, from, to, out);
      } else {
        report_corrupt(ref, "its checksum is wrong");
      }
    }
    read_open(from, to, out);
    pad(out);
  }
  if (!deletions_.empty()) erase_deleted(out);
  return {};
}

void SeriesReader::pad(storage::SampleColumns& out) {
  if (!out.starts.empty()) out.starts.resize(out.times.size());
  if (!out.histograms.empty()) out.histograms.resize(out.times.size());
}

void SeriesReader::read_chunk(const ChunkView& chunk, Timestamp start, Timestamp end, storage::SampleColumns& out) {
  const ChunkHeader& header = chunk.header;
  if (header.encoding == ChunkEncoding::kRows) {
    if (decode_rows(chunk.data, header.count, rows_)) add_rows(rows_, start, end, out);
    return;
  }
  if (is_histogram_encoding(header.encoding)) {
    if (decode_histogram_chunk(header.encoding, chunk.data, histograms_)) add_histograms(start, end, out);
    return;
  }
  if (header.first_time >= start && header.last_time <= end) {
    chunkenc::xor_decode(chunk.data, header.count, out.times, out.values);
    return;
  }
  times_.clear();
  values_.clear();
  chunkenc::xor_decode(chunk.data, header.count, times_, values_);
  add_decoded(start, end, out);
}

void SeriesReader::read_open(Timestamp start, Timestamp end, storage::SampleColumns& out) {
  if (hot_.count == 0) return;
  if (open_encoding_ == ChunkEncoding::kRows) {
    add_rows(open_rows_, start, end, out);
    return;
  }
  if (is_histogram_encoding(open_encoding_)) {
    if (decode_histogram_chunk(open_encoding_, open_bytes_, histograms_)) add_histograms(start, end, out);
    return;
  }
  times_.clear();
  values_.clear();
  chunkenc::xor_decode(open_bytes_, hot_.count, times_, values_);
  add_decoded(start, end, out);
}

void SeriesReader::add_decoded(Timestamp start, Timestamp end, storage::SampleColumns& out) {
  const auto first = std::ranges::lower_bound(times_, start) - times_.begin();
  const auto last = std::ranges::upper_bound(times_, end) - times_.begin();
  out.times.insert(out.times.end(), times_.begin() + first, times_.begin() + last);
  out.values.insert(out.values.end(), values_.begin() + first, values_.begin() + last);
}

void SeriesReader::add_histograms(Timestamp start, Timestamp end, storage::SampleColumns& out) {
  for (std::size_t i = 0; i < histograms_.size(); ++i) {
    if (histograms_.times[i] < start || histograms_.times[i] > end) continue;
    out.times.push_back(histograms_.times[i]);
    out.values.push_back(0);
    out.histograms.resize(out.times.size());
    out.histograms.back() = std::move(histograms_.histograms[i]);
    if (histograms_.starts.empty() || histograms_.starts[i] == 0) continue;
    out.starts.resize(out.times.size());
    out.starts.back() = histograms_.starts[i];
  }
  histograms_.clear();
}

void SeriesReader::add_rows(std::span<const Row> rows, Timestamp start, Timestamp end, storage::SampleColumns& out) {
  for (const Row& row : rows) {
    if (row.t >= start && row.t <= end) add_row(row, out);
  }
}

void SeriesReader::add_row(const Row& row, storage::SampleColumns& out) {
  out.times.push_back(row.t);
  out.values.push_back(row.value);
  if (row.start != 0) {
    out.starts.resize(out.times.size());
    out.starts.back() = row.start;
  }
  if (row.histogram) {
    out.histograms.resize(out.times.size());
    out.histograms.back() = row.histogram;
  }
}

void SeriesReader::summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                             std::vector<storage::TimeRange>& rest) {
  out.clear();
  rest.clear();
  if (!page_) return;
  copy(false);
  late_.clear();
  if (has_late()) gather_late(start, end);
  const Timestamp from = above_floor(start);
  const Timestamp to = std::min(end, limit_);
  if (from <= to && hot_.last_time >= from) summaries_in_order(from, to, out, rest);
  // Late samples may lie anywhere.
  if (!late_.empty()) all_but(out, start, end, rest);
}

void SeriesReader::summaries_in_order(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                                      std::vector<storage::TimeRange>& rest) {
  walk(start, end);
  Timestamp open_from = start;  // what the open chunk may have lies behind the completed ones
  for (const auto& [ref, chunk] : std::views::reverse(chunks_)) {
    const ChunkHeader& header = chunk.header;
    const bool whole = header.first_time >= start && header.last_time <= end;
    const bool known = header.encoding == ChunkEncoding::kXor && header.summary.known();
    if (whole && known && !is_touched(header.first_time, header.last_time)) {
      out.push_back(header.summary);
    } else {
      rest.push_back({std::max(start, header.first_time), std::min(end, header.last_time)});
    }
    open_from = std::max(open_from, header.last_time + 1);
  }
  if (hot_.count > 0 && open_from <= std::min(end, hot_.last_time)) {
    rest.push_back({open_from, std::min(end, hot_.last_time)});
  }
}

void SeriesReader::all_but(const std::vector<storage::ChunkSummary>& summaries, Timestamp start, Timestamp end,
                           std::vector<storage::TimeRange>& rest) {
  rest.clear();
  for (const storage::ChunkSummary& one : summaries) {
    if (start < one.first_time) rest.push_back({start, one.first_time - 1});
    start = one.last_time + 1;
  }
  if (start <= end) rest.push_back({start, end});
}

}  // namespace tocsin::tsdb
