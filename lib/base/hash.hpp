#pragma once
// Hashes and checksums, each from its library.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

/// XXH64 with seed 0: what Prometheus and Alertmanager hash labels with.
std::uint64_t xxhash64(std::string_view bytes);
/// FNV-1a, 64 bits: Alertmanager's and Prometheus' label fingerprints.
std::uint64_t fnv1a64(std::string_view bytes);
inline constexpr std::uint64_t kFnv1aOffset = 14695981039346656037ULL;
std::uint64_t fnv1a64_add(std::uint64_t hash, std::string_view bytes);
/// CRC-32C (Castagnoli), as in the write-ahead log and Prometheus' blocks.
/// `crc` is the sum of what stands before, so that a sum can be made in pieces.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

namespace internal {
/// The portable twin of what crc32c() uses where the processor can; `crc` is inverted here.
std::uint32_t crc32c_table(const char* at, std::size_t size, std::uint32_t crc);
}  // namespace internal

}  // namespace tocsin
