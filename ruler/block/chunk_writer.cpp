#include "block/chunk_writer.hpp"

#include "block/format.hpp"

namespace tocsin::block {

Result<void> ChunkWriter::next_segment() {
  if (file_) TOCSIN_OK(file_->finish());
  TOCSIN_TRY(file_, BufferedFile::create(fs_, fmt::format("{}/{:06}", folder_, ++segments_)));
  std::string header;
  put_be32(header, kChunksMagic);
  header += static_cast<char>(kChunksVersion);
  header.resize(kChunksHeaderBytes);
  return file_->append(header);
}

Result<std::uint64_t> ChunkWriter::add(const chunkenc::EncodedChunk& chunk) {
  record_.clear();
  put_varint(record_, chunk.data.size());
  const std::size_t body = record_.size();
  record_ += static_cast<char>(chunk.encoding);
  record_ += chunk.data;
  put_be32(record_, crc32c(std::string_view(record_).substr(body)));
  const bool full =
      file_ && file_->position() > kChunksHeaderBytes && file_->position() + record_.size() > segment_bytes_;
  if (!file_ || full) TOCSIN_OK(next_segment());
  const std::uint64_t ref = (segments_ - 1) << 32U | file_->position();
  TOCSIN_OK(file_->append(record_));
  return ref;
}

Result<void> ChunkWriter::finish() {
  return file_ ? file_->finish() : Result<void>();
}

}  // namespace tocsin::block
