#pragma once
// Eight bytes at a time, for texts that are too short to call the library for.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tocsin::expo {

inline std::uint64_t load64(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

inline std::uint32_t load32(const char* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// memcmp() == 0 without the call.
inline bool equal_bytes(const char* a, const char* b, std::size_t size) {
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (load64(a + i) != load64(b + i)) return false;
    }
    return load64(a + size - 8) == load64(b + size - 8);
  }
  if (size >= 4) return load32(a) == load32(b) && load32(a + size - 4) == load32(b + size - 4);
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// The high bit of each byte of `word` that equals `byte`; bits above the lowest hit may be wrong.
inline std::uint64_t bytes_equal_to(std::uint64_t word, char byte) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  const std::uint64_t zero_where_equal = word ^ (kOnes * static_cast<unsigned char>(byte));
  return (zero_where_equal - kOnes) & ~zero_where_equal & (kOnes << 7U);
}

/// The first byte from `at` on that is a quote, a backslash, zero, not ASCII, or with kNewlines a newline; `limit` if
/// there is none.
template <bool kNewlines>
const char* find_special(const char* at, const char* limit) {
  static_assert(std::endian::native == std::endian::little, "the lowest byte of a word is the first");
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  for (; limit - at >= 8; at += 8) {
    const std::uint64_t word = load64(at);
    std::uint64_t hits =
        bytes_equal_to(word, '"') | bytes_equal_to(word, '\\') | bytes_equal_to(word, '\0') | (word & kHighBits);
    if constexpr (kNewlines) hits |= bytes_equal_to(word, '\n');
    if (hits != 0) return at + std::countr_zero(hits) / 8;
  }
  while (at < limit && *at != '"' && *at != '\\' && *at > 0 && !(kNewlines && *at == '\n')) ++at;
  return at;
}

}  // namespace tocsin::expo
