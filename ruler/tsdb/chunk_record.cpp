#include "tsdb/chunk_record.hpp"

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/hash.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kMagic = "TOCSCHK1";
constexpr std::uint8_t kLate = 64;       // added to the encoding
constexpr std::size_t kPrefixBytes = 6;  // checksum u32, header length u16

void encode_previous(ChunkRef self, ChunkRef previous, std::string& out) {
  if (previous == 0) {
    put_varint(out, 0);
    return;
  }
  const std::uint32_t files_back = chunk_file(self) - chunk_file(previous);
  put_varint(out, std::uint64_t{files_back} + 1);
  put_varint(out, files_back == 0 ? chunk_offset(self) - chunk_offset(previous) : chunk_offset(previous));
}

/// 0 also for what cannot be: a chunk before the beginning, or not before `self`.
ChunkRef decode_previous(ChunkRef self, ByteReader& in) {
  const std::uint32_t distance = in.varint32();
  if (distance == 0) return 0;
  const std::uint32_t offset = in.varint32();
  const std::uint32_t files_back = distance - 1;
  if (files_back >= chunk_file(self)) return 0;
  if (files_back > 0) return make_chunk_ref(chunk_file(self) - files_back, offset);
  if (offset == 0 || offset >= chunk_offset(self)) return 0;
  return make_chunk_ref(chunk_file(self), chunk_offset(self) - offset);
}

}  // namespace

bool ChunkView::data_intact() const {
  return crc32c(data) == data_crc;
}

void encode_chunk(ChunkRef self, const ChunkHeader& header, std::string_view data, std::string& out) {
  const std::size_t start = out.size();
  out.append(kPrefixBytes, '\0');
  put_varint(out, data.size());
  put_fixed(out, static_cast<std::uint8_t>(static_cast<std::uint8_t>(header.encoding) + (header.late ? kLate : 0)));
  put_varint(out, header.count);
  put_varint(out, header.series);
  encode_previous(self, header.previous, out);
  put_signed(out, header.first_time);
  if (header.encoding == ChunkEncoding::kXor) {
    chunkenc::encode_summary(header.summary, out);
  } else {
    put_varint(out, static_cast<std::uint64_t>(wrapping_sub(header.last_time, header.first_time)));
  }
  put_fixed(out, crc32c(data));
  const std::size_t header_bytes = out.size() - start - kPrefixBytes;
  check(header_bytes <= 0xffff, "BUG: chunk header too long");
  const auto length = static_cast<std::uint16_t>(header_bytes);
  std::memcpy(out.data() + start + 4, &length, sizeof length);
  const std::uint32_t crc = crc32c(std::string_view(out).substr(start + 4));
  std::memcpy(out.data() + start, &crc, sizeof crc);
  out += data;
}

bool parse_chunk(ChunkRef self, std::string_view bytes, ChunkView& out) {
  ByteReader prefix(bytes);
  const auto crc = prefix.fixed<std::uint32_t>();
  const auto length = prefix.fixed<std::uint16_t>();
  const std::string_view body = prefix.take(length);
  if (prefix.failed() || length == 0 || crc32c(bytes.substr(4, 2U + length)) != crc) return false;

  ByteReader in(body);
  ChunkHeader& header = out.header;
  const std::uint64_t data_bytes = in.varint();
  const auto encoding = in.fixed<std::uint8_t>();
  header.late = (encoding & kLate) != 0;
  header.encoding = static_cast<ChunkEncoding>(encoding & ~kLate);
  header.count = in.varint32();
  header.series = in.varint32();
  header.previous = decode_previous(self, in);
  header.first_time = in.signed_varint();
  if (header.encoding == ChunkEncoding::kXor) {
    header.summary = chunkenc::decode_summary(header.first_time, in);
    header.last_time = header.summary.last_time;
  } else {
    header.last_time = wrapping_add(header.first_time, static_cast<std::int64_t>(in.varint()));
  }
  out.data_crc = in.fixed<std::uint32_t>();
  if (in.failed() || !in.at_end() || header.count == 0) return false;
  if (header.encoding != ChunkEncoding::kXor && header.encoding != ChunkEncoding::kRows &&
      !is_histogram_encoding(header.encoding)) {
    return false;
  }
  if (data_bytes > prefix.left()) return false;
  out.data = prefix.take(data_bytes);
  out.record_bytes = kPrefixBytes + length + data_bytes;
  return true;
}

std::string chunk_file_header(std::uint32_t file) {
  std::string out(kMagic);
  put_fixed(out, file);
  put_fixed(out, crc32c(out));
  return out;
}

bool is_chunk_file(std::uint32_t file, std::string_view bytes) {
  return bytes.substr(0, kChunkFileHeaderBytes) == chunk_file_header(file);
}

}  // namespace tocsin::tsdb
