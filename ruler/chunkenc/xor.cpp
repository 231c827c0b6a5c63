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

/// Where a value changes, and what the bits of a sample that is on time have to do with it: two bits in front say that
/// it changed within the last window, thirteen that it changed and where the window is from now on.
struct Window {
  static constexpr unsigned kSame = 3, kFresh = 14;  // bits in front of the value, the one of the time among them
  std::uint64_t mask = 0;                            // ones within the window
  std::uint64_t step = 0;                            // bits of a sample within it
  int rotation = 0;                                  // of the bits of such a sample
  bool narrow = false;                               // they can be had at once

  int leading() const { return rotation + static_cast<int>(kSame); }
  void set(unsigned leading, unsigned size) {
    mask = ~std::uint64_t{0} << (64 - size) >> leading;
    step = kSame + size;
    rotation = static_cast<int>(leading) - static_cast<int>(kSame);
    narrow = step <= kSomeBits;
  }
};

/// Where a run of samples stands.
struct WideRun {
  std::uint64_t number;
  std::uint64_t at;
  Timestamp t;
  std::ptrdiff_t next;
};

/// Samples on time, within a window that is not narrow: one, and those behind it that are the same. Apart, so that the
/// loop for others has the registers.
[[gnu::noinline]] WideRun take_wide(WideRun run, const unsigned char* bytes, std::uint64_t last, const Window& window,
                                    std::int64_t delta, const Columns& to, std::ptrdiff_t stop) {
  do {
    run.number ^= std::rotr(bits_at(bytes, run.at + Window::kSame), window.leading()) & window.mask;
    run.at += window.step;
    run.t = wrapping_add(run.t, delta);
    to.times_end[run.next] = run.t;
    to.values_end[run.next] = std::bit_cast<double>(run.number);
  } while (++run.next < stop && run.at <= last && some_bits_at(bytes, run.at) >> 61U == 0b010);
  return run;
}

enum Windows : bool { kAny, kWide };

/// As take_samples(). Both take every chunk; kWide is quicker where samples within wide windows mostly follow each
/// other, and slower elsewhere.
template <Windows kWindows>
bool take(Readable& in, Readable::Copy& copy, std::uint64_t& place, Times& time, Value& value, const Columns& to,
          std::ptrdiff_t& next, std::ptrdiff_t stop) {
  constexpr std::ptrdiff_t kRun = 8;
  Window window;
  if (value.size != Value::kNoWindow) window.set(64 - value.size - value.trailing, value.size);
  std::uint64_t number = value.value;  // in registers, as the others
  std::uint64_t at = place;
  std::ptrdiff_t i = next;
  Times t = time;
  while (i < stop) {
    if (at > in.last) [[unlikely]] {
      if (in.padded) return false;
      in.pad(copy, at);
    }
    std::uint64_t bits = some_bits_at(in.bytes, at);
    if (is_one(bits)) [[unlikely]] {
      t.take(in.bytes, bits, at);
      at -= 1;  // the rest is as if it were on time
      bits = some_bits_at(in.bytes, at) << 1U >> 1U;
    }
    const std::uint64_t kind = bits >> 61U;
    if (kind == 0b010) {
      if (!window.narrow) [[unlikely]] {
        if (window.mask == 0) return false;
        if constexpr (kWindows == kWide) {
          const WideRun run = take_wide({number, at, t.t, i}, in.bytes, in.last, window, t.delta, to, stop);
          number = run.number;
          at = run.at;
          t.t = run.t;
          i = run.next;
          continue;
        }
        number ^= std::rotr(bits_at(in.bytes, at + Window::kSame), window.leading()) & window.mask;
      } else {
        number ^= std::rotr(bits, window.rotation) & window.mask;
      }
      at += window.step;
    } else if (kind == 0b011) {
      const auto leading = static_cast<unsigned>(bits >> 56U & 31U);
      const unsigned size = ((static_cast<unsigned>(bits >> 50U) - 1) & 63U) + 1;
      if (leading + size > 64) return false;
      window.set(leading, size);
      bits <<= Window::kFresh;
      if (size > kSomeBits - Window::kFresh) [[unlikely]]
        bits = bits_at(in.bytes, at + Window::kFresh);
      number ^= bits >> leading & window.mask;
      at += Window::kFresh + size;
    } else if (i > stop - kRun) {
      at += 2;
    } else {
      for (std::ptrdiff_t k = 0; k < kRun; ++k) {
        to.times_end[i + k] = t.ahead(static_cast<std::uint64_t>(k) + 1);
        to.values_end[i + k] = std::bit_cast<double>(number);
      }
      const std::ptrdiff_t run = std::min<std::ptrdiff_t>(std::countl_zero(bits | 1) / 2, kRun);
      t.forward(static_cast<std::uint64_t>(run));
      at += 2 * static_cast<std::uint64_t>(run);
      i += run;
      continue;
    }
    t.forward(1);
    to.times_end[i] = t.t;
    to.values_end[i] = std::bit_cast<double>(number);
    ++i;
  }
  time = t;
  value.value = number;
  if (window.mask != 0) {
    value.size = static_cast<unsigned>(window.step) - Window::kSame;
    value.trailing = static_cast<unsigned>(std::countr_zero(window.mask));
  }
  place = at;
  next = i;
  return true;
}

/// The samples from the second one's value on.
bool decode_bits(std::string_view bytes, Times time, Value value, std::span<Timestamp> times,
                 std::span<double> values) {
  Readable::Copy copy;
  Readable in(bytes);
  std::uint64_t place = 0;
  if (in.is_short()) in.pad(copy, place);
  if (!value.take(in.bytes, some_bits_at(in.bytes, place), kSomeBits, place)) return false;
  times[1] = time.t;
  values[1] = value.as_double();
  const Columns to{times.data() + times.size(), values.data() + values.size()};
  std::ptrdiff_t i = 2 - static_cast<std::ptrdiff_t>(times.size());
  constexpr std::size_t kManyBytes = 7;  // of a sample: windows are wide
  // By a pointer, so that neither is inlined: its registers would be saved for each chunk.
  const auto take_all = bytes.size() > kManyBytes * times.size() ? take<kWide> : take<kAny>;
  return take_all(in, copy, place, time, value, to, i, 0) && place <= in.size * 8 && time.rise(times);
}

}  // namespace

bool take_samples(Readable& in, Readable::Copy& copy, std::uint64_t& place, Times& time, Value& value,
                  const Columns& to, std::ptrdiff_t& next, std::ptrdiff_t stop) {
  return take<kAny>(in, copy, place, time, value, to, next, stop);
}

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
