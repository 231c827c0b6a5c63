#pragma once
// Constants of the sidecar's bytes: docs/format/sidecar.md.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin::block::sidecar {

inline constexpr std::string_view kMagic = "TOCSSUM2";
inline constexpr std::size_t kGroupChunks = 16;
inline constexpr std::size_t kCrcBytes = 4;

/// Records of so many series stand in a row, the last row has fewer; the directory has an entry for each row.
inline constexpr std::size_t kRowSeries = 16;
/// Rows of so many series stand behind one another, behind the details of these series.
inline constexpr std::size_t kRunSeries = 64 * kRowSeries;

/// An entry of the directory: ref of the first series and offset of a row, 40 bits each, little-endian.
inline constexpr std::size_t kEntryBytes = 10;
inline constexpr std::uint64_t kMask40 = (std::uint64_t{1} << 40U) - 1;

/// Offset of the directory u64, number of series u64, checksum of the index u32, flags u32, checksum u32 of the
/// directory and of these fields before it.
inline constexpr std::size_t kFooterBytes = 28;
inline constexpr std::uint32_t kHasStarts = 1;

inline constexpr std::size_t groups_of(std::size_t chunks) {
  return (chunks + kGroupChunks - 1) / kGroupChunks;
}
inline constexpr std::size_t rows_of(std::size_t series) {
  return (series + kRowSeries - 1) / kRowSeries;
}

}  // namespace tocsin::block::sidecar
