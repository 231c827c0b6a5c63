#pragma once
// Numbers in few bits, as Prometheus' chunks have them: small integers by classes of size, floats as the xor with the
// one before. Source: Prometheus tsdb/docs/format/chunks.md (varbit_int, varbit_uint, varbit_xor); varbit.go, xor.go.

#include <bit>
#include <cstdint>

#include "chunkenc/bit_reader.hpp"
#include "chunkenc/bit_writer.hpp"

namespace tocsin::chunkenc {

/// Class k is k ones and a zero (8 ones: none), then so many bits.
inline constexpr unsigned kVarbitSizes[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};

/// n bits that hold -(2^(n-1) - 1) .. 2^(n-1).
inline std::int64_t lopsided(std::uint64_t bits, unsigned size) {
  const std::uint64_t half = std::uint64_t{1} << (size - 1);
  return static_cast<std::int64_t>(bits > half ? bits - 2 * half : bits);
}
inline bool fits_lopsided(std::int64_t value, unsigned size) {
  const std::int64_t half = std::int64_t{1} << (size - 1);
  return value > -half && value <= half;
}

inline std::uint64_t take_varbit_uint(BitReader& in) {
  const unsigned size = kVarbitSizes[in.ones(8)];
  return size == 0 ? 0 : in.take_long(size);
}

inline std::int64_t take_varbit_int(BitReader& in) {
  const unsigned size = kVarbitSizes[in.ones(8)];
  if (size == 0) return 0;
  const std::uint64_t bits = in.take_long(size);
  return size == 64 ? static_cast<std::int64_t>(bits) : lopsided(bits, size);
}

inline void put_varbit_class(BitWriter& out, unsigned index, std::uint64_t value) {
  const unsigned length = index < 8 ? index + 1 : 8;
  out.put(index < 8 ? (std::uint64_t{1} << (index + 1)) - 2 : 0xff, length);
  out.put(value, kVarbitSizes[index]);
}

inline void put_varbit_uint(BitWriter& out, std::uint64_t value) {
  unsigned index = 0;
  while (index < 8 && static_cast<unsigned>(std::bit_width(value)) > kVarbitSizes[index]) ++index;
  put_varbit_class(out, index, value);
}

inline void put_varbit_int(BitWriter& out, std::int64_t value) {
  unsigned index = value == 0 ? 0 : 1;
  while (index != 0 && index < 8 && !fits_lopsided(value, kVarbitSizes[index])) ++index;
  put_varbit_class(out, index, static_cast<std::uint64_t>(value));
}

/// Where the bits lie that changed last.
struct XorWindow {
  static constexpr std::uint8_t kNone = 0xff;
  std::uint8_t leading = kNone;  // zero bits before them, at most 31 where it was written by Prometheus
  std::uint8_t trailing = 0;     // zero bits after them
  unsigned size() const { return 64U - leading - trailing; }
};

/// Reads 5 bits of leading zeros, 6 of length (64 as 0). @return false if they do not fit together.
inline bool take_window(BitReader& in, XorWindow& window) {
  const auto bits = static_cast<unsigned>(in.take(11));
  const unsigned leading = bits >> 6U;
  const unsigned size = (bits & 63U) == 0 ? 64 : bits & 63U;
  if (leading + size > 64) return false;
  window = {static_cast<std::uint8_t>(leading), static_cast<std::uint8_t>(64 - leading - size)};
  return true;
}

/// Makes `value` the next one. @return false if the bits use a window before one was set, or an impossible one.
inline bool take_xor(BitReader& in, std::uint64_t& value, XorWindow& window) {
  const unsigned control = in.ones(2);
  if (control == 0) return true;
  if (control == 1 ? window.leading == XorWindow::kNone : !take_window(in, window)) return false;
  value ^= in.take_long(window.size()) << window.trailing;
  return true;
}

inline void put_xor(BitWriter& out, std::uint64_t last, std::uint64_t value, XorWindow& window) {
  const std::uint64_t difference = last ^ value;
  if (difference == 0) {
    out.put(0, 1);
    return;
  }
  const unsigned zeros = static_cast<unsigned>(std::countl_zero(difference));
  const auto leading = static_cast<std::uint8_t>(zeros < 32 ? zeros : 31);
  const auto trailing = static_cast<std::uint8_t>(std::countr_zero(difference));
  if (window.leading != XorWindow::kNone && leading >= window.leading && trailing >= window.trailing) {
    out.put(0b10, 2);
  } else {
    window = {leading, trailing};
    out.put(0b11U << 11U | static_cast<unsigned>(leading) << 6U | (window.size() & 63U), 13);
  }
  out.put(difference >> window.trailing, window.size());
}

}  // namespace tocsin::chunkenc
