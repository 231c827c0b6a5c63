// Late samples and deletions, as a reader sees them.
#include <algorithm>
#include <ranges>

#include "tsdb/merge_samples.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

void SeriesReader::copy_late(const SeriesExtra& extra) {
  const std::uint64_t commit = view_.snapshot->commit();
  for (const Deletion& one : extra.deletions) {
    if (one.commit <= commit) deletions_.push_back(one);
  }
  if (!extra.late) return;
  late_tail_ = extra.late->tail;
  for (const LateSamples::Sample& sample : extra.late->open) {
    if (sample.commit > commit) continue;
    if (late_cut_ && sample.commit <= late_cut_->commit && sample.row.t < late_cut_->before) continue;
    const auto deleted = [&](const Deletion& one) { return sample.deleted_by(one); };
    if (std::ranges::none_of(deletions_, deleted)) late_open_.push_back(sample.row);
  }
}

void SeriesReader::walk_late(Timestamp start, Timestamp end) {
  chunks_.clear();
  ChunkView chunk;
  for (ChunkRef ref = late_tail_; ref != 0; ref = chunk.header.previous) {
    if (late_cut_ && ref < late_cut_->chunks_end) break;
    if (!look_up(ref, true, chunk)) break;
    if (chunk.header.last_time >= start && chunk.header.first_time <= end) chunks_.emplace_back(ref, chunk);
  }
}

bool SeriesReader::overlaps_late(Timestamp start, Timestamp end) {
  const auto within = [&](const Row& row) { return row.t >= start && row.t <= end; };
  if (std::ranges::any_of(late_open_, within)) return true;
  walk_late(start, end);
  return !chunks_.empty();
}

void SeriesReader::gather_late(Timestamp start, Timestamp end) {
  late_.clear();
  walk_late(start, end);
  for (const auto& [ref, chunk] : std::views::reverse(chunks_)) {
    if (!chunk.data_intact() || !decode_rows(chunk.data, chunk.header.count, rows_)) {
      report_corrupt(ref, "its checksum is wrong");
      continue;
    }
    for (Row& row : rows_) {
      const auto deleted = [&, at = ref](const Deletion& one) { return one.covers(row.t) && at < one.chunks_end; };
      if (row.t < start || row.t > end || std::ranges::any_of(deletions_, deleted)) continue;
      late_.push_back({std::move(row), late_.size()});
    }
  }
  for (const Row& row : late_open_) {
    if (row.t >= start && row.t <= end) late_.push_back({row, late_.size()});
  }
  // Of one time the first stays: it was committed first.
  std::ranges::sort(late_, {}, [](const Gathered& one) { return std::pair(one.row.t, one.order); });
  const auto rest = std::ranges::unique(late_, {}, [](const Gathered& one) { return one.row.t; });
  late_.erase(rest.begin(), rest.end());
}

void SeriesReader::merge_late(storage::SampleColumns& out) {
  merged_.clear();
  std::size_t i = 0;
  bool after_late = false;
  const auto add = [&](Row row, bool late) {
    if (late || after_late) forget_reset_hint(row.histogram);
    after_late = late;
    add_row(row, merged_);
  };
  const auto take_in_order = [&] {
    add({out.times[i], out.values[i], out.starts.empty() ? 0 : out.starts[i],
         out.histograms.empty() ? nullptr : out.histograms[i]},
        false);
    ++i;
  };
  for (const auto& [row, order] : late_) {
    while (i < out.size() && out.times[i] < row.t) take_in_order();
    if (i < out.size() && out.times[i] == row.t) continue;
    add(row, true);
  }
  while (i < out.size()) take_in_order();
  pad(merged_);
  std::swap(out, merged_);
}

bool SeriesReader::is_touched(Timestamp first, Timestamp last) const {
  const auto at = std::ranges::lower_bound(late_, first, {}, [](const Gathered& one) { return one.row.t; });
  if (at != late_.end() && at->row.t <= last) return true;
  return std::ranges::any_of(deletions_, [&](const Deletion& one) { return one.start <= last && one.end >= first; });
}

void SeriesReader::erase_deleted(storage::SampleColumns& out) const {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (std::ranges::any_of(deletions_, [&](const Deletion& one) { return one.covers(out.times[i]); })) continue;
    out.times[kept] = out.times[i];
    out.values[kept] = out.values[i];
    if (!out.starts.empty()) out.starts[kept] = out.starts[i];
    if (!out.histograms.empty()) out.histograms[kept] = std::move(out.histograms[i]);
    ++kept;
  }
  out.times.resize(kept);
  out.values.resize(kept);
  if (!out.starts.empty()) out.starts.resize(kept);
  if (!out.histograms.empty()) out.histograms.resize(kept);
}

Result<void> SeriesReader::read_late(Timestamp start, Timestamp end, storage::SampleColumns& out, const LateCut* cut) {
  out.clear();
  if (!page_) return {};
  late_cut_ = cut;
  copy(false);
  late_.clear();
  if (has_late()) gather_late(start, end);
  late_cut_ = nullptr;
  for (const auto& [row, order] : late_) add_row(row, out);
  pad(out);
  return {};
}

}  // namespace tocsin::tsdb
