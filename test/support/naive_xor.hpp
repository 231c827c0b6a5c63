#pragma once
// The slow, obvious twin of chunkenc::xor_decode: bit by bit, as Prometheus' tsdb/docs/format/chunks.md says.

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace tocsin::test {

class NaiveXor {
 public:
  using Sample = std::pair<Timestamp, std::uint64_t>;  // the value's bits

  /// @param bytes  without the count in front.
  static std::optional<std::vector<Sample>> decode(std::string_view bytes, std::size_t count) {
    NaiveXor reader(bytes);
    std::vector<Sample> out;
    for (std::size_t i = 0; i < count && reader.good_; ++i) {
      const Timestamp last = reader.t_;
      reader.take(i);
      if (i > 0 && reader.t_ <= last) reader.good_ = false;
      out.emplace_back(reader.t_, reader.value_);
    }
    if (!reader.good_) return std::nullopt;
    return out;
  }

 private:
  explicit NaiveXor(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t bits(unsigned count) {
    std::uint64_t value = 0;
    for (; count > 0; --count, ++at_) {
      if (at_ / 8 >= bytes_.size()) return good_ = false;
      value = value << 1U | (static_cast<unsigned char>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1U);
    }
    return value;
  }

  std::uint64_t uvarint() {
    ByteReader in(bytes_.substr(at_ / 8));
    const std::uint64_t value = in.varint();
    good_ = good_ && !in.failed();
    at_ = (bytes_.size() - in.left()) * 8;
    return value;
  }

  void take(std::size_t index) {
    if (index == 0) {
      t_ = unzigzag(uvarint());
      value_ = bits(64);
      return;
    }
    if (index == 1) delta_ = static_cast<std::int64_t>(uvarint());
    if (index > 1) delta_ = wrapping_add(delta_, delta_of_delta());
    t_ = wrapping_add(t_, delta_);
    take_value();
  }

  std::int64_t delta_of_delta() {
    constexpr unsigned kSizes[] = {0, 14, 17, 20, 64};
    unsigned ones = 0;
    while (ones < 4 && bits(1) == 1) ++ones;
    const std::uint64_t value = bits(kSizes[ones]);
    if (ones == 0 || ones == 4) return static_cast<std::int64_t>(value);
    const bool negative = value > std::uint64_t{1} << (kSizes[ones] - 1);
    return static_cast<std::int64_t>(value) - (negative ? std::int64_t{1} << kSizes[ones] : 0);
  }

  void take_value() {
    if (bits(1) == 0) return;
    if (bits(1) == 1) {
      leading_ = static_cast<unsigned>(bits(5));
      size_ = static_cast<unsigned>(bits(6));
      if (size_ == 0) size_ = 64;
    }
    if (size_ == 0 || leading_ + size_ > 64) {  // no window was set, or an impossible one
      good_ = false;
      return;
    }
    value_ ^= bits(size_) << (64 - leading_ - size_);
  }

  std::string_view bytes_;
  std::size_t at_ = 0;  // bit
  bool good_ = true;
  Timestamp t_ = 0;
  std::int64_t delta_ = 0;
  std::uint64_t value_ = 0;
  unsigned leading_ = 0, size_ = 0;  // of the window; 0: none
};

}  // namespace tocsin::test
