#include <optional>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "block/buffered_file.hpp"
#include "block/sidecar.hpp"
#include "block/sidecar_format.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::block {
namespace {

using namespace sidecar;
using Chunks = std::span<const chunkenc::EncodedChunk>;
using storage::ChunkSummary;

void put_u40(std::string& out, std::uint64_t value) {
  put_fixed(out, static_cast<std::uint32_t>(value));
  put_fixed(out, static_cast<std::uint8_t>(value >> 32U));
}

/// A summary with its time, which is coded as the distance from the last one's.
class EntryCoder {
 public:
  void put(const ChunkSummary& summary, std::string& out) {
    put_signed(out, wrapping_sub(summary.first_time, last_));
    chunkenc::encode_summary(summary, out);
    last_ = summary.last_time;
  }

 private:
  Timestamp last_ = 0;
};

/// Of a chunk that has no summary of its floats, only the times count.
ChunkSummary summary_of(const chunkenc::EncodedChunk& chunk) {
  const ChunkSummary& s = chunk.summary;
  const bool floats = chunk.encoding == chunkenc::Encoding::kXor || chunk.encoding == chunkenc::Encoding::kXor2;
  if (floats && s.known() && s.first_time == chunk.first_time && s.last_time == chunk.last_time) return s;
  ChunkSummary unknown;
  unknown.first_time = unknown.first_at = chunk.first_time;
  unknown.last_time = unknown.last_at = chunk.last_time;
  return unknown;
}

ChunkSummary combine_all(Chunks chunks) {
  ChunkSummary all = summary_of(chunks.front());
  for (const auto& chunk : chunks.subspan(1)) all = chunkenc::combine(all, summary_of(chunk));
  return all;
}

void put_crc(std::string& out, std::size_t from) {
  put_fixed(out, crc32c(std::string_view(out).substr(from)));
}

/// The summaries of a group, with checksum.
void put_chunks(Chunks group, std::string& out) {
  const std::size_t from = out.size();
  EntryCoder coder;
  for (const auto& chunk : group) coder.put(summary_of(chunk), out);
  put_crc(out, from);
}

/// For each chunk the number of its runs, then (length, start - the one before) of each; with checksum. Nothing if no
/// sample has a start.
bool put_starts(Chunks group, std::string& out) {
  const std::size_t from = out.size();
  bool any = false;
  Timestamp before = 0;
  std::string runs;
  for (const auto& chunk : group) {
    std::size_t count = 0;
    runs.clear();
    for (std::size_t i = 0; i < chunk.starts.size();) {
      std::size_t end = i + 1;
      while (end < chunk.starts.size() && chunk.starts[end] == chunk.starts[i]) ++end;
      put_varint(runs, end - i);
      put_signed(runs, wrapping_sub(chunk.starts[i], before));
      before = chunk.starts[i];
      ++count;
      i = end;
    }
    any = any || count > 0;
    put_varint(out, count);
    out += runs;
  }
  if (any) {
    put_crc(out, from);
  } else {
    out.resize(from);
  }
  return any;
}

}  // namespace

struct SidecarWriter::Impl {
  Fs& fs;
  std::string path;
  std::optional<BufferedFile> file;
  std::string directory;
  std::uint64_t series = 0;
  std::uint32_t flags = 0;
  std::string head, groups;  // of the series at hand

  Result<void> append(std::string_view bytes) {
    if (!file) {
      TOCSIN_TRY(file, BufferedFile::create(fs, path));
      TOCSIN_OK(file->append(kMagic));
    }
    return file->append(bytes);
  }
};

SidecarWriter::SidecarWriter(Fs& fs, std::string path)
    : impl_(std::make_unique<Impl>(Impl{fs, std::move(path), {}, {}, 0, 0, {}, {}})) {}
SidecarWriter::~SidecarWriter() = default;

Result<void> SidecarWriter::add(std::uint64_t series_ref, Chunks chunks) {
  if (chunks.empty()) return {};
  Impl& out = *impl_;
  out.head.clear();
  out.groups.clear();
  put_varint(out.head, chunks.size());
  EntryCoder whole;
  whole.put(combine_all(chunks), out.head);
  EntryCoder coarse;
  const std::size_t groups = groups_of(chunks.size());
  for (std::size_t g = 0; g < groups; ++g) {
    const Chunks group = chunks.subspan(g * kGroupChunks, std::min(kGroupChunks, chunks.size() - g * kGroupChunks));
    if (groups > 1) coarse.put(combine_all(group), out.head);
    const std::size_t before = out.groups.size();
    if (chunks.size() > 1) put_chunks(group, out.groups);  // one chunk is the whole
    const std::size_t between = out.groups.size();
    if (put_starts(group, out.groups)) out.flags |= kHasStarts;
    put_varint(out.head, between - before);
    put_varint(out.head, out.groups.size() - between);
  }
  put_crc(out.head, 0);
  std::string length;
  put_varint(length, out.head.size());

  TOCSIN_OK(out.append(length));
  put_u40(out.directory, series_ref);
  put_u40(out.directory, out.file->position() - length.size());
  ++out.series;
  TOCSIN_OK(out.append(out.head));
  return out.append(out.groups);
}

Result<void> SidecarWriter::finish(std::uint32_t index_crc) {
  Impl& out = *impl_;
  if (!out.file) return {};
  const std::uint64_t directory = out.file->position();
  put_fixed(out.directory, directory);
  put_fixed(out.directory, out.series);
  put_fixed(out.directory, index_crc);
  put_fixed(out.directory, out.flags);
  put_crc(out.directory, 0);
  TOCSIN_OK(out.append(out.directory));
  return out.file->finish();
}

}  // namespace tocsin::block
