// Summaries as bytes: docs/format/head_chunks.md.

#include <bit>
#include <cmath>
#include <cstdint>

#include "chunkenc/chunk_summary.hpp"

namespace tocsin::chunkenc {
namespace {

using storage::ChunkSummary;

/// Two bits for each value. kFourth is a number of thousandths, or, for sum_error, a float.
enum Kind : unsigned { kAsExpected = 0, kInteger = 1, kRaw = 2, kFourth = 3 };

// Where the bits of a value stand in the flags.
enum Place : unsigned { kLast = 0, kMin = 2, kMax = 4, kSum = 6, kSumError = 8, kM2 = 10, kIncrease = 12, kFirst = 18 };
constexpr unsigned kHasResetValues = 1U << 14U;
constexpr unsigned kHasStale = 1U << 15U;
constexpr unsigned kHasNan = 1U << 16U;
constexpr unsigned kSecondForm = 1U << 17U;

constexpr double kIntegerLimit = 9007199254740992.0;  // 2^53
constexpr double kThousand = 1000;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool is_integer(double value) {
  return std::abs(value) <= kIntegerLimit && same_bits(value, static_cast<double>(static_cast<std::int64_t>(value)));
}

std::int64_t thousandths(double value) {
  return static_cast<std::int64_t>(std::nearbyint(value * kThousand));
}
double of_thousandths(std::int64_t value) {
  return static_cast<double>(value) / kThousand;
}
bool is_thousandths(double value) {
  return std::abs(value) <= kIntegerLimit / kThousand && same_bits(value, of_thousandths(thousandths(value)));
}

Kind kind_of(double value, double expected) {
  if (same_bits(value, expected)) return kAsExpected;
  if (is_integer(value)) return kInteger;
  return is_thousandths(value) ? kFourth : kRaw;
}

Kind kind_of_error(double value) {
  if (same_bits(value, 0)) return kAsExpected;
  return same_bits(value, static_cast<double>(static_cast<float>(value))) ? kFourth : kRaw;
}

void put_value(double value, unsigned kind, std::string& out) {
  if (kind == kInteger) put_signed(out, static_cast<std::int64_t>(value));
  if (kind == kRaw) put_fixed(out, value);
  if (kind == kFourth) put_signed(out, thousandths(value));
}

[[gnu::always_inline]] inline double take_value(unsigned kind, double expected, QuickReader& in) {
  if (kind == kInteger) return static_cast<double>(in.signed_varint());
  if (kind == kRaw) return in.fixed<double>();
  if (kind == kFourth) return of_thousandths(in.signed_varint());
  return expected;
}

void put_error(double value, unsigned kind, std::string& out) {
  if (kind == kRaw) put_fixed(out, value);
  if (kind == kFourth) put_fixed(out, static_cast<float>(value));
}

[[gnu::always_inline]] inline double take_error(unsigned kind, QuickReader& in) {
  if (kind == kRaw) return in.fixed<double>();
  return kind == kFourth ? static_cast<double>(in.fixed<float>()) : 0;
}

// What a reader expects a value to be, from those before it.
double expected_min(const ChunkSummary& s) {
  return s.last >= s.first ? s.first : s.last;
}
double expected_max(const ChunkSummary& s) {
  return s.last >= s.first ? s.last : s.first;
}
double expected_sum(const ChunkSummary& s) {
  return s.first * s.count;
}
double expected_increase(const ChunkSummary& s) {
  double increase = s.last - s.first;
  for (const double value : s.reset_values) increase += value;
  return increase;
}

/// Reads on to the end of a summary as it was written before there were values of resets, which is not enough to
/// answer as a full scan does.
void skip_first_form(std::uint32_t flags, QuickReader& in) {
  in.fixed<double>();
  for (unsigned i = 0; i < 7; ++i) {
    const unsigned kind = flags >> (2 * i) & 3U;
    if (kind == kInteger) in.varint();
    if (kind == kRaw) in.fixed<double>();
  }
}

}  // namespace

void encode_summary(const ChunkSummary& s, std::string& out) {
  put_varint(out, static_cast<std::uint64_t>(wrapping_sub(s.last_time, s.first_time)));
  put_varint(out, s.count);
  put_varint(out, s.changes);
  put_varint(out, s.resets);
  const unsigned first = kind_of(s.first, 0);
  const unsigned last = kind_of(s.last, s.first);
  const unsigned min = kind_of(s.min, expected_min(s));
  const unsigned max = kind_of(s.max, expected_max(s));
  const unsigned sum = kind_of(s.sum, expected_sum(s));
  const unsigned error = kind_of_error(s.sum_error);
  const unsigned m2 = kind_of(s.m2, 0);
  const unsigned increase = kind_of(s.increase, expected_increase(s));
  unsigned flags = kSecondForm | last << kLast | min << kMin | max << kMax | sum << kSum | error << kSumError |
                   m2 << kM2 | increase << kIncrease | first << kFirst;
  if (!s.reset_values.empty()) flags |= kHasResetValues;
  if (s.has_stale) flags |= kHasStale;
  if (s.has_nan) flags |= kHasNan;
  put_varint(out, flags);
  if (s.has_stale) {
    put_varint(out, static_cast<std::uint64_t>(wrapping_sub(s.first_at, s.first_time)));
    put_varint(out, static_cast<std::uint64_t>(wrapping_sub(s.last_time, s.last_at)));
  }
  put_value(s.first, first, out);
  put_value(s.last, last, out);
  put_value(s.min, min, out);
  put_value(s.max, max, out);
  put_value(s.sum, sum, out);
  put_error(s.sum_error, error, out);
  put_value(s.m2, m2, out);
  for (const double value : s.reset_values) {
    const unsigned kind = kind_of(value, s.max);
    put_varint(out, kind);
    put_value(value, kind, out);
  }
  put_value(s.increase, increase, out);
}

void decode_summary(Timestamp first_time, QuickReader& from, ChunkSummary& s) {
  QuickReader in = from;
  s.first_time = first_time;
  s.last_time = wrapping_add(first_time, static_cast<std::int64_t>(in.varint()));
  const std::uint32_t count = in.varint32();
  const std::uint32_t changes = in.varint32();
  const std::uint32_t resets = in.varint32();
  const std::uint32_t flags = in.varint32();
  if ((flags & kSecondForm) == 0) {
    skip_first_form(flags, in);
    s.first_at = s.first_time;
    s.last_at = s.last_time;
    from = in;
    return;
  }
  const auto kind = [flags](Place place) { return flags >> place & 3U; };
  s.count = count;
  s.changes = changes;
  s.resets = resets;
  s.has_stale = (flags & kHasStale) != 0;
  s.has_nan = (flags & kHasNan) != 0;
  s.first_at = s.first_time;
  s.last_at = s.last_time;
  if (s.has_stale) {
    s.first_at = wrapping_add(s.first_time, static_cast<std::int64_t>(in.varint()));
    s.last_at = wrapping_sub(s.last_time, static_cast<std::int64_t>(in.varint()));
  }
  s.first = take_value(kind(kFirst), 0, in);
  s.last = take_value(kind(kLast), s.first, in);
  s.min = take_value(kind(kMin), expected_min(s), in);
  s.max = take_value(kind(kMax), expected_max(s), in);
  s.sum = take_value(kind(kSum), expected_sum(s), in);
  s.sum_error = take_error(kind(kSumError), in);
  s.mean = s.count == 0 ? 0 : s.sum / s.count;
  s.m2 = take_value(kind(kM2), 0, in);
  if ((flags & kHasResetValues) != 0) {
    if (resets > ChunkSummary::kMaxResetValues) in.fail<int>();  // nobody writes that
    for (std::uint32_t i = 0; i < resets && !in.failed(); ++i) {
      const std::uint32_t value_kind = in.varint32();
      s.reset_values.push_back(take_value(value_kind, s.max, in));
    }
  }
  s.increase = take_value(kind(kIncrease), expected_increase(s), in);
  from = in;
}

ChunkSummary decode_summary(Timestamp first_time, ByteReader& in) {
  ChunkSummary s;
  QuickReader quick({in.position(), in.left()});
  decode_summary(first_time, quick, s);
  in.take(quick.failed() ? in.left() + 1 : in.left() - quick.left());
  return s;
}

}  // namespace tocsin::chunkenc
