#pragma once
// Hashes and checksums, each from its library.

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
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace tocsin
