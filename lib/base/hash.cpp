#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <array>
#include <bit>
#include <cstring>

#include <xxhash.h>

namespace tocsin {
namespace {

constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // reversed polynomial

/// Eight tables: table[k][b] is the checksum of byte b followed by k zero bytes ("slicing by eight").
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kCastagnoli : 0U);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 0xffU];
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = make_crc_tables();

std::uint64_t load64(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

static_assert(std::endian::native == std::endian::little, "checksums and encodings are read little-endian");

}  // namespace

namespace internal {

std::uint32_t crc32c_table(const char* at, std::size_t size, std::uint32_t crc) {
  for (; size >= 8; at += 8, size -= 8) {
    const std::uint64_t word = load64(at) ^ crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kCrcTables[7 - k][(word >> (8 * k)) & 0xffU];
  }
  for (; size > 0; ++at, --size) {
    crc = (crc >> 8U) ^ kCrcTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xffU];
  }
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(const char* at, std::size_t size, std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; size >= 8; at += 8, size -= 8) wide = __builtin_ia32_crc32di(wide, load64(at));
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++at, --size) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

}  // namespace internal

std::uint64_t xxhash64(std::string_view bytes) {
  return XXH64(bytes.data(), bytes.size(), 0);
}

std::uint64_t fnv1a64_add(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

std::uint64_t fnv1a64(std::string_view bytes) {
  return fnv1a64_add(kFnv1aOffset, bytes);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
  if (has_sse42) return ~internal::crc32c_sse42(bytes.data(), bytes.size(), ~crc);
#endif
  return ~internal::crc32c_table(bytes.data(), bytes.size(), ~crc);
}

}  // namespace tocsin
