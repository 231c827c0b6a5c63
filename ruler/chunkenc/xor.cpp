#include "chunkenc/xor.hpp"

#include <bit>

#include "base/bytes.hpp"
#include "chunkenc/bit_reader.hpp"

namespace tocsin::chunkenc {
namespace {

std::int64_t take_delta_of_delta(BitReader& in) {
  if (!in.bit()) return 0;
  unsigned size = 14;
  if (in.bit()) {
    size = 17;
    if (in.bit()) {
      if (in.bit()) return static_cast<std::int64_t>(in.take_long(64));
      size = 20;
    }
  }
  const auto bits = static_cast<std::int64_t>(in.take(size));
  return bits > (std::int64_t{1} << (size - 1)) ? bits - (std::int64_t{1} << size) : bits;
}

}  // namespace

bool xor_decode(std::string_view bytes, std::size_t count, std::vector<Timestamp>& times, std::vector<double>& values) {
  if (count == 0) return true;
  const std::size_t before = times.size();
  times.resize(before + count);
  values.resize(values.size() + count);
  Timestamp* out_time = times.data() + before;
  double* out_value = values.data() + (values.size() - count);

  BitReader in(bytes);
  std::int64_t t = unzigzag(in.uvarint());
  std::uint64_t value = in.take_long(64);
  *out_time++ = t;
  *out_value++ = std::bit_cast<double>(value);
  std::int64_t delta = 0;
  unsigned leading = 0;
  unsigned size = 0;
  unsigned trailing = 0;
  for (std::size_t i = 1; i < count && !in.failed(); ++i) {
    delta = i == 1 ? static_cast<std::int64_t>(in.uvarint()) : wrapping_add(delta, take_delta_of_delta(in));
    t = wrapping_add(t, delta);
    if (in.bit()) {
      if (in.bit()) {
        const std::uint64_t window = in.take(11);
        leading = static_cast<unsigned>(window >> 6U);
        size = static_cast<unsigned>(window & 63U);
        if (size == 0) size = 64;
        if (leading + size > 64) break;
        trailing = 64 - leading - size;
      } else if (size == 0) {
        break;  // a window is used before one was set
      }
      value ^= in.take_long(size) << trailing;
    }
    *out_time++ = t;
    *out_value++ = std::bit_cast<double>(value);
  }
  if (!in.failed() && out_time == times.data() + times.size()) return true;
  times.resize(before);
  values.resize(values.size() - count);
  return false;
}

}  // namespace tocsin::chunkenc
