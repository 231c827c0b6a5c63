#pragma once
// ByteReader for inner loops: a varint is taken from eight bytes at once, without a branch for each of its own.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"

namespace tocsin {

/// Reads what ByteReader reads, and fails where it fails. Copy it into a loop and back: then it stays in registers.
class QuickReader {
 public:
  explicit QuickReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const { return at_; }
  std::string_view rest() const { return {at_, left()}; }

  [[gnu::always_inline]] std::uint64_t varint() {
    if (left() >= sizeof(std::uint64_t)) [[likely]] {
      std::uint64_t word = 0;
      std::memcpy(&word, at_, sizeof word);
      if ((word & 0x80U) == 0) {
        ++at_;
        return word & 0x7fU;
      }
      const std::uint64_t ends = ~word & 0x8080808080808080ULL;
      if (ends != 0) [[likely]] {
        at_ += std::countr_zero(ends) / 8 + 1;
        return join(word & (ends ^ (ends - 1)));
      }
    }
    const Slow slow = slow_varint(at_, end_);
    at_ = slow.at;
    failed_ |= slow.failed;
    return slow.value;
  }
  [[gnu::always_inline]] std::int64_t signed_varint() { return unzigzag(varint()); }
  [[gnu::always_inline]] std::uint32_t varint32() {
    const std::uint64_t value = varint();
    if (value > 0xffffffffU) [[unlikely]]
      return fail<std::uint32_t>();
    return static_cast<std::uint32_t>(value);
  }

  template <typename T>
  [[gnu::always_inline]] T fixed() {
    T value{};
    if (left() < sizeof value) [[unlikely]]
      return fail<T>();
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  [[gnu::always_inline]] std::string_view take(std::uint64_t size) {
    if (size > left()) [[unlikely]]
      return fail<std::string_view>();
    const std::string_view view(at_, size);
    at_ += size;
    return view;
  }

  template <typename T>
  T fail() {
    failed_ = true;
    at_ = end_;
    return T{};
  }

 private:
  struct Slow {
    std::uint64_t value;
    const char* at;
    bool failed;
  };
  [[gnu::noinline]] static Slow slow_varint(const char* at, const char* end) {
    ByteReader in({at, static_cast<std::size_t>(end - at)});
    const std::uint64_t value = in.varint();
    return {value, in.position(), in.failed()};
  }
  /// Seven bits of each byte.
  static std::uint64_t join(std::uint64_t word) {
    word = (word & 0x007f007f007f007fULL) | (word & 0x7f007f007f007f00ULL) >> 1U;
    word = (word & 0x00003fff00003fffULL) | (word & 0x3fff00003fff0000ULL) >> 2U;
    return (word & 0x000000000fffffffULL) | (word & 0x0fffffff00000000ULL) >> 4U;
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace tocsin
