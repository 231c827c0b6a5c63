#pragma once
// Bits from the most significant one on, appended to a string.

#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.hpp"

namespace tocsin::chunkenc {

/// The string has whole bytes only after finish(), the last one padded with zeros.
class BitWriter {
 public:
  /// @param free_bits  of the last byte of `out`, 0..7, as finish() returned them: writing goes on there.
  explicit BitWriter(std::string& out, unsigned free_bits = 0) : out_(out) {
    if (free_bits == 0) return;
    bits_ = static_cast<std::uint64_t>(static_cast<unsigned char>(out.back())) << 56U;
    free_ = 56 + free_bits;
    out.pop_back();
  }

  /// The low `count` (0..64) bits of `value`.
  void put(std::uint64_t value, unsigned count) {
    if (count == 0) return;
    if (count < 64) value &= (std::uint64_t{1} << count) - 1;
    if (count < free_) {
      free_ -= count;
      bits_ |= value << free_;
      return;
    }
    const unsigned rest = count - free_;
    flush(bits_ | value >> rest, 8);
    bits_ = rest == 0 ? 0 : value << (64 - rest);
    free_ = 64 - rest;
  }

  void put_uvarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) put(value | 0x80U, 8);
    put(value, 8);
  }
  void put_varint(std::int64_t value) { put_uvarint(zigzag(value)); }

  /// @return the bits of the last byte that are free.
  unsigned finish() {
    const unsigned used = 64 - free_;
    flush(bits_, (used + 7) / 8);
    bits_ = 0;
    free_ = 64;
    return (8 - used % 8) % 8;
  }

 private:
  void flush(std::uint64_t word, unsigned bytes) {
    word = __builtin_bswap64(word);
    char buffer[8];
    std::memcpy(buffer, &word, 8);
    out_.append(buffer, bytes);
  }

  std::string& out_;
  std::uint64_t bits_ = 0;
  unsigned free_ = 64;  // 1..64
};

}  // namespace tocsin::chunkenc
