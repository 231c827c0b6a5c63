#include "tsdb/block_keeper.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "tsdb/block_plan.hpp"
#include "tsdb/compactor.hpp"
#include "tsdb/floor_file.hpp"
#include "tsdb/head_block.hpp"

namespace tocsin::tsdb {
namespace {

/// The largest multiple of `step` that is not above t.
Timestamp aligned(Timestamp t, std::int64_t step) {
  const Timestamp rest = t % step;
  return t - (rest < 0 ? rest + step : rest);
}

bool contains(const std::vector<block::Ulid>& all, const block::Ulid& one) {
  return std::ranges::find(all, one) != all.end();
}

/// Whether the block is there, or one that it was made into.
bool has_source(const BlockSet& set, const block::Ulid& ulid) {
  return std::ranges::any_of(set.blocks, [&](const BlockPtr& one) {
    return one->meta().ulid == ulid || contains(one->meta().compaction.sources, ulid);
  });
}

std::string ulids_text(const std::vector<block::Meta>& blocks) {
  std::vector<std::string> texts;
  for (const block::Meta& one : blocks) texts.push_back(one.ulid.text());
  return fmt::format("{}", fmt::join(texts, ","));
}

std::uint64_t folder_bytes(Fs& fs, const std::string& folder) {
  std::uint64_t bytes = 0;
  const auto names = fs.list(folder);
  if (!names) return 0;
  for (const std::string& name : *names) {
    const auto info = fs.info(folder + "/" + name);
    if (info) bytes += info->directory ? folder_bytes(fs, folder + "/" + name) : info->size;
  }
  return bytes;
}

void no_swap(const BlockSet&) {}

}  // namespace

BlockKeeper::BlockKeeper(Head& head, std::function<void(std::string)> tell)
    : head_(head),
      folder_(head.fs, head.options.path, tell),
      floor_path_(head.folder + "/floor"),
      tell_(std::move(tell)),
      retention_{to_ms(head.options.retention), head.options.retention_bytes, head.options.retention_percentage},
      rng_(Rng::from_system()) {}

Result<void> BlockKeeper::open() {
  const MutexLock lock(work_mutex_);
  TOCSIN_OK(folder_.clean());
  TOCSIN_OK(reload_locked(no_swap));
  auto record = read_floor(head_.fs, floor_path_);
  if (!record) {
    if (record.error().code != Errc::kCorrupt) return fail(std::move(record).error());
    tell_(record.error().message + "; the head shows all that its own files have");
    record = FloorRecord{};
  }
  Timestamp floor = record->floor;
  if (record->cut && has_source(*folder_.set(), record->cut->ulid)) floor = std::max(floor, record->cut->end);
  head_.floor.raise(floor);
  head_.refuse_before.store(floor, std::memory_order_relaxed);
  floor_written_ = floor == record->floor;
  return {};
}

Result<void> BlockKeeper::maintain() {
  const MutexLock lock(work_mutex_);
  TOCSIN_OK(reload_locked(no_swap));
  TOCSIN_OK(write_floor_file());
  drop_late_in_blocks();
  for (bool more = true; more;) {
    TOCSIN_TRY(more, cut_next());
  }
  for (bool more = true; more;) {
    TOCSIN_TRY(more, compact_next());
  }
  return {};
}

Result<void> BlockKeeper::reload() {
  const MutexLock lock(work_mutex_);
  return reload_locked(no_swap);
}

Result<void> BlockKeeper::reload_locked(const BlockFolder::WithSwap& with_swap) {
  auto done =
      folder_.reload([this](const auto& blocks) TOCSIN_NO_THREAD_SAFETY_ANALYSIS { return beyond(blocks); }, with_swap);
  stats_.change([&](BlockStats& stats) {
    ++stats.reloads;
    if (!done) ++stats.reload_failures;
  });
  return done;
}

/// A block that the disk refused to read is looked at again before something is done to all blocks.
/// @return kIo if there is one still.
Result<void> BlockKeeper::read_all_blocks() {
  if (!folder_.unread()) return {};
  TOCSIN_OK(reload_locked(no_swap));
  const auto unread = folder_.unread();
  if (!unread) return {};
  return fail(Errc::kIo, "block {} cannot be read now", folder_.path_of(*unread));
}

std::uint64_t BlockKeeper::size_limit(const Retention& retention) {
  if (retention.percentage > 0) {
    if (const auto capacity = head_.fs.capacity(folder_.path()); capacity && *capacity > 0) {
      return std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(static_cast<double>(*capacity) * retention.percentage / 100));
    }
  }
  return retention.bytes;
}

/// Of the files of the head: log, chunks, index.
std::uint64_t BlockKeeper::head_bytes() const {
  return folder_bytes(head_.fs, head_.folder);
}

/// What the retention does not cover any more, and what came to nothing when it was compacted.
std::set<block::Ulid> BlockKeeper::beyond(const std::vector<BlockPtr>& blocks) {
  Retention retention;
  {
    const MutexLock lock(retention_mutex_);
    retention = retention_;
  }
  std::vector<BlockAge> ages;
  for (const BlockPtr& one : blocks) {
    if (!finished_.contains(one->meta().ulid)) ages.push_back({one->meta().ulid, one->meta().max_time, one->bytes()});
  }
  std::set<block::Ulid> by_time = beyond_time(ages, retention.time_ms);
  const std::uint64_t limit = size_limit(retention);
  std::set<block::Ulid> by_size;
  if (limit > 0) by_size = beyond_size(ages, head_bytes(), limit);
  stats_.change([&](BlockStats& stats) {
    if (!by_time.empty()) ++stats.time_retentions;
    if (!by_size.empty()) ++stats.size_retentions;
  });
  by_time.merge(by_size);
  by_time.insert(finished_.begin(), finished_.end());
  return by_time;
}

Result<void> BlockKeeper::write_floor_file() {
  if (floor_written_) return {};
  TOCSIN_OK(write_floor(head_.fs, floor_path_, {head_.floor.now(), {}}));
  floor_written_ = true;
  return {};
}

block::Meta BlockKeeper::new_meta(Timestamp min, Timestamp max) {
  block::Meta meta;
  meta.ulid = block::Ulid::make(system_clock().now(), rng_);
  meta.min_time = min;
  meta.max_time = max;
  meta.compaction.sources = {meta.ulid};
  return meta;
}

/// Counts and times the making of a block.
Result<block::Meta> BlockKeeper::timed(const std::function<Result<block::Meta>()>& write) {
  stats_.change([](BlockStats& stats) { stats.writing = true; });
  const MonoTime begin = system_clock().mono();
  auto made = write();
  const double seconds = to_seconds(system_clock().mono() - begin);
  const bool failed = !made && made.error().code != Errc::kCanceled;
  stats_.change([&](BlockStats& stats) {
    stats.writing = false;
    ++stats.compactions;
    if (failed) ++stats.compactions_failed;
    stats.compaction_seconds.add(seconds);
  });
  return made;
}

/// A block that was just made must be readable before anything is given up for it.
Result<void> BlockKeeper::check_loaded(const block::Ulid& ulid) {
  if (folder_.set()->find(ulid)) return {};
  (void)head_.fs.remove_all(folder_.path_of(ulid));
  return fail(Errc::kCorrupt, "block {} could not be read after it was written", folder_.path_of(ulid));
}

Result<bool> BlockKeeper::cut_next() {
  const std::int64_t length = to_ms(head_.options.min_block_duration);
  const Timestamp first = head_.min_time();
  if (length == 0 || first == kMaxTimestamp || head_.max_time() - first <= length + length / 2) return false;
  const Timestamp begin = aligned(first, length);
  TOCSIN_OK(cut(begin, begin + length));
  return true;
}

Result<void> BlockKeeper::cut(Timestamp begin, Timestamp end) {
  {
    const MutexLock lock(head_.commit_mutex);
    if (head_.refuse_before.load(std::memory_order_relaxed) < end) head_.refuse_before.store(end);
  }
  const block::Meta meta = new_meta(std::max(begin, head_.min_time()), end);
  TOCSIN_OK(write_floor(head_.fs, floor_path_, {head_.floor.now(), FloorRecord::Cut{meta.ulid, end}}));
  floor_written_ = false;
  auto written = write_cut(meta);
  if (!written) return fail(std::move(written).error().wrap("cut the head"));
  const block::Meta& made = *written;
  if (made.stats.series == 0) {
    const Timestamp floor = end_of_gap(end);
    TOCSIN_OK(reload_locked([&](const BlockSet&) { head_.floor.raise(floor); }));  // there may be late samples' blocks
  } else {
    auto reloaded = reload_locked([&](const BlockSet& set) {
      if (set.find(meta.ulid)) head_.floor.raise(end);
    });
    TOCSIN_OK(check_loaded(meta.ulid));
    TOCSIN_OK(reloaded);
    stats_.change([](BlockStats& stats) { ++stats.cuts; });
    log::info("tsdb", "wrote a block of the head",
              {{"ulid", meta.ulid.text()},
               {"mint", begin},
               {"maxt", end},
               {"series", made.stats.series},
               {"samples", made.stats.samples}});
  }
  late_cut_.before = end;
  late_dropped_ = false;
  return write_floor_file();
}

/// An empty span may be one of very many: the end of those from `begin` on that are empty, too, and too old for samples
/// that may still come.
Timestamp BlockKeeper::end_of_gap(Timestamp begin) {
  const std::int64_t length = to_ms(head_.options.min_block_duration);
  const std::int64_t age = std::max(length / 2, to_ms(head_.options.max_age));
  const Timestamp most = aligned(head_.max_time() - age, length);
  if (most <= begin) return begin;
  std::unique_ptr<const ReadView> view;
  {
    const MutexLock lock(head_.commit_mutex);
    if (head_.refuse_before.load(std::memory_order_relaxed) < most) head_.refuse_before.store(most);
    view = std::make_unique<const ReadView>(head_);
  }
  return std::clamp(aligned(first_sample_from(head_, *view, begin), length), begin, most);
}

/// The block of the samples from meta.min_time on, and before it blocks of late samples of earlier times.
Result<block::Meta> BlockKeeper::write_cut(const block::Meta& meta) {
  const std::int64_t length = to_ms(head_.options.min_block_duration);
  ChunkRef chunks_end = 0;
  std::unique_ptr<const ReadView> view;
  {
    const MutexLock lock(head_.commit_mutex);
    chunks_end = head_.files.end();
    view = std::make_unique<const ReadView>(head_);
  }
  // The block is durable before the log may be: of no commit it may have a part that the log does not have.
  TOCSIN_OK(head_.wal.sync());
  const auto late_meta = [this](Timestamp min, Timestamp max)
                             TOCSIN_NO_THREAD_SAFETY_ANALYSIS { return new_meta(min, max); };
  TOCSIN_TRY(const auto late,
             write_late_blocks(head_, *view, late_cut_, meta.min_time, length, late_meta, folder_.path(), stop_));
  late_cut_ = {view->snapshot->commit(), chunks_end, meta.min_time};
  if (!late.empty()) log::info("tsdb", "wrote blocks of late samples", {{"ulids", ulids_text(late)}});
  return timed([&] { return write_head_block(head_, *view, meta, folder_.path(), stop_); });
}

/// When nobody reads them from the head any more.
void BlockKeeper::drop_late_in_blocks() {
  if (late_dropped_ || head_.floor.oldest_held() < late_cut_.before) return;
  drop_late(head_, late_cut_);
  head_.late_in_blocks_before_file.store(chunk_file(late_cut_.chunks_end));
  late_dropped_ = true;
}

Result<bool> BlockKeeper::compact_next() {
  const std::int64_t length = to_ms(head_.options.min_block_duration);
  if (length == 0) return false;
  const auto ranges = block_ranges(length, std::max(length, to_ms(head_.options.max_block_duration)));
  std::vector<block::Meta> metas = folder_.set()->metas();
  for (block::Meta& one : metas) one.compaction.failed |= failed_.contains(one.ulid);
  const auto is_failed = [](const block::Meta& one) { return one.compaction.failed; };
  auto planned = plan_compaction(metas, ranges);
  if (std::ranges::any_of(planned, is_failed)) {
    std::erase_if(metas, is_failed);  // the others need not wait for them
    planned = plan_compaction(metas, ranges);
  }
  if (planned.empty()) return false;
  stats_.change([&](BlockStats& stats) {
    ++stats.compactions_triggered;
    if (any_overlap(planned)) ++stats.vertical_compactions;
  });
  TOCSIN_OK(compact(planned, compacted_meta(new_meta(0, 0).ulid, planned)));
  return true;
}

Result<void> BlockKeeper::compact(const std::vector<block::Meta>& from, const block::Meta& to) {
  const BlockSetPtr set = folder_.set();
  std::vector<BlockPtr> blocks;
  for (const block::Meta& one : from) {
    if (BlockPtr block = set->find(one.ulid)) blocks.push_back(std::move(block));
  }
  auto made = timed([&] { return merge_blocks(head_.fs, folder_.path(), blocks, to, stop_); });
  if (!made) {
    if (made.error().code == Errc::kCorrupt || made.error().code == Errc::kInvalid) mark_failed(from);
    return fail(std::move(made).error().wrap("compact blocks " + ulids_text(from)));
  }
  if (made->stats.series == 0) {
    for (const block::Meta& one : from) finished_.insert(one.ulid);
    TOCSIN_OK(reload_locked(no_swap));
  } else {
    auto reloaded = reload_locked(no_swap);
    if (auto loaded = check_loaded(to.ulid); !loaded) {
      mark_failed(from);
      return loaded;
    }
    TOCSIN_OK(reloaded);
  }
  log::info("tsdb", "compacted blocks",
            {{"count", from.size()},
             {"mint", to.min_time},
             {"maxt", to.max_time},
             {"ulid", made->stats.series == 0 ? "none is left" : to.ulid.text()},
             {"sources", ulids_text(from)}});
  return {};
}

/// So that it is not tried again and again, by whoever has the folder. That it cannot be written down is no harm.
void BlockKeeper::mark_failed(const std::vector<block::Meta>& blocks) {
  for (block::Meta one : blocks) {
    failed_.insert(one.ulid);
    one.compaction.failed = true;
    (void)head_.fs.write_file_atomic(folder_.path_of(one.ulid) + "/meta.json", block::meta_json(one));
  }
}

Result<void> BlockKeeper::remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) {
  const MutexLock lock(work_mutex_);
  const auto all_read = read_all_blocks();
  for (const BlockPtr& one : folder_.set()->overlapping(start, end)) {
    TOCSIN_TRY(const auto refs, one->select(matchers));
    block::Tombstones more;
    block::Interval touched{kMaxTimestamp, kMinTimestamp};
    std::vector<block::ChunkMeta> chunks;
    for (const block::SeriesRef ref : refs) {
      TOCSIN_OK(one->series(ref, nullptr, &chunks));
      const bool meets = std::ranges::any_of(
          chunks, [&](const block::ChunkMeta& chunk) { return chunk.min_time <= end && chunk.max_time >= start; });
      if (!meets) continue;
      const block::Interval deleted{std::max(start, chunks.front().min_time), std::min(end, chunks.back().max_time)};
      block::add_interval(more[ref], deleted);
      touched = {std::min(touched.min, deleted.min), std::max(touched.max, deleted.max)};
    }
    if (more.empty()) continue;
    auto removed = one->remove(more);
    // Feeds do not watch series that blocks alone have. If it failed nothing, or all, may be deleted.
    const MutexLock commits(head_.commit_mutex);
    head_.feeds.rewrote_all(touched.min, touched.max);
    TOCSIN_OK(removed);
  }
  if (!all_read) return fail(Error(all_read.error()).wrap("not all is deleted"));
  return {};
}

Result<void> BlockKeeper::clean_tombstones() {
  const MutexLock lock(work_mutex_);
  const MonoTime begin = system_clock().mono();
  Result<void> done;
  for (const BlockPtr& one : folder_.set()->blocks) {
    if (one->tombstones()->empty()) continue;
    const block::Meta& meta = one->meta();
    block::Meta to = compacted_meta(new_meta(0, 0).ulid, {meta});
    to.compaction.level = meta.compaction.level;
    done = compact({meta}, to);
    if (!done) break;
  }
  const double seconds = to_seconds(system_clock().mono() - begin);
  stats_.change([&](BlockStats& stats) { stats.tombstone_cleanup_seconds.add(seconds); });
  if (!done) return fail(std::move(done).error().wrap("clean tombstones"));
  return done;
}

void BlockKeeper::set_retention(const Retention& retention) {
  const MutexLock lock(retention_mutex_);
  retention_ = retention;
}

BlockStats BlockKeeper::stats() const {
  BlockStats stats = stats_.get();
  const BlockSetPtr set = folder_.set();
  stats.blocks = set->blocks.size();
  stats.bytes = set->bytes;
  for (const auto& one : set->blocks) stats.restart_points_bytes += one->restart_points_bytes();
  if (!set->blocks.empty()) stats.min_time = set->blocks.front()->meta().min_time;
  const MutexLock lock(retention_mutex_);
  stats.retention_ms = retention_.time_ms;
  stats.retention_bytes = retention_.bytes;
  stats.retention_percentage = retention_.percentage;
  return stats;
}

}  // namespace tocsin::tsdb
