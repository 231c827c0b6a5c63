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
  std::string head, groups;       // of the series at hand
  std::string body;               // of its record
  std::string records;            // of series whose rows are not written yet
  std::vector<std::size_t> rows;  // where they begin in it

  Result<void> append(std::string_view bytes) {
    if (!file) {
      TOCSIN_TRY(file, BufferedFile::create(fs, path));
      TOCSIN_OK(file->append(kMagic));
    }
    return file->append(bytes);
  }

  /// @return where they stand; 0 if there are none.
  Result<std::uint64_t> put_details(Chunks chunks) {
    head.clear();
    groups.clear();
    EntryCoder coarse;
    const std::size_t count = groups_of(chunks.size());
    for (std::size_t g = 0; g < count; ++g) {
      const Chunks group = chunks.subspan(g * kGroupChunks, std::min(kGroupChunks, chunks.size() - g * kGroupChunks));
      if (count > 1) coarse.put(combine_all(group), head);
      const std::size_t before = groups.size();
      if (chunks.size() > 1) put_chunks(group, groups);  // one chunk is the whole
      const std::size_t between = groups.size();
      if (put_starts(group, groups)) flags |= kHasStarts;
      put_varint(head, between - before);
      put_varint(head, groups.size() - between);
    }
    if (groups.empty()) return 0;
    put_crc(head, 0);
    std::string length;
    put_varint(length, head.size());
    TOCSIN_OK(append(length));
    const std::uint64_t at = file->position() - length.size();
    TOCSIN_OK(append(head));
    TOCSIN_OK(append(groups));
    return at;
  }

  void put_record(std::uint64_t ref, const model::Labels& labels, Chunks chunks, std::uint64_t details) {
    if (series % kRowSeries == 0) {
      put_u40(directory, ref);
      put_u40(directory, 0);  // known when the row is written
      rows.push_back(records.size());
    }
    body.clear();
    put_varint(body, ref);
    put_fixed(body, crc32c(labels.encoded()));
    put_varint(body, chunks.size());
    put_varint(body, details);
    EntryCoder whole;
    whole.put(combine_all(chunks), body);
    const std::size_t from = records.size();
    put_varint(records, body.size());
    records += body;
    put_crc(records, from);
    ++series;
  }

  Result<void> put_rows() {
    TOCSIN_OK(append(""));
    std::size_t entry = directory.size() / kEntryBytes - rows.size();
    for (const std::size_t row : rows) {
      std::string offset;
      put_u40(offset, file->position() + row);
      directory.replace(entry++ * kEntryBytes + kEntryBytes / 2, offset.size(), offset);
    }
    TOCSIN_OK(append(records));
    records.clear();
    rows.clear();
    return {};
  }
};

SidecarWriter::SidecarWriter(Fs& fs, std::string path)
    : impl_(std::make_unique<Impl>(Impl{fs, std::move(path), {}, {}, 0, 0, {}, {}, {}, {}, {}})) {}
SidecarWriter::~SidecarWriter() = default;

Result<void> SidecarWriter::add(std::uint64_t series_ref, const model::Labels& labels, Chunks chunks) {
  if (chunks.empty()) return {};
  TOCSIN_TRY(const std::uint64_t details, impl_->put_details(chunks));
  impl_->put_record(series_ref, labels, chunks, details);
  return impl_->series % kRunSeries == 0 ? impl_->put_rows() : Result<void>();
}

Result<void> SidecarWriter::finish(std::uint32_t index_crc) {
  Impl& out = *impl_;
  if (out.series == 0) return {};
  TOCSIN_OK(out.put_rows());
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
