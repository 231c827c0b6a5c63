// Any bytes as a file of Prometheus' head chunks, with its checksums and with right ones: chunks up to the first
// damage, which is said; their bytes are read as samples, or refused.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/mem_fs.hpp"
#include "chunkenc/chunk.hpp"
#include "tsdb/prometheus_chunks.hpp"

using namespace tocsin;
using namespace tocsin::tsdb;

namespace {

/// A right header, and the checksum of each chunk put right.
std::string sealed(std::string bytes) {
  constexpr std::string_view kHeader("\x01\x30\xbc\x91\x01\0\0\0", 8);
  constexpr std::size_t kBefore = 25;  // series, times, encoding
  bytes.replace(0, std::min(bytes.size(), kHeader.size()), kHeader);
  for (std::size_t at = kHeader.size(); at + kBefore < bytes.size();) {
    ByteReader in(std::string_view(bytes).substr(at));
    in.take(kBefore);
    in.text();
    if (in.failed() || in.left() < 4) break;
    const auto summed = static_cast<std::size_t>(in.position() - bytes.data()) - at;
    const std::uint32_t crc = std::byteswap(crc32c(std::string_view(bytes).substr(at, summed)));
    std::memcpy(bytes.data() + at + summed, &crc, sizeof crc);
    at += summed + sizeof crc;
  }
  return bytes;
}

void read(const std::string& bytes) {
  MemFs fs;
  check(fs.create_directories("chunks_head").has_value(), "a folder in memory");
  check(fs.write_file_atomic("chunks_head/000001", bytes).has_value(), "a file in memory");
  PrometheusChunks chunks(fs, "chunks_head");
  std::size_t messages = 0, last = 0;
  storage::SampleColumns columns;
  const auto done = chunks.read(
      [&](const PrometheusChunk& chunk) -> Result<void> {
        check(chunk.offset > last && chunk.offset < bytes.size(), "each stands behind the one before");
        last = chunk.offset;
        columns.clear();
        if (!chunkenc::is_encoding(chunk.encoding)) return {};
        const auto encoding = static_cast<chunkenc::Encoding>(chunk.encoding);
        if (!chunkenc::decode_chunk(encoding, chunk.data, columns)) return {};
        check(columns.size() == chunkenc::sample_count(encoding, chunk.data), "as many samples as said");
        return {};
      },
      [&](const std::string&) { ++messages; });
  check(done.has_value(), "damage is no error");
  check(messages <= 1, "it is said once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  read(sealed(bytes));
  return 0;
}
