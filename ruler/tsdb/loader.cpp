#include "tsdb/loader.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "tsdb/row_histogram.hpp"
#include "tsdb/wal_value.hpp"

namespace tocsin::tsdb {

Result<void> Loader::load() {
  TOCSIN_OK(head_.fs.create_directories(head_.folder));
  TOCSIN_OK(read_checkpoint());
  TOCSIN_OK(read_index());
  TOCSIN_OK(read_chunks());
  TOCSIN_OK(replay());
  head_.index.restore_next(above_series_, above_pair_);
  head_.index.finish_restore();
  if (checkpoint_) head_.saw_time(checkpoint_->min_time, checkpoint_->max_time);
  const std::uint32_t at_least = checkpoint_ ? std::max(checkpoint_->first_segment, checkpoint_->defined.segment) : 0;
  TOCSIN_OK(head_.wal.open(at_least));
  const MutexLock lock(head_.commit_mutex);
  head_.swept_segment = 0;
  head_.sweep_if_overdue(head_.wal.position().segment + 1000);  // forget values: the next segment is a new one
  head_.swept_segment = head_.wal.position().segment;
  return {};
}

Result<void> Loader::read_checkpoint() {
  const std::string path = head_.folder + "/checkpoint";
  if (!head_.fs.exists(path)) return {};
  TOCSIN_TRY(const std::string bytes, head_.fs.read_file(path, std::numeric_limits<std::uint32_t>::max()));
  auto decoded = decode_checkpoint(bytes);
  if (decoded) {
    checkpoint_ = std::move(*decoded);
    above_series_ = checkpoint_->next_series;
    above_pair_ = checkpoint_->next_pair;
    return {};
  }
  messages_.push_back(
      fmt::format("{} is damaged and kept as checkpoint.damaged; series are taken from the index file, chunk files "
                  "and the log instead",
                  path));
  return head_.fs.rename(path, path + ".damaged");
}

Result<void> Loader::read_index() {
  std::vector<WalRecord::Pair> pairs;
  std::vector<WalRecord::Series> series;
  std::vector<std::string> texts;  // what the pairs view when all are kept
  const std::uint64_t bytes = checkpoint_ ? checkpoint_->index_bytes : std::numeric_limits<std::uint64_t>::max();
  const auto each = [&](const WalRecord& record) {
    if (checkpoint_) {
      take_index(record.pairs, record.series);
      return true;
    }
    for (const auto& pair : record.pairs) {
      texts.push_back(std::string(pair.name) + '\0' + std::string(pair.value));
      pairs.push_back({pair.id, {}, {}});
    }
    series.insert(series.end(), record.series.begin(), record.series.end());
    return true;
  };
  if (checkpoint_ && checkpoint_->index_file == 0) return {};
  auto read = index_files_.load(checkpoint_ ? checkpoint_->index_file : 0, bytes, each);
  if (!read && read.error().code != Errc::kNotFound) return fail(std::move(read).error());
  const std::uint64_t whole = read.value_or(0);
  if (checkpoint_ && whole < bytes) {
    messages_.push_back(
        fmt::format("the index file is whole up to byte {} of {}; series that are named in the rest are "
                    "lost unless the log names them again",
                    whole, bytes));
  }
  if (checkpoint_) return {};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string_view text = texts[i];
    const std::size_t zero = text.find('\0');
    pairs[i].name = text.substr(0, zero);
    pairs[i].value = text.substr(zero + 1);
  }
  recover_index(std::move(pairs), std::move(series));
  return {};
}

/// Of one record of the index file: the series that the checkpoint says live.
void Loader::take_index(const std::vector<WalRecord::Pair>& pairs, const std::vector<WalRecord::Series>& series) {
  for (const auto& pair : pairs) {
    head_.index.restore_pair(pair.id, pair.name, pair.value);
    head_.index.pair_page(pair.id).indexed.set(pair.id % (1U << kPairPageBits));
  }
  for (const auto& one : series) {
    ++indexed_series_;
    const auto stand = std::ranges::lower_bound(checkpoint_->series, one.id, {}, &Checkpoint::Series::id);
    if (stand == checkpoint_->series.end() || stand->id != one.id) continue;
    if (head_.index.restore_series(one.id, one.pairs)) stands_at(one.id, {stand->tail, stand->last_time});
  }
}

/// All of the index file, without a checkpoint. A text may have got a new number and a series may have been made again:
/// the last of each counts.
void Loader::recover_index(std::vector<WalRecord::Pair> pairs, std::vector<WalRecord::Series> series) {
  std::map<std::pair<std::string_view, std::string_view>, std::uint32_t> newest;
  for (const auto& pair : pairs) newest[{pair.name, pair.value}] = pair.id;
  std::unordered_map<std::uint32_t, std::uint32_t> renamed;
  for (const auto& pair : pairs) {
    const std::uint32_t id = newest.at({pair.name, pair.value});
    renamed[pair.id] = id;
    above_pair_ = std::max(above_pair_, pair.id + 1);
    if (id == pair.id) head_.index.restore_pair(pair.id, pair.name, pair.value);
  }
  std::set<std::vector<std::uint32_t>> taken;
  std::vector<const WalRecord::Series*> kept;
  for (auto one = series.rbegin(); one != series.rend(); ++one) {
    for (std::uint32_t& pair : one->pairs) {
      const auto to = renamed.find(pair);
      if (to != renamed.end()) pair = to->second;
    }
    if (taken.insert(one->pairs).second) kept.push_back(&*one);
  }
  std::ranges::sort(kept, {}, [](const auto* one) { return one->id; });
  for (const auto* const one : kept) {
    saw(one->id);
    head_.index.restore_series(one->id, one->pairs);
  }
}

Result<void> Loader::read_chunks() {
  if (checkpoint_) {
    // Series that got into the log while the checkpoint was made: in its table, not in its index file.
    for (const auto& series : checkpoint_->series) {
      if (!head_.index.page_of(series.id)) stands_at(series.id, {series.tail, series.last_time});
    }
    for (const auto& late : checkpoint_->late) {
      stands_late(late.id, {.late_tail = late.tail, .newest_late = late.newest});
    }
    for (const auto& one : checkpoint_->deletions) {
      stands_late(one.id, {.deletions = {{one.start, one.end, 0, one.chunks_end}}});
    }
  }
  std::vector<ChunkFiles::FileInfo> known;
  if (checkpoint_) known = checkpoint_->files;
  // Those may have been dropped since the checkpoint: all of them is in blocks.
  std::erase_if(
      known, [this](const auto& file) { return file.max_time < head_.floor.now() && !head_.files.has(file.number); });
  return head_.files.open(
      checkpoint_ ? checkpoint_->chunks_end : 0, known,
      [this](ChunkRef ref, const ChunkHeader& header) {
        head_.saw_time(header.first_time, header.last_time);
        if (header.late) {
          stands_late(header.series, {.late_tail = ref, .newest_late = header.last_time});
        } else {
          stands_at(header.series, {ref, header.last_time});
        }
      },
      [this](std::string text) { messages_.push_back(std::move(text)); });
}

/// Chunks and samples up to there are known. Called in order of chunks.
void Loader::stands_at(SeriesId id, const Stand& stand) {
  saw(id);
  SeriesPage* const page = head_.index.page_of(id);
  if (!page) {
    Stand& kept = waiting_[id];
    kept.tail = std::max(kept.tail, stand.tail);
    kept.last_time = std::max(kept.last_time, stand.last_time);
    return;
  }
  const unsigned index = index_in_page(id);
  const MutexLock lock(page->mutex);
  HotSeries& series = page->hot[index];
  page->tail[index] = std::max(page->tail[index], stand.tail);
  series.last_time = std::max(series.last_time, stand.last_time);
  series.first_cut = page->tail[index] != 0 ? 1 : 0;
  series.value_unknown = 1;
  series.owner = Visibility::kHistorySlot;
}

void Loader::stands_late(SeriesId id, const Stand& stand) {
  saw(id);
  SeriesPage* const page = head_.index.page_of(id);
  if (!page) {
    Stand& kept = waiting_[id];
    kept.late_tail = std::max(kept.late_tail, stand.late_tail);
    kept.newest_late = std::max(kept.newest_late, stand.newest_late);
    kept.deletions.insert(kept.deletions.end(), stand.deletions.begin(), stand.deletions.end());
    return;
  }
  if (stand.late_tail == 0 && stand.deletions.empty()) return;
  const MutexLock commit_lock(head_.commit_mutex);
  const MutexLock lock(page->mutex);
  SeriesExtra& extra = page->make_extra(index_in_page(id));
  extra.deletions.insert(extra.deletions.end(), stand.deletions.begin(), stand.deletions.end());
  if (stand.late_tail == 0) return;
  if (!extra.late) extra.late = std::make_unique<LateSamples>();
  extra.late->tail = std::max(extra.late->tail, stand.late_tail);
  extra.late->newest = std::max(extra.late->newest, stand.newest_late);
  head_.late_series.insert(id);
  head_.may_have_late.store(true, std::memory_order_release);
}

/// A series that was just defined: what was found of it before.
void Loader::adopt(SeriesId id) {
  const auto node = waiting_.extract(id);
  if (!node) return;
  const Stand& stand = node.mapped();
  if (stand.tail != 0 || stand.last_time != kMinTimestamp) stands_at(id, stand);
  stands_late(id, stand);
}

void Loader::saw(SeriesId id) {
  if (id != kNoId) above_series_ = std::max(above_series_, id + 1);
}

Result<void> Loader::replay() {
  TOCSIN_OK(head_.wal.replay(
      checkpoint_ ? checkpoint_->first_segment : 0,
      [this](WalPosition position, std::string_view payload) { return replay_record(position, payload); },
      [this](std::string text) { messages_.push_back(std::move(text)); }));
  if (unknown_samples_ > 0) {
    messages_.push_back(
        fmt::format("{} samples of {} series in the log are passed over: what named those series is lost",
                    unknown_samples_, unknown_series_.size()));
  }
  return {};
}

bool Loader::replay_record(WalPosition position, std::string_view payload) {
  if (!parse_wal_record(payload, record_)) return false;
  if (position.segment != segment_) {
    segment_ = position.segment;
    code_ = segment_code(segment_);
    stray_values_.clear();
    last_histograms_.clear();
    const MutexLock lock(head_.commit_mutex);
    head_.segment_times.emplace_back(segment_, record_.time);
    head_.sweep_if_overdue(segment_);
  }
  if (!checkpoint_ || position >= checkpoint_->defined) replay_definitions();
  if (!decode_values(position.segment) || !decode_changes()) return false;
  for (std::size_t i = 0; i < record_.ids.size(); ++i) {
    replay_sample(record_.ids[i], {record_.time, values_[i], 0, nullptr});
  }
  for (const auto& [id, row] : record_.rows) {
    replay_sample(id, {row.t, row.value, row.start, row.histogram ? &row.histogram : nullptr});
  }
  for (const auto& [id, row] : record_.late) replay_late(id, row);
  for (const auto& deletion : record_.deletions) replay_deletion(deletion);
  for (const auto& [id, exemplar] : record_.exemplars) {
    if (head_.index.page_of(id)) head_.exemplars.add(id, exemplar);
  }
  return true;
}

void Loader::replay_definitions() {
  for (const auto& pair : record_.pairs) {
    above_pair_ = std::max(above_pair_, pair.id + 1);
    head_.index.restore_pair(pair.id, pair.name, pair.value);
  }
  for (const auto& series : record_.series) {
    saw(series.id);
    if (!head_.index.restore_series(series.id, series.pairs)) continue;
    {
      const MutexLock lock(head_.commit_mutex);
      head_.logged_since.push_back(series.id);
    }
    adopt(series.id);
  }
}

/// All values of the record before any is applied: a record counts as a whole or not at all.
bool Loader::decode_values(std::uint32_t segment) {
  values_.clear();
  ByteReader in(record_.values);
  for (std::size_t i = 0; i < record_.ids.size(); ++i) {
    const SeriesId id = record_.ids[i];
    double last = 0;
    if (const SeriesPage* const page = head_.index.page_of(id)) {
      const HotSeries& series = page->hot_for_writer(index_in_page(id));
      if (series.wal_seen == segment_code(segment)) last = series.last_value;
    } else if (const auto stray = stray_values_.find(id); stray != stray_values_.end()) {
      last = stray->second;
    }
    double value = 0;
    if (!decode_wal_value(record_.control(i), last, in, value)) return false;
    values_.push_back(value);
  }
  return !in.failed() && in.at_end();
}

/// Histograms that are changes. Those of one series are changes to the last of another record, never to one of the
/// same.
bool Loader::decode_changes() {
  for (std::size_t i = 0; i < record_.rows.size(); ++i) {
    if (record_.row_changes[i].empty()) continue;
    const auto last = last_histograms_.find(record_.rows[i].first);
    if (last == last_histograms_.end()) return false;
    record_.rows[i].second.histogram = decode_histogram(record_.row_changes[i], last->second.get());
    if (!record_.rows[i].second.histogram) return false;
  }
  for (const auto& [id, row] : record_.rows) {
    if (row.histogram) last_histograms_[id] = row.histogram;
  }
  return true;
}

void Loader::replay_sample(SeriesId id, const SampleIn& sample) {
  SeriesPage* const page = head_.index.page_of(id);
  if (!page) {
    stray_values_[id] = sample.value;
    note_unknown(id);
    return;
  }
  const unsigned index = index_in_page(id);
  const MutexLock commit_lock(head_.commit_mutex);
  const MutexLock lock(page->mutex);
  HotSeries& series = page->hot[index];
  if (sample.t <= series.last_time) {
    // It is in a completed chunk. The next value is coded against it all the same.
    series.last_value = sample.value;
    series.wal_seen = code_;
    series.value_unknown = sample.t == series.last_time ? 0 : 1;
    return;
  }
  series.owner = Visibility::kHistorySlot;
  head_.append_sample(*page, index, id, sample, code_);
  head_.saw_time(sample.t, sample.t);
}

/// One that is in a chunk file already is found there by its time.
void Loader::replay_late(SeriesId id, const Row& row) {
  SeriesPage* const page = head_.index.page_of(id);
  if (!page) return note_unknown(id);
  if (!late_view_) late_view_ = std::make_unique<ReadView>(head_);
  SeriesReader reader(head_, *late_view_);
  reader.take(id);
  storage::SampleColumns found;
  if (reader.read_late(row.t, row.t, found) && found.size() != 0) return;
  const MutexLock commit_lock(head_.commit_mutex);
  const MutexLock lock(page->mutex);
  head_.append_late(*page, index_in_page(id), id, row, 0, code_);
}

/// Late samples that were replayed before it go; those in chunk files are told apart by their place.
void Loader::replay_deletion(const WalRecord::Deletion& deletion) {
  SeriesPage* const page = head_.index.page_of(deletion.id);
  if (!page) return;
  const MutexLock commit_lock(head_.commit_mutex);
  const MutexLock lock(page->mutex);
  SeriesExtra& extra = page->make_extra(index_in_page(deletion.id));
  const Deletion& added = extra.deletions.emplace_back(deletion.start, deletion.end, 0, record_.deletions_chunks_end);
  if (extra.late) std::erase_if(extra.late->open, [&](const auto& sample) { return added.covers(sample.row.t); });
}

/// Either its definition is lost, or it was collected before the checkpoint and its rows are not cut off yet.
void Loader::note_unknown(SeriesId id) {
  saw(id);
  if (checkpoint_ && id < checkpoint_->next_series) {
    const bool lived = std::ranges::binary_search(checkpoint_->series, id, {}, &Checkpoint::Series::id);
    if (!lived) return;
  }
  ++unknown_samples_;
  unknown_series_.insert(id);
}

}  // namespace tocsin::tsdb
