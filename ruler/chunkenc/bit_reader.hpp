#pragma once
// Bits from the most significant one on, eight bytes at a time.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"

namespace tocsin::chunkenc {

/// Reading past the end gives zeros; failed() then says so. Whoever reads in a loop asks it in each turn.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool failed() const { return phantom_ > have_ || bad_; }
  std::uint64_t bits_left() const {
    return failed() ? 0 : static_cast<std::uint64_t>(end_ - at_) * 8 + have_ - phantom_;
  }

  bool bit() { return take(1) != 0; }

  /// 1..56 bits.
  std::uint64_t take(unsigned count) {
    if (have_ < count) fill();
    const std::uint64_t value = bits_ >> (64 - count);
    skip(count);
    return value;
  }

  /// 1..64 bits.
  std::uint64_t take_long(unsigned count) {
    if (count <= 56) return take(count);
    const std::uint64_t high = take(count - 32);
    return (high << 32U) | take(32);
  }

  /// The ones before the next zero, which is taken too; at most `most` (1..56), then no zero follows.
  unsigned ones(unsigned most) {
    if (have_ < most) fill();
    const auto count = static_cast<unsigned>(std::countl_one(bits_));
    if (count >= most) {
      skip(most);
      return most;
    }
    skip(count + 1);
    return count;
  }

  std::uint64_t uvarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = take(8);
      value |= (byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    bad_ = true;
    return 0;
  }
  std::int64_t varint() { return unzigzag(uvarint()); }

 private:
  void skip(unsigned count) {
    bits_ <<= count;
    have_ -= count;
  }

  /// 56 bits or more. Bits beyond have_ may already be in the buffer; they are the same ones that are or-ed in again.
  void fill() {
    if (end_ - at_ >= 8) [[likely]] {
      std::uint64_t word = 0;
      std::memcpy(&word, at_, 8);
      bits_ |= __builtin_bswap64(word) >> have_;
      at_ += (63 - have_) >> 3U;
      have_ |= 56U;
      return;
    }
    fill_at_end();
  }

  /// Drops what the fast way may have left beyond have_, then byte by byte, and zeros after the last one.
  void fill_at_end() {
    bits_ = have_ == 0 ? 0 : bits_ >> (64 - have_) << (64 - have_);
    for (; have_ <= 56; have_ += 8) {
      if (at_ < end_) {
        bits_ |= static_cast<std::uint64_t>(*at_++) << (56 - have_);
      } else {
        phantom_ += 8;
      }
    }
  }

  const unsigned char* at_;
  const unsigned char* end_;
  std::uint64_t bits_ = 0;  // the next bit is the most significant one
  unsigned have_ = 0;
  std::uint64_t phantom_ = 0;  // zeros that were given beyond the end
  bool bad_ = false;
};

}  // namespace tocsin::chunkenc
