#include "block/writer.hpp"

#include <optional>

#include "block/chunk_writer.hpp"
#include "block/format.hpp"
#include "block/index_writer.hpp"
#include "block/sidecar.hpp"
#include "block/tombstones.hpp"

namespace tocsin::block {
namespace {

class BlockWriter final : public Writer {
 public:
  BlockWriter(Fs& fs, const std::string& folder, Meta meta, const Options& options)
      : fs_(fs),
        folder_(folder),
        final_path_(folder + "/" + meta.ulid.text()),
        path_(final_path_ + kCreationSuffix),
        meta_(std::move(meta)),
        chunks_(fs, path_ + "/" + kChunksFolder, options.segment_bytes) {
    meta_.stats = {};
    if (options.sidecar) sidecar_.emplace(fs, path_ + "/" + kSidecarFile);
  }

  ~BlockWriter() override {
    if (!path_.empty()) (void)fs_.remove_all(path_);  // a later start removes what cannot be removed now
  }

  Result<void> begin() {
    if (fs_.exists(final_path_)) {
      path_.clear();
      return fail(Errc::kExists, "block {} is there already", final_path_);
    }
    TOCSIN_OK(fs_.remove_all(path_));
    TOCSIN_OK(fs_.create_directories(path_ + "/" + kChunksFolder));
    TOCSIN_TRY(index_, IndexWriter::create(fs_, path_ + "/" + kIndexFile));
    return {};
  }

  Result<void> symbols(std::span<const std::string_view> sorted) override { return index_->symbols(sorted); }

  Result<void> add(const model::Labels& labels, std::span<const chunkenc::EncodedChunk> chunks) override {
    TOCSIN_OK(check_times(labels, chunks));
    metas_.clear();
    for (const chunkenc::EncodedChunk& chunk : chunks) {
      TOCSIN_TRY(const std::uint64_t ref, chunks_.add(chunk));
      metas_.push_back({chunk.first_time, chunk.last_time, ref});
      const bool is_float = chunk.encoding == chunkenc::Encoding::kXor || chunk.encoding == chunkenc::Encoding::kXor2;
      (is_float ? meta_.stats.float_samples : meta_.stats.histogram_samples) += chunk.count;
      meta_.stats.samples += chunk.count;
    }
    TOCSIN_TRY(const SeriesRef ref, index_->add(labels, metas_));
    if (sidecar_) TOCSIN_OK(sidecar_->add(ref, labels, chunks));
    ++meta_.stats.series;
    meta_.stats.chunks += chunks.size();
    return {};
  }

  Result<Meta> finish() override {
    if (meta_.stats.series == 0) return meta_;  // the destructor removes the folder
    TOCSIN_OK(chunks_.finish());
    TOCSIN_TRY(const std::uint32_t index_crc, index_->finish());
    if (sidecar_) TOCSIN_OK(sidecar_->finish(index_crc));
    TOCSIN_OK(fs_.write_file_atomic(path_ + "/" + kTombstonesFile, encode_tombstones({})));
    TOCSIN_OK(fs_.write_file_atomic(path_ + "/" + kMetaFile, meta_json(meta_)));
    TOCSIN_OK(fs_.sync_directory(path_ + "/" + kChunksFolder));
    TOCSIN_OK(fs_.sync_directory(path_));
    TOCSIN_OK(fs_.rename(path_, final_path_));
    path_.clear();
    TOCSIN_OK(fs_.sync_directory(folder_));
    return meta_;
  }

 private:
  Result<void> check_times(const model::Labels& labels, std::span<const chunkenc::EncodedChunk> chunks) const {
    if (chunks.empty()) return fail(Errc::kInvalid, "series {}: no chunks", labels.to_series());
    const chunkenc::EncodedChunk* last = nullptr;
    for (const chunkenc::EncodedChunk& chunk : chunks) {
      if (chunk.first_time > chunk.last_time || (last && chunk.first_time <= last->last_time)) {
        return fail(Errc::kInvalid, "series {}: chunk of {} to {} is not after the one before it", labels.to_series(),
                    chunk.first_time, chunk.last_time);
      }
      if (chunk.first_time < meta_.min_time || chunk.last_time >= meta_.max_time) {
        return fail(Errc::kInvalid, "series {}: chunk of {} to {} is not within the block's {} to {}",
                    labels.to_series(), chunk.first_time, chunk.last_time, meta_.min_time, meta_.max_time);
      }
      last = &chunk;
    }
    return {};
  }

  Fs& fs_;
  const std::string folder_;
  const std::string final_path_;
  std::string path_;  // "" when the block has its name
  Meta meta_;
  ChunkWriter chunks_;
  std::optional<IndexWriter> index_;
  std::optional<SidecarWriter> sidecar_;
  std::vector<ChunkMeta> metas_;
};

}  // namespace

Result<std::unique_ptr<Writer>> Writer::create(Fs& fs, std::string folder, Meta meta, Options options) {
  auto writer = std::make_unique<BlockWriter>(fs, folder, std::move(meta), options);
  TOCSIN_OK(writer->begin());
  return writer;
}

}  // namespace tocsin::block
