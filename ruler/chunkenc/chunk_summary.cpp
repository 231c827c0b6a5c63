#include "chunkenc/chunk_summary.hpp"

#include <bit>
#include <cmath>

namespace tocsin::chunkenc {
namespace {

using storage::ChunkSummary;

/// What the reader expects a field to be: a field that is so takes two bits and nothing else.
struct Expected {
  double last, min, max, sum, mean, m2, increase;
};

Expected expected(const ChunkSummary& s) {
  const bool rising = s.last >= s.first;
  Expected e{};
  e.last = s.first;
  e.min = rising ? s.first : s.last;
  e.max = rising ? s.last : s.first;
  e.sum = s.first * s.count;
  e.mean = s.count == 0 ? 0 : s.sum / s.count;
  e.m2 = 0;
  e.increase = s.last - s.first;
  return e;
}

enum Kind : unsigned { kAsExpected = 0, kInteger = 1, kRaw = 2 };
constexpr double kIntegerLimit = 9007199254740992.0;  // 2^53

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

Kind kind_of(double value, double expectation) {
  if (same_bits(value, expectation)) return kAsExpected;
  if (std::abs(value) <= kIntegerLimit && same_bits(value, static_cast<double>(static_cast<std::int64_t>(value)))) {
    return kInteger;
  }
  return kRaw;
}

void put_value(double value, Kind kind, std::string& out) {
  if (kind == kInteger) put_signed(out, static_cast<std::int64_t>(value));
  if (kind == kRaw) put_fixed(out, value);
}

double take_value(unsigned kind, double expectation, ByteReader& in) {
  if (kind == kInteger) return static_cast<double>(in.signed_varint());
  if (kind == kRaw) return in.fixed<double>();
  return expectation;
}

}  // namespace

ChunkSummary summarise(std::span<const Timestamp> times, std::span<const double> values) {
  ChunkSummary s;
  s.first_time = times.front();
  s.last_time = times.back();
  double compensation = 0;
  for (const double v : values) {
    if (std::isnan(v)) {
      if (model::is_stale(v)) {
        s.has_stale = true;
        continue;
      }
      s.has_nan = true;
    }
    if (s.count == 0) {
      s.first = s.min = s.max = v;
    } else {
      if (v != s.last && !(std::isnan(v) && std::isnan(s.last))) ++s.changes;
      if (v < s.last) {
        ++s.resets;
        s.increase += v;
      } else {
        s.increase += v - s.last;
      }
      if (v < s.min || std::isnan(s.min)) s.min = v;
      if (v > s.max || std::isnan(s.max)) s.max = v;
    }
    s.last = v;
    ++s.count;
    const double sum = s.sum + v;
    compensation += std::abs(s.sum) >= std::abs(v) ? (s.sum - sum) + v : (v - sum) + s.sum;
    s.sum = sum;
    const double delta = v - s.mean;
    s.mean += delta / s.count;
    s.m2 += delta * (v - s.mean);
  }
  if (std::isfinite(compensation)) s.sum += compensation;
  return s;
}

void encode_summary(const ChunkSummary& s, std::string& out) {
  put_varint(out, static_cast<std::uint64_t>(s.last_time - s.first_time));
  put_varint(out, s.count);
  put_varint(out, s.changes);
  put_varint(out, s.resets);
  const Expected e = expected(s);
  const Kind kinds[] = {kind_of(s.last, e.last),        kind_of(s.min, e.min),   kind_of(s.max, e.max),
                        kind_of(s.sum, e.sum),          kind_of(s.mean, e.mean), kind_of(s.m2, e.m2),
                        kind_of(s.increase, e.increase)};
  unsigned flags = 0;
  for (unsigned i = 0; i < 7; ++i) flags |= static_cast<unsigned>(kinds[i]) << (2 * i);
  flags |= (s.has_histograms ? 1U : 0U) << 14U | (s.has_stale ? 1U : 0U) << 15U | (s.has_nan ? 1U : 0U) << 16U;
  put_varint(out, flags);
  put_fixed(out, s.first);
  const double values[] = {s.last, s.min, s.max, s.sum, s.mean, s.m2, s.increase};
  for (unsigned i = 0; i < 7; ++i) put_value(values[i], kinds[i], out);
}

ChunkSummary decode_summary(Timestamp first_time, ByteReader& in) {
  ChunkSummary s;
  s.first_time = first_time;
  s.last_time = wrapping_add(first_time, static_cast<std::int64_t>(in.varint()));
  s.count = in.varint32();
  s.changes = in.varint32();
  s.resets = in.varint32();
  const std::uint32_t flags = in.varint32();
  s.has_histograms = (flags >> 14U & 1U) != 0;
  s.has_stale = (flags >> 15U & 1U) != 0;
  s.has_nan = (flags >> 16U & 1U) != 0;
  const auto kind = [flags](unsigned i) { return flags >> (2 * i) & 3U; };
  s.first = in.fixed<double>();
  s.last = take_value(kind(0), expected(s).last, in);
  const Expected by_last = expected(s);
  s.min = take_value(kind(1), by_last.min, in);
  s.max = take_value(kind(2), by_last.max, in);
  s.sum = take_value(kind(3), by_last.sum, in);
  s.mean = take_value(kind(4), expected(s).mean, in);
  s.m2 = take_value(kind(5), by_last.m2, in);
  s.increase = take_value(kind(6), by_last.increase, in);
  return s;
}

}  // namespace tocsin::chunkenc
