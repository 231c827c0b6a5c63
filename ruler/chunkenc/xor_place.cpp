// Decoding an XOR chunk piece by piece.
#include "chunkenc/xor.hpp"
#include "chunkenc/xor_decoder.hpp"

namespace tocsin::chunkenc {
namespace {

/// Takes the first two samples. @return false if there are none.
bool begin(std::string_view& bytes, Times& time, Value& value, std::span<Timestamp> times, std::span<double> values) {
  if (times.size() < 2 || !may_hold(bytes, times.size())) return false;
  QuickReader head(bytes);
  Times first;
  if (!take_head(head, false, first, value, time)) return false;
  times[0] = first.t;
  values[0] = value.as_double();
  bytes = head.rest();
  return true;
}

bool rise(const Times& time, Timestamp before, std::span<const Timestamp> times) {
  return before < times.front() && (times.size() == 1 || time.rise(times));
}

}  // namespace

bool xor_decode_on(const std::string_view bytes, XorPlace& place, std::span<Timestamp> times,
                   std::span<double> values) {
  if (times.empty()) return true;
  const bool at_beginning = place.samples == 0;
  const auto count = static_cast<std::ptrdiff_t>(times.size());
  Times time;
  Value value;
  std::string_view rest = bytes;
  std::uint64_t at = 0;
  if (at_beginning) {
    if (!begin(rest, time, value, times, values)) return false;
  } else {
    if (place.bit / 8 > bytes.size()) return false;
    time = {place.time, place.delta};
    time.start();
    value = {place.value, place.size, place.trailing};
    rest = bytes.substr(place.bit / 8);
    at = place.bit % 8;
  }

  Readable::Copy copy;
  Readable in(rest);
  if (in.is_short()) in.pad(copy, at);
  std::ptrdiff_t next = -count;
  if (at_beginning) {
    if (!value.take(in.bytes, some_bits_at(in.bytes, at), kSomeBits, at)) return false;
    times[1] = time.t;
    values[1] = value.as_double();
    next += 2;
  }
  const Columns to{times.data() + count, values.data() + count};
  if (!take_samples(in, copy, at, time, value, to, next, 0) || at > in.size * 8) return false;
  if (at_beginning ? !time.rise(times) : !rise(time, place.time, times)) return false;

  place.samples += static_cast<std::uint32_t>(count);
  place.bit = static_cast<std::uint32_t>((bytes.size() - in.size) * 8 + at);  // what it reads ends where the bytes do
  place.time = time.t;
  place.delta = time.delta;
  place.value = value.value;
  place.size = static_cast<std::uint8_t>(value.size);
  place.trailing = static_cast<std::uint8_t>(value.trailing);
  return true;
}

}  // namespace tocsin::chunkenc
