#pragma once
// Bits from the most significant one on, eight bytes at a time.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin::chunkenc {

/// Reading past the end gives zeros and sets failed().
class BitReader {
 public:
  explicit BitReader(std::string_view bytes)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool failed() const { return failed_; }

  bool bit() {
    if (have_ == 0) fill(1);
    const bool set = (bits_ >> 63U) != 0;
    bits_ <<= 1U;
    --have_;
    return set;
  }

  /// 1..56 bits.
  std::uint64_t take(unsigned count) {
    if (have_ < count) fill(count);
    const std::uint64_t value = bits_ >> (64 - count);
    bits_ <<= count;
    have_ -= count;
    return value;
  }

  /// 1..64 bits.
  std::uint64_t take_long(unsigned count) {
    if (count <= 56) return take(count);
    const std::uint64_t high = take(count - 32);
    return (high << 32U) | take(32);
  }

  std::uint64_t uvarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = take(8);
      value |= (byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }

 private:
  /// Bits beyond have_ may already be in the buffer; they are the same ones that are or-ed in again.
  void fill(unsigned count) {
    if (end_ - at_ >= 8) [[likely]] {
      std::uint64_t word = 0;
      std::memcpy(&word, at_, 8);
      bits_ |= __builtin_bswap64(word) >> have_;
      at_ += (63 - have_) >> 3U;
      have_ |= 56U;
      return;
    }
    // The tail of the buffer: drop what the fast path may have left beyond have_, then byte by byte.
    bits_ = have_ == 0 ? 0 : bits_ >> (64 - have_) << (64 - have_);
    while (have_ <= 56 && at_ < end_) {
      bits_ |= static_cast<std::uint64_t>(*at_++) << (56 - have_);
      have_ += 8;
    }
    if (have_ < count) {
      failed_ = true;
      have_ = 64;
    }
  }

  const unsigned char* at_;
  const unsigned char* end_;
  std::uint64_t bits_ = 0;  // the next bit is the most significant one
  unsigned have_ = 0;
  bool failed_ = false;
};

}  // namespace tocsin::chunkenc
