#include "tsdb/loader.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

namespace tocsin::tsdb {

Result<ReplayPlan> Loader::load() {
  TOCSIN_OK(head_.fs.create_directories(head_.folder));
  TOCSIN_OK(read_checkpoint());
  TOCSIN_OK(read_index());
  TOCSIN_OK(read_chunks());
  TOCSIN_OK(read_definitions());
  head_.index.restore_next(above_series_, above_pair_);
  head_.index.finish_restore();
  ReplayPlan plan;
  std::uint32_t at_least = 0;
  if (checkpoint_) {
    head_.saw_time(checkpoint_->min_time, checkpoint_->max_time);
    plan.from.segment = checkpoint_->first_segment;
    plan.collected_below = checkpoint_->next_series;
    at_least = std::max(checkpoint_->first_segment, checkpoint_->defined.segment);
  }
  for (const auto& [id, stand] : waiting_) {
    if (!was_collected(id)) plan.lost.insert(id);
  }
  TOCSIN_OK(head_.wal.open(at_least, plan.from.segment));
  plan.own_segment = head_.wal.position().segment;
  return plan;
}

Result<void> Loader::read_checkpoint() {
  const std::string path = head_.folder + "/checkpoint";
  if (!head_.fs.exists(path)) return {};
  TOCSIN_TRY(const std::string bytes, head_.fs.read_file(path, std::numeric_limits<std::uint32_t>::max()));
  auto decoded = decode_checkpoint(bytes);
  if (decoded) {
    checkpoint_ = std::move(*decoded);
    head_.index.restore_reserve(checkpoint_->series.size());
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
  std::vector<Definition> series;
  std::vector<std::string> texts;  // what the pairs view when all are kept
  const std::uint64_t bytes = checkpoint_ ? checkpoint_->index_bytes : std::numeric_limits<std::uint64_t>::max();
  const auto each = [&](const WalRecord& record) {
    if (checkpoint_) {
      take_index(record);
      return true;
    }
    for (const auto& pair : record.pairs) {
      texts.push_back(std::string(pair.name) + '\0' + std::string(pair.value));
      pairs.push_back({pair.id, {}, {}});
    }
    for (const auto& one : record.series) {
      const auto ids = record.pairs_of(one);
      series.push_back({one.id, {ids.begin(), ids.end()}});
    }
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
void Loader::take_index(const WalRecord& record) {
  for (const auto& pair : record.pairs) {
    head_.index.restore_pair(pair.id, pair.name, pair.value);
    head_.index.pair_page(pair.id).indexed.set(pair.id % (1U << kPairPageBits));
  }
  indexed_series_ += record.series.size();
  definitions_.clear();
  std::vector<const Checkpoint::Series*> stands;
  const auto& table = checkpoint_->series;
  for (const auto& one : record.series) {
    // Mostly the next one: both are in order of ids, but for what was appended later.
    if (table_at_ >= table.size() || table[table_at_].id != one.id) {
      const auto found = std::ranges::lower_bound(table, one.id, {}, &Checkpoint::Series::id);
      table_at_ = static_cast<std::size_t>(found - table.begin());
      if (found == table.end() || found->id != one.id) continue;
    }
    stands.push_back(&table[table_at_++]);
    definitions_.push_back({one.id, record.pairs_of(one)});
  }
  const std::vector<bool> taken = head_.index.restore_series(definitions_);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) stands_at(stands[i]->id, {.tail = stands[i]->tail, .last_time = stands[i]->last_time});
  }
}

/// All of the index file, without a checkpoint. A text may have got a new number and a series may have been made again:
/// the last of each counts.
void Loader::recover_index(std::vector<WalRecord::Pair> pairs, std::vector<Definition> series) {
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
  std::vector<const Definition*> kept;
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
      if (!head_.index.page_of(series.id)) {
        stands_at(series.id, {.tail = series.tail, .last_time = series.last_time});
      }
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
          stands_at(header.series, {.tail = ref, .last_time = header.last_time});
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

/// Whether the checkpoint gave up the series. Chunks behind its place may be of one all the same: they were completed
/// while it was made, and when it came to the series, all of it was in blocks.
bool Loader::was_collected(SeriesId id) const {
  return checkpoint_ && id < checkpoint_->next_series &&
         !std::ranges::binary_search(checkpoint_->series, id, {}, &Checkpoint::Series::id);
}

void Loader::saw(SeriesId id) {
  if (id != kNoId) above_series_ = std::max(above_series_, id + 1);
}

/// The checkpoint says from where on the log names series that the index file does not.
Result<void> Loader::read_definitions() {
  WalPosition at = checkpoint_ ? checkpoint_->defined : WalPosition{};
  return head_.wal.read(
      at,
      [this](WalPosition, std::string_view payload) {
        if (!parse_wal_record(payload, record_)) return WalSeen::kDamaged;
        take_definitions();
        return WalSeen::kTaken;
      },
      [this](std::string text) { messages_.push_back(std::move(text)); });
}

void Loader::take_definitions() {
  // Samples count too: what defined their series may be lost, and its number must not go to another.
  above_series_ = std::max(above_series_, static_cast<SeriesId>(record_.above_series));
  // And their times: what a commit says is judged by the newest.
  if (record_.samples > 0) head_.saw_time(record_.time, record_.time);
  for (const auto& [id, row] : record_.rows) head_.saw_time(row.t, row.t);
  for (const auto& one : record_.ahead) head_.saw_time(one.row.t, one.row.t);
  for (const auto& pair : record_.pairs) {
    above_pair_ = std::max(above_pair_, pair.id + 1);
    head_.index.restore_pair(pair.id, pair.name, pair.value);
  }
  definitions_.clear();
  for (const auto& series : record_.series) definitions_.push_back({series.id, record_.pairs_of(series)});
  const std::vector<bool> taken = head_.index.restore_series(definitions_);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) continue;
    {
      const MutexLock lock(head_.commit_mutex);
      head_.logged_since.push_back(definitions_[i].id);
    }
    adopt(definitions_[i].id);
  }
}

}  // namespace tocsin::tsdb
