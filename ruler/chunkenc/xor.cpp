#include "chunkenc/xor.hpp"

#include <bit>

#include "base/bytes.hpp"
#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {
namespace {

constexpr unsigned kDeltaSizes[] = {0, 14, 17, 20, 64};  // k ones and a zero (4: none), then so many bits

std::int64_t take_delta_of_delta(BitReader& in) {
  const unsigned size = kDeltaSizes[in.ones(4)];
  if (size == 0) return 0;
  if (size == 64) return static_cast<std::int64_t>(in.take_long(64));
  return lopsided(in.take(size), size);
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
  Timestamp* const out_times = times.data() + before;
  double* const out_values = values.data() + (values.size() - count);

  BitReader in(bytes);
  std::int64_t t = in.varint();
  std::uint64_t value = in.take_long(64);
  std::int64_t delta = 0;
  XorWindow window;
  out_times[0] = t;
  out_values[0] = std::bit_cast<double>(value);
  std::size_t done = 1;
  for (; done < count && !in.failed(); ++done) {
    delta = done == 1 ? static_cast<std::int64_t>(in.uvarint()) : wrapping_add(delta, take_delta_of_delta(in));
    const std::int64_t last = t;
    t = wrapping_add(t, delta);
    if (t <= last || !take_xor(in, value, window)) break;
    out_times[done] = t;
    out_values[done] = std::bit_cast<double>(value);
  }
  if (!in.failed() && done == count) return true;
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
