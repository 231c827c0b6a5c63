// Any bytes as a segment of Prometheus' log, with its checksums and with right ones: records up to the first damage,
// which is said, and never worse.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/mem_fs.hpp"
#include "tsdb/prometheus_record.hpp"
#include "tsdb/prometheus_wal.hpp"

using namespace tocsin;
using namespace tocsin::tsdb;

namespace {

constexpr std::size_t kPage = 32U << 10U, kHeader = 7;

/// The checksum of each fragment put right.
std::string sealed(std::string bytes) {
  for (std::size_t at = 0; at + kHeader <= bytes.size();) {
    const std::size_t page_left = std::min(kPage - at % kPage, bytes.size() - at);
    if ((bytes[at] & 7) == 0 || page_left < kHeader) {
      at += page_left;
      continue;
    }
    std::uint16_t length = 0;
    std::memcpy(&length, bytes.data() + at + 1, sizeof length);
    length = std::byteswap(length);
    if (length > page_left - kHeader) break;
    const std::uint32_t crc = std::byteswap(crc32c(std::string_view(bytes).substr(at + kHeader, length)));
    std::memcpy(bytes.data() + at + 3, &crc, sizeof crc);
    at += kHeader + length;
  }
  return bytes;
}

/// @return the number of records.
std::size_t read(const std::string& bytes) {
  MemFs fs;
  check(fs.create_directories("wal").has_value(), "a folder in memory");
  check(fs.write_file_atomic("wal/00000003", bytes).has_value(), "a file in memory");
  PrometheusWal wal(fs, "wal");
  std::size_t records = 0, messages = 0;
  PrometheusRecord record;
  const auto done = wal.read(
      [&](std::string_view one) -> Result<void> {
        ++records;
        (void)decode_prometheus_record(one, record);
        return {};
      },
      [&](const std::string&) { ++messages; });
  check(done.has_value(), "damage is no error");
  check(messages <= 1, "it is said once");
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(read(bytes) <= read(sealed(bytes)), "right checksums lose nothing");
  return 0;
}
