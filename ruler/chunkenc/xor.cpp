#include "chunkenc/xor.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "base/bytes.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {
namespace {

constexpr unsigned kDeltaSizes[] = {0, 14, 17, 20, 64};  // k ones and a zero (4: none), then so many bits

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

bool is_one(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits) < 0;
}

struct DeltaOfDelta {
  std::int64_t value;
  unsigned size;  // in bits, with its class
};

/// Of any class of one bit or more: a target that was away.
[[gnu::noinline]] DeltaOfDelta delta_at(const unsigned char* bytes, std::uint64_t place) {
  const std::uint64_t bits = bits_at(bytes, place);
  const auto index = static_cast<unsigned>(std::countl_one(bits));
  if (index >= 4) return {static_cast<std::int64_t>(bits_at(bytes, place + 4)), 68};
  const unsigned size = kDeltaSizes[index];
  return {lopsided(bits << (index + 1) >> (64 - size), size), index + 1 + size};
}

/// When samples are.
struct Times {
  /// Of the class of 14 bits the one number that is not as in two's complement: it stands for -kOdd.
  static constexpr std::int64_t kOdd = -(1 << 13);
  static constexpr std::uint64_t kPlainDelta = std::uint64_t{1} << 40U;
  Timestamp t;
  std::int64_t delta;
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
  std::uint64_t value;
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
  const unsigned char* bytes;
  std::size_t size;
  std::uint64_t last;  // samples that begin later are not to be read
  bool padded = false;

  explicit Readable(std::string_view all)
      : bytes(reinterpret_cast<const unsigned char*>(all.data())), size(all.size()), last((all.size() - kAhead) * 8) {}
  bool is_short() const { return size < kAhead; }
  /// Goes on, from `place` on, in a copy with zeros behind it. All is then to be read: zeros are samples too, and who
  /// has taken more than was there sees it by the place.
  void pad(unsigned char (&copy)[3 * kAhead], std::uint64_t& place) {
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

/// The samples from the second one's value on.
bool decode_bits(std::string_view bytes, Times time, Value value, std::span<Timestamp> times,
                 std::span<double> values) {
  unsigned char copy[3 * Readable::kAhead];
  Readable in(bytes);
  std::uint64_t place = 0;
  if (in.is_short()) in.pad(copy, place);
  if (!value.take(in.bytes, some_bits_at(in.bytes, place), kSomeBits, place)) return false;
  times[1] = time.t;
  values[1] = value.as_double();

  constexpr std::ptrdiff_t kRun = 8;
  Timestamp* const times_end = times.data() + times.size();
  double* const values_end = values.data() + values.size();
  std::ptrdiff_t i = 2 - static_cast<std::ptrdiff_t>(times.size());  // up to 0
  for (;; in.pad(copy, place)) {
    while (i < 0 && place <= in.last) {
      const std::uint64_t bits = bits_at(in.bytes, place);
      if (bits >> 62U == 0 && i <= -kRun) {
        for (std::ptrdiff_t k = 0; k < kRun; ++k) {
          times_end[i + k] = time.ahead(static_cast<std::uint64_t>(k) + 1);
          values_end[i + k] = value.as_double();
        }
        const std::ptrdiff_t run = std::min<std::ptrdiff_t>(std::countl_zero(bits | 1) / 2, kRun);
        time.forward(static_cast<std::uint64_t>(run));
        place += 2 * static_cast<std::uint64_t>(run);
        i += run;
        continue;
      }
      if (is_one(bits)) {
        time.take(in.bytes, bits, place);
        if (!value.take(in.bytes, some_bits_at(in.bytes, place), kSomeBits, place)) return false;
      } else {
        place += 1;
        if (!value.take(in.bytes, bits << 1U, 63, place)) return false;
      }
      time.forward(1);
      times_end[i] = time.t;
      values_end[i] = value.as_double();
      ++i;
    }
    if (i == 0 || in.padded) break;
  }
  return i == 0 && place <= in.size * 8 && time.rise(times);
}

bool decode(std::string_view bytes, std::span<Timestamp> times, std::span<double> values) {
  if (times.size() > bytes.size() * 4 + 2) return false;
  ByteReader head(bytes);
  Times time{head.signed_varint(), 0};
  const Value value{__builtin_bswap64(head.fixed<std::uint64_t>())};
  times[0] = time.t;
  values[0] = value.as_double();
  if (times.size() == 1) return !head.failed();
  time.delta = static_cast<std::int64_t>(head.varint());
  time.start();
  time.forward(1);
  return !head.failed() && decode_bits(head.take(head.left()), time, value, times, values);
}

void put_delta_of_delta(BitWriter& out, std::int64_t value) {
  if (value == 0) {
    out.put(0, 1);
    return;
  }
  unsigned index = 1;
  while (index < 4 && !fits_lopsided(value, kDeltaSizes[index])) ++index;
  out.put(index < 4 ? (1U << (index + 1)) - 2 : 0b1111, index < 4 ? index + 1 : 4);
  out.put(static_cast<std::uint64_t>(value), kDeltaSizes[index]);
}

}  // namespace

bool xor_decode(std::string_view bytes, std::size_t count, std::vector<Timestamp>& times, std::vector<double>& values) {
  if (count == 0) return true;
  const std::size_t before = times.size();
  const std::size_t values_before = values.size();
  times.resize(before + count);
  values.resize(values_before + count);
  if (decode(bytes, std::span(times).subspan(before), std::span(values).subspan(values_before))) return true;
  times.resize(before);
  values.resize(values_before);
  return false;
}

void xor_encode(std::span<const Timestamp> times, std::span<const double> values, std::string& out) {
  BitWriter bits(out);
  bits.put_varint(times[0]);
  bits.put(std::bit_cast<std::uint64_t>(values[0]), 64);
  std::int64_t delta = 0;
  XorWindow window;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const std::int64_t by = wrapping_sub(times[i], times[i - 1]);
    if (i == 1) {
      bits.put_uvarint(static_cast<std::uint64_t>(by));
    } else {
      put_delta_of_delta(bits, wrapping_sub(by, delta));
    }
    delta = by;
    put_xor(bits, std::bit_cast<std::uint64_t>(values[i - 1]), std::bit_cast<std::uint64_t>(values[i]), window);
  }
  bits.finish();
}

}  // namespace tocsin::chunkenc
