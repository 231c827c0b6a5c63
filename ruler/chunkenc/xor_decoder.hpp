#pragma once
// How one sample of an XOR chunk is taken apart: shared by xor.cpp (one chunk) and xor_lanes.cpp (several at once).

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

#include "base/quick_reader.hpp"
#include "base/time.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {

inline constexpr unsigned kDeltaSizes[] = {0, 14, 17, 20, 64};  // k ones and a zero (4: none), then so many bits

// How it is quick. Where a sample begins is known only when the one before it has been taken apart: were that worked
// out from the bits, each sample would wait for all of the last one (load, shift, size of the window: 17 cycles). So
// what the bits are is asked by branches, which go one way for nearly all samples of a chunk: on time or not, the value
// changed or not, within the window or not. While they are guessed right the place of the next sample is a sum of what
// is known already, and samples are taken apart side by side. Samples that are as expected, two zero bits each, are
// counted instead of asked for: no one can guess where a counter moves.

/// The kSomeBits bits at a bit's place, and zeros or what follows behind them; eight bytes are read.
constexpr unsigned kSomeBits = 57;
[[gnu::always_inline]] inline std::uint64_t some_bits_at(const unsigned char* bytes, std::uint64_t place) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes + (place >> 3U), 8);
  return __builtin_bswap64(word) << (place & 7U);
}

/// The 64 bits at a bit's place; nine bytes are read.
[[gnu::always_inline]] inline std::uint64_t bits_at(const unsigned char* bytes, std::uint64_t place) {
  const unsigned char* const at = bytes + (place >> 3U);
  const std::uint64_t shift = place & 7U;
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return __builtin_bswap64(word) << shift | static_cast<std::uint64_t>(at[8]) >> (8 - shift);
}

inline bool is_one(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits) < 0;
}

struct DeltaOfDelta {
  std::int64_t value;
  unsigned size;  // in bits, with its class
};

/// Of any class of one bit or more: a target that was away.
DeltaOfDelta delta_at(const unsigned char* bytes, std::uint64_t place);

/// When samples are.
struct Times {
  /// Of the class of 14 bits the one number that is not as in two's complement: it stands for -kOdd.
  static constexpr std::int64_t kOdd = -(1 << 13);
  static constexpr std::uint64_t kPlainDelta = std::uint64_t{1} << 40U;
  Timestamp t = 0;
  std::int64_t delta = 0;
  std::uint64_t seen = 0;  // all of delta - 1, or-ed

  [[gnu::always_inline]] void start() { seen |= static_cast<std::uint64_t>(delta) - 1; }
  [[gnu::always_inline]] void forward(std::uint64_t samples) {
    t = wrapping_add(t, static_cast<std::int64_t>(samples * static_cast<std::uint64_t>(delta)));
  }
  Timestamp ahead(std::uint64_t samples) const {
    Times other = *this;
    other.forward(samples);
    return other.t;
  }
  /// Of a sample that is not on time. @param bits  those at `place`, which goes on to the value.
  [[gnu::always_inline]] void take(const unsigned char* bytes, std::uint64_t bits, std::uint64_t& place) {
    DeltaOfDelta by{static_cast<std::int64_t>(bits << 2U) >> 50, 16};
    if (is_one(bits << 1U) || by.value == kOdd) [[unlikely]]
      by = delta_at(bytes, place);
    delta = wrapping_add(delta, by.value);
    place += by.size;
    start();
  }
  /// Whether all of them rise. Deltas of 1 to kPlainDelta go round at most once: then the last is before the first.
  bool rise(std::span<const Timestamp> all) const {
    if (seen < kPlainDelta) return all.front() < all.back();
    return std::ranges::adjacent_find(all, std::greater_equal()) == all.end();
  }
};

/// What samples are.
struct Value {
  static constexpr unsigned kNoWindow = 255;
  std::uint64_t value = 0;
  unsigned size = kNoWindow;  // of the window
  unsigned trailing = 0;

  double as_double() const { return std::bit_cast<double>(value); }
  /// @param bits  those at `place`, which goes on to the next sample; `good` of them can be relied on.
  /// @return false if there is no such window.
  [[gnu::always_inline]] bool take(const unsigned char* bytes, std::uint64_t bits, unsigned good,
                                   std::uint64_t& place) {
    if (!is_one(bits)) {
      place += 1;
      return true;
    }
    place += 2;
    bits <<= 1U;
    if (is_one(bits)) [[unlikely]] {
      if (!take_window(bits)) return false;
      place += 11;
      bits = bits_at(bytes, place);
    } else {
      bits <<= 1U;
      if (size > good - 2) [[unlikely]] {
        if (size == kNoWindow) return false;
        bits = bits_at(bytes, place);
      }
    }
    value ^= bits >> (64 - size) << trailing;
    place += size;
    return true;
  }

 private:
  /// Behind one bit: 5 of leading zeros, 6 of size (64 as 0).
  bool take_window(std::uint64_t bits) {
    const auto leading = static_cast<unsigned>(bits >> 58U & 31U);
    size = ((static_cast<unsigned>(bits >> 52U) - 1) & 63U) + 1;
    trailing = 64 - leading - size;
    return leading + size <= 64;
  }
};

/// Bytes of samples, of which those may be read that have kAhead bytes from their beginning on: more than the 145 bits
/// that one takes at most and the nine bytes that are read at once.
struct Readable {
  static constexpr std::size_t kAhead = 32;
  using Copy = unsigned char[3 * kAhead];  // of the last bytes
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  std::uint64_t last = 0;  // samples that begin later are not to be read
  bool padded = false;

  Readable() = default;
  explicit Readable(std::string_view all)
      : bytes(reinterpret_cast<const unsigned char*>(all.data())), size(all.size()), last((all.size() - kAhead) * 8) {}
  bool is_short() const { return size < kAhead; }
  /// Goes on, from `place` on, in a copy with zeros behind it. All is then to be read: zeros are samples too, and who
  /// has taken more than was there sees it by the place.
  void pad(Copy& copy, std::uint64_t& place) {
    const std::size_t passed = place / 8;
    size -= passed;
    place %= 8;
    std::memcpy(copy, bytes + passed, size);
    std::memset(copy + size, 0, sizeof copy - size);
    bytes = copy;
    last = size * 8;
    padded = true;
  }
};

/// The first sample, and what the second one needs beside its value: reads what stands before that.
/// @return false if there is nothing of the kind.
inline bool take_head(QuickReader& in, bool alone, Times& time, Value& value, Times& second) {
  time = {in.signed_varint(), 0};
  value = {__builtin_bswap64(in.fixed<std::uint64_t>())};
  second = time;
  if (alone) return !in.failed();
  second.delta = static_cast<std::int64_t>(in.varint());
  second.start();
  second.forward(1);
  return !in.failed();
}

/// Whether bytes may hold so many samples: two bits each at least, but for the first two.
inline bool may_hold(std::string_view bytes, std::size_t samples) {
  return samples <= bytes.size() * 4 + 2;
}

/// Samples are numbered from the end of the columns: up to 0.
struct Columns {
  Timestamp* times_end;
  double* values_end;
};
/// Takes samples number `next` to `stop`, and says where it stands: `place`, `time` and `value` are those of the last
/// one. Values behind `stop` may be written, too: they come later. @return false if they are none.
bool take_samples(Readable& in, Readable::Copy& copy, std::uint64_t& place, Times& time, Value& value,
                  const Columns& to, std::ptrdiff_t& next, std::ptrdiff_t stop);

/// One chunk as a whole, into columns of one length, one sample at least. @return false if it is none.
bool xor_decode_alone(std::string_view bytes, std::span<Timestamp> times, std::span<double> values);

}  // namespace tocsin::chunkenc
