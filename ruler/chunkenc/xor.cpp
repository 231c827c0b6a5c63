#include "chunkenc/xor.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {
namespace {

constexpr unsigned kDeltaSizes[] = {0, 14, 17, 20, 64};  // k ones and a zero (4: none), then so many bits

/// The same by the next four bits: how many bits it takes, how many of them are the number, and what this is beyond
/// half of (see lopsided()).
struct DeltaClass {
  std::uint8_t taken, size;
  std::uint32_t half;
};
constexpr DeltaClass kDeltaClasses[16] = {
    {1, 0, 0},         {1, 0, 0},         {1, 0, 0},         {1, 0, 0},         {1, 0, 0},         {1, 0, 0},
    {1, 0, 0},         {1, 0, 0},         {16, 14, 1 << 13}, {16, 14, 1 << 13}, {16, 14, 1 << 13}, {16, 14, 1 << 13},
    {20, 17, 1 << 16}, {20, 17, 1 << 16}, {24, 20, 1 << 19}, {4, 64, 0},
};

/// The bytes with zeros behind them, so that the loop below need not ask for the end: zeros are samples of two bits, so
/// those that were promised beyond the end take no more than what lies before it, if there are four promised per byte.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string_view bytes) {
    const std::size_t size = bytes.size() * 2 + kReadAhead;
    char* to = small_;
    if (size > sizeof small_) {
      large_ = std::make_unique_for_overwrite<char[]>(size);
      to = large_.get();
    }
    begin_ = to;
    std::ranges::fill(std::ranges::copy(bytes, to).out, begin_ + size, '\0');
  }
  const char* begin() const { return begin_; }

 private:
  static constexpr std::size_t kReadAhead = 64;  // one sample, and what is loaded ahead
  char* begin_;
  char small_[4096];  // 120 samples take less
  std::unique_ptr<char[]> large_;
};

/// Bits of a padded copy, from the most significant one on.
struct FastBits {
  const char* at;
  std::uint64_t bits = 0;  // the next bit is the most significant one
  unsigned have = 0;

  /// Makes it 56 bits or more. Bits beyond `have` may be in the buffer already; they are or-ed in once more.
  [[gnu::always_inline]] void refill() {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    bits |= __builtin_bswap64(word) >> have;
    at += (63 - have) >> 3U;
    have |= 56U;
  }
  [[gnu::always_inline]] void skip(unsigned count) {
    bits <<= count;
    have -= count;
  }
  /// 0..63 bits.
  [[gnu::always_inline]] std::uint64_t take(unsigned count) {
    refill();
    if (count > 56) [[unlikely]] {
      const std::uint64_t high = bits >> 32U;
      skip(32);
      refill();
      const std::uint64_t low = bits >> 1U >> (95 - count);
      skip(count - 32);
      return high << (count - 32) | low;
    }
    const std::uint64_t value = bits >> 1U >> (63 - count);
    skip(count);
    return value;
  }
};

/// The inner loop of every query that reads chunks. In place of branches on what the bits are, which nothing can
/// predict, both readings of a value are worked out and one is chosen; what is left of branches goes one way for
/// nearly all samples of a chunk: on time or not, the value within the bits at hand or not.
struct FastValue {
  std::uint64_t value;
  unsigned size = 0;  // of the window
  unsigned trailing = 0;
  unsigned seen = 0;  // all trailing, or-ed: beyond 63 if leading zeros and size once were too many

  /// @param offset  where the value begins in the bits at hand, 1 at most.
  [[gnu::always_inline]] void take(FastBits& in, unsigned offset) {
    const std::uint64_t ahead = in.bits << offset;
    const auto changed = static_cast<unsigned>(ahead >> 63U);
    const bool new_window = ahead >> 62U == 3;
    const auto window = static_cast<unsigned>(ahead >> 51U & 0x7ffU);
    const unsigned new_size = ((window - 1) & 63U) + 1;  // 64 as 0
    size = new_window ? new_size : size;
    trailing = new_window ? 64 - (window >> 6U) - new_size : trailing;
    seen |= trailing;
    const unsigned control = new_window ? 13 : 1 + changed;
    const unsigned count = size & (0 - changed);
    if (offset + control + count <= 56) [[likely]] {
      value ^= (ahead << control >> 1U >> (63 - count)) << (trailing & 63U);
      in.skip(offset + control + count);
    } else {
      in.skip(offset + control);
      value ^= in.take(count) << (trailing & 63U);
    }
  }
};

/// Of the class, which is not that of 64 bits. Skips it.
[[gnu::always_inline]] inline std::int64_t take_fast_delta(FastBits& in, const DeltaClass& one) {
  const std::uint64_t half = one.half;
  const std::uint64_t bits = in.bits << (one.taken - one.size) >> 1U >> (63U - one.size);
  in.skip(one.taken);
  return static_cast<std::int64_t>(bits > half ? bits - 2 * half : bits);
}

bool decode(std::string_view bytes, std::size_t count, Timestamp* times, double* values) {
  if (count > bytes.size() * 4 + 2) return false;
  BitReader head(bytes);
  Timestamp t = head.varint();
  FastValue value{head.take_long(64)};
  times[0] = t;
  values[0] = std::bit_cast<double>(value.value);
  if (count == 1) return !head.failed();
  auto delta = static_cast<std::int64_t>(head.uvarint());
  times[1] = t = wrapping_add(t, delta);
  if (head.failed()) return false;

  const PaddedCopy copy(bytes);
  const char* const end = copy.begin() + bytes.size();
  FastBits in{end - head.bits_left() / 8};  // all so far were whole bytes
  in.refill();
  value.take(in, 0);
  values[1] = std::bit_cast<double>(value.value);
  std::size_t i = 2;
  // Targets are on time, or are off it again and again: a loop for either.
  for (; i < count; ++i) {
    in.refill();
    if (static_cast<std::int64_t>(in.bits) < 0) break;
    value.take(in, 1);
    times[i] = t = wrapping_add(t, delta);
    values[i] = std::bit_cast<double>(value.value);
  }
  for (; i < count; ++i) {
    in.refill();
    const DeltaClass& one = kDeltaClasses[in.bits >> 60U];
    if (one.size == 64) [[unlikely]] {
      in.skip(one.taken);
      const std::uint64_t high = in.take(32);
      delta = wrapping_add(delta, static_cast<std::int64_t>(high << 32U | in.take(32)));
    } else {
      delta = wrapping_add(delta, take_fast_delta(in, one));
    }
    in.refill();
    value.take(in, 0);
    times[i] = t = wrapping_add(t, delta);
    values[i] = std::bit_cast<double>(value.value);
  }
  return value.seen <= 63 && in.at - in.have / 8 <= end;
}

bool rises(std::span<const Timestamp> times) {
  bool good = true;
  for (std::size_t i = 1; i < times.size(); ++i) good &= times[i - 1] < times[i];
  return good;
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
  times.resize(before + count);
  values.resize(values.size() + count);
  Timestamp* const out = times.data() + before;
  if (decode(bytes, count, out, values.data() + (values.size() - count)) && rises({out, count})) return true;
  times.resize(before);
  values.resize(values.size() - count);
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
