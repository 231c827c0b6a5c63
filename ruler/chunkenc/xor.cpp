#include "chunkenc/xor.hpp"

#include <algorithm>
#include <bit>

#include "chunkenc/xor_decoder.hpp"

namespace tocsin::chunkenc {

DeltaOfDelta delta_at(const unsigned char* bytes, std::uint64_t place) {
  const std::uint64_t bits = bits_at(bytes, place);
  const auto index = static_cast<unsigned>(std::countl_one(bits));
  if (index >= 4) return {static_cast<std::int64_t>(bits_at(bytes, place + 4)), 68};
  const unsigned size = kDeltaSizes[index];
  return {lopsided(bits << (index + 1) >> (64 - size), size), index + 1 + size};
}

namespace {

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

}  // namespace

bool xor_decode_alone(std::string_view bytes, std::span<Timestamp> times, std::span<double> values) {
  if (!may_hold(bytes, times.size())) return false;
  QuickReader head(bytes);
  Times first;
  Times second;
  Value value;
  if (!take_head(head, times.size() == 1, first, value, second)) return false;
  times[0] = first.t;
  values[0] = value.as_double();
  return times.size() == 1 || decode_bits(head.rest(), second, value, times, values);
}

namespace {

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
  if (xor_decode_alone(bytes, std::span(times).subspan(before), std::span(values).subspan(values_before))) return true;
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
