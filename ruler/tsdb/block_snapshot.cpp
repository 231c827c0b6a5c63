// BlockKeeper::snapshot(): the blocks by hard links, the head as one more block.
#include <algorithm>

#include "tsdb/block_keeper.hpp"
#include "tsdb/head_block.hpp"

namespace tocsin::tsdb {
namespace {

/// A second name, or a copy where the file system has none.
Result<void> link_or_copy(Fs& fs, const std::string& from, const std::string& to) {
  auto linked = fs.link(from, to);
  if (linked || linked.error().code != Errc::kIo) return linked;
  TOCSIN_TRY(const auto mapped, fs.map(from));
  TOCSIN_TRY(const auto out, fs.open_append(to));
  TOCSIN_OK(out->truncate(0));
  TOCSIN_OK(out->append(mapped->bytes()));
  return out->sync();
}

Result<void> link_files(Fs& fs, const std::string& from, const std::string& to) {
  TOCSIN_OK(fs.create_directories(to));
  TOCSIN_TRY(const auto names, fs.list(from));
  for (const std::string& name : names) {
    TOCSIN_TRY(const FileInfo info, fs.info(from + "/" + name));
    if (name.ends_with(".tmp")) continue;  // of a write that is not finished
    if (info.directory) {
      TOCSIN_OK(link_files(fs, from + "/" + name, to + "/" + name));
    } else {
      TOCSIN_OK(link_or_copy(fs, from + "/" + name, to + "/" + name));
    }
  }
  return fs.sync_directory(to);
}

}  // namespace

Result<void> BlockKeeper::snapshot(const std::string& folder, bool with_head) {
  const std::size_t slash = folder.rfind('/');
  if (folder == folder_.path()) return fail(Errc::kInvalid, "cannot snapshot into base directory");
  if (block::Ulid::parse(slash == std::string::npos ? folder : folder.substr(slash + 1))) {
    return fail(Errc::kInvalid, "dir must not be a valid ULID");
  }
  const MutexLock lock(work_mutex_);
  TOCSIN_OK(read_all_blocks());
  TOCSIN_OK(head_.fs.create_directories(folder));
  for (const BlockPtr& one : folder_.set()->blocks) {
    if (auto linked = link_files(head_.fs, one->path(), folder + "/" + one->meta().ulid.text()); !linked) {
      return fail(std::move(linked).error().wrap("error snapshotting block: " + one->path()));
    }
  }
  TOCSIN_OK(head_.fs.sync_directory(folder));
  if (!with_head || head_.min_time() > head_.max_time()) return {};
  const ReadView view(head_);
  const block::Meta meta = new_meta(head_.min_time(), head_.max_time() + 1);
  // Late samples of before it, which no block has yet.
  const std::int64_t length = std::max(to_ms(head_.options.min_block_duration), to_ms(std::chrono::hours(2)));
  const auto late_meta = [this](Timestamp min, Timestamp max)
                             TOCSIN_NO_THREAD_SAFETY_ANALYSIS { return new_meta(min, max); };
  TOCSIN_OK(write_late_blocks(head_, view, late_cut_, meta.min_time, length, late_meta, folder, stop_));
  auto written = timed([&] { return write_head_block(head_, view, meta, folder, stop_); });
  if (!written) return fail(std::move(written).error().wrap("snapshot head block"));
  return {};
}

}  // namespace tocsin::tsdb
