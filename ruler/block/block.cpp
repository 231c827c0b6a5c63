#include "block/block.hpp"

#include <algorithm>
#include <set>

#include "base/thread_annotations.hpp"
#include "block/chunk_reader.hpp"
#include "block/format.hpp"
#include "block/index_reader.hpp"
#include "block/restart_points.hpp"
#include "block/select.hpp"
#include "block/sidecar.hpp"

namespace tocsin::block {
namespace {

/// Larger than any that was seen by far (a few KiB), and small enough to be read whole.
constexpr std::size_t kMaxMetaBytes = 16U << 20U;
constexpr std::size_t kMaxTombstonesBytes = 1U << 30U;

/// A file that is missing is a defect of the block.
template <typename T>
Result<T> needed(Result<T> result) {
  if (!result && result.error().code == Errc::kNotFound) result.error().code = Errc::kCorrupt;
  return result;
}

Result<Tombstones> read_tombstones(Fs& fs, const std::string& path, std::uint64_t& bytes) {
  auto text = fs.read_file(path, kMaxTombstonesBytes);
  if (!text && text.error().code == Errc::kNotFound) return Tombstones();
  if (!text) return fail(std::move(text).error());
  bytes = text->size();
  auto parsed = parse_tombstones(*text);
  if (!parsed) return fail(std::move(parsed).error().wrap(path));
  return parsed;
}

}  // namespace

struct Block::Changing {
  Mutex writing;  // one remove() after the other
  mutable Mutex mutex;
  std::shared_ptr<const Tombstones> tombstones TOCSIN_GUARDED_BY(mutex);
  std::uint64_t tombstones_bytes TOCSIN_GUARDED_BY(mutex) = 0;
  std::set<std::uint64_t> damaged TOCSIN_GUARDED_BY(mutex);
};

Block::Block() : changing_(std::make_unique<Changing>()) {}
Block::~Block() = default;

Result<std::shared_ptr<Block>> Block::open(Fs& fs, std::string path) {
  std::shared_ptr<Block> block(new Block);
  block->fs_ = &fs;
  block->path_ = std::move(path);
  const std::string meta_path = block->path_ + "/" + kMetaFile;
  TOCSIN_TRY(const std::string meta_text, needed(fs.read_file(meta_path, kMaxMetaBytes)));
  auto meta = parse_meta(meta_text);
  if (!meta) return fail(std::move(meta).error().wrap(meta_path));
  block->meta_ = std::move(*meta);
  TOCSIN_TRY(block->index_, needed(IndexReader::open(fs, block->path_ + "/" + kIndexFile)));
  TOCSIN_TRY(block->chunks_, needed(ChunkReader::open(fs, block->path_ + "/" + kChunksFolder)));
  const std::uint64_t series = std::max<std::uint64_t>(1, block->meta_.stats.series);
  block->restart_points_ = std::make_unique<RestartPoints>(block->index_->bytes() / kSeriesAlign / series);
  auto sidecar = SidecarReader::open(fs, block->path_ + "/" + kSidecarFile, block->index_->toc_crc());
  if (sidecar) {
    block->sidecar_ = std::move(*sidecar);
    block->fixed_bytes_ += block->sidecar_->bytes();
  } else if (sidecar.error().code != Errc::kNotFound) {
    block->sidecar_defect_ = std::move(sidecar).error().message;
  }
  std::uint64_t tombstones_bytes = 0;
  TOCSIN_TRY(Tombstones tombstones, read_tombstones(fs, block->path_ + "/" + kTombstonesFile, tombstones_bytes));
  block->fixed_bytes_ += meta_text.size() + block->index_->bytes() + block->chunks_->bytes();
  const MutexLock lock(block->changing_->mutex);
  block->changing_->tombstones = std::make_shared<const Tombstones>(std::move(tombstones));
  block->changing_->tombstones_bytes = tombstones_bytes;
  return block;
}

std::uint64_t Block::bytes() const {
  const MutexLock lock(changing_->mutex);
  return fixed_bytes_ + changing_->tombstones_bytes;
}

std::size_t Block::restart_points_bytes() const {
  return restart_points_->bytes();
}

int Block::index_version() const {
  return index_->version();
}

Result<std::vector<SeriesRef>> Block::select(std::span<const model::Matcher> matchers) const {
  return select_series(*index_, matchers);
}

Result<void> Block::series(SeriesRef ref, model::Labels* labels, std::vector<ChunkMeta>* chunks) const {
  return index_->series(ref, labels, chunks);
}

Result<ChunkData> Block::chunk(std::uint64_t ref) const {
  return chunks_->chunk(ref);
}

Result<std::vector<std::string>> Block::label_names() const {
  std::vector<std::string> names;
  for (const IndexReader::Name& name : index_->names()) {
    if (!name.name.empty()) names.emplace_back(name.name);
  }
  return names;
}

Result<std::vector<std::string>> Block::label_values(std::string_view name) const {
  std::vector<std::string> values;
  const IndexReader::Name* const found = name.empty() ? nullptr : index_->find_name(name);
  if (!found) return values;
  values.reserve(found->values);
  TOCSIN_OK(index_->each_value(*found, "", [&](std::string_view value, std::uint64_t) {
    values.emplace_back(value);
    return true;
  }));
  return values;
}

Result<void> Block::symbols(const std::function<void(std::string_view)>& each) const {
  return index_->symbols(each);
}

std::shared_ptr<const Tombstones> Block::tombstones() const {
  const MutexLock lock(changing_->mutex);
  return changing_->tombstones;
}

Result<void> Block::remove(const Tombstones& more) {
  const MutexLock writing(changing_->writing);
  Tombstones all = *tombstones();
  for (const auto& [ref, intervals] : more) {
    for (const Interval& interval : intervals) add_interval(all[ref], interval);
  }
  const std::string bytes = encode_tombstones(all);
  const std::string file = path_ + "/" + kTombstonesFile;
  auto written = fs_->write_file_atomic(file, bytes);
  if (!written) {
    // It may have failed when the file was there. Then the next start would see it, and so must whoever reads now.
    const auto there = fs_->read_file(file, kMaxTombstonesBytes);
    if (!there || *there != bytes) return written;
    written = fs_->sync_directory(path_);
  }
  Meta meta = meta_;
  meta.stats.tombstones = count_intervals(all);
  {
    const MutexLock lock(changing_->mutex);
    changing_->tombstones = std::make_shared<const Tombstones>(std::move(all));
    changing_->tombstones_bytes = bytes.size();
  }
  if (!written) return fail(std::move(written).error().wrap("the samples are deleted, but a power cut may undo it"));
  (void)fs_->write_file_atomic(path_ + "/" + kMetaFile, meta_json(meta));
  return {};
}

bool Block::note_damaged(std::uint64_t chunk_ref) const {
  const MutexLock lock(changing_->mutex);
  return changing_->damaged.insert(chunk_ref).second;
}

std::size_t Block::damaged_chunks() const {
  const MutexLock lock(changing_->mutex);
  return changing_->damaged.size();
}

}  // namespace tocsin::block
