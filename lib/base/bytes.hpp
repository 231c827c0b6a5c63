#pragma once
// Bytes of our own files: fixed integers little-endian, LEB128 varints, zigzag for signed ones.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin {

static_assert(std::endian::native == std::endian::little, "fixed integers are copied as they are");

inline std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1U) ^ static_cast<std::uint64_t>(v >> 63);
}
inline std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1U) ^ -static_cast<std::int64_t>(v & 1U);
}
/// Difference and sum that wrap instead of being undefined.
inline std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

template <typename T>
inline void put_fixed(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

inline void put_signed(std::string& out, std::int64_t value) {
  put_varint(out, zigzag(value));
}

inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

/// Reads what the functions above wrote. A read past the end gives 0 and sets failed() for good: check it once, after
/// the last read, and before a count that was read is trusted.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const { return at_; }

  template <typename T>
  T fixed() {
    T value{};
    if (left() < sizeof value) return fail<T>();
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return fail<std::uint64_t>();
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) return fail<std::uint64_t>();
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    return fail<std::uint64_t>();
  }

  std::int64_t signed_varint() { return unzigzag(varint()); }

  /// A varint that must fit in 32 bits.
  std::uint32_t varint32() {
    const std::uint64_t value = varint();
    return value <= 0xffffffffU ? static_cast<std::uint32_t>(value) : fail<std::uint32_t>();
  }

  /// A number of things that take at least `each` bytes: more than can be left fails.
  std::size_t count(std::size_t each) {
    const std::uint64_t value = varint();
    return value <= left() / each ? static_cast<std::size_t>(value) : fail<std::size_t>();
  }

  std::string_view take(std::size_t size) {
    if (size > left()) {
      fail<int>();
      return {};
    }
    const std::string_view view(at_, size);
    at_ += size;
    return view;
  }

  std::string_view text() { return take(count(1)); }

 private:
  template <typename T>
  T fail() {
    failed_ = true;
    at_ = end_;
    return T{};
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace tocsin
