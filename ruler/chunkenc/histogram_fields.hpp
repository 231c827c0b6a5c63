#pragma once
// The numbers of a histogram as they follow each other in a chunk. Integer histograms: delta of deltas of each count,
// where a bucket is its difference to the bucket before it. Float histograms: xor of each. The sum is xor in both.
// The same state serves the one who writes and the one who reads. Source: Prometheus tsdb/docs/format/chunks.md.

#include <bit>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "chunkenc/varbit.hpp"
#include "model/histogram.hpp"

namespace tocsin::chunkenc {

/// Moves by deltas whose deltas are stored; they wrap.
struct DeltaField {
  std::int64_t value = 0, delta = 0;

  void put(BitWriter& out, std::int64_t next) {
    const std::int64_t by = wrapping_sub(next, value);
    put_varbit_int(out, wrapping_sub(by, delta));
    value = next;
    delta = by;
  }
  void take(BitReader& in) {
    delta = wrapping_add(delta, take_varbit_int(in));
    value = wrapping_add(value, delta);
  }
};

struct XorField {
  std::uint64_t bits = 0;
  XorWindow window;

  double value() const { return std::bit_cast<double>(bits); }
  void put_first(BitWriter& out, double next) {
    bits = std::bit_cast<std::uint64_t>(next);
    out.put(bits, 64);
  }
  void take_first(BitReader& in) { bits = in.take_long(64); }
  void put(BitWriter& out, double next) {
    const std::uint64_t last = bits;
    bits = std::bit_cast<std::uint64_t>(next);
    put_xor(out, last, bits, window);
  }
  bool take(BitReader& in) { return take_xor(in, bits, window); }
};

/// Counts of integer histograms.
struct IntegerCounts {
  static constexpr bool kIntegers = true;
  DeltaField count, zero_count;
  std::vector<DeltaField> positive, negative;

  void put_first(BitWriter& out, double c, double z) {
    count.value = static_cast<std::int64_t>(c);
    zero_count.value = static_cast<std::int64_t>(z);
    put_varbit_uint(out, static_cast<std::uint64_t>(count.value));
    put_varbit_uint(out, static_cast<std::uint64_t>(zero_count.value));
  }
  void take_first(BitReader& in) {
    count.value = static_cast<std::int64_t>(take_varbit_uint(in));
    zero_count.value = static_cast<std::int64_t>(take_varbit_uint(in));
  }
  void put(BitWriter& out, double c, double z) {
    count.put(out, static_cast<std::int64_t>(c));
    zero_count.put(out, static_cast<std::int64_t>(z));
  }
  /// In a stale sample both stay as predicted.
  void put_stale(BitWriter& out) {
    out.put(0, 2);
    count = {};
    zero_count = {};
  }
  bool take(BitReader& in) {
    count.take(in);
    zero_count.take(in);
    return true;
  }
  /// What the next sample is coded against, as if no delta had been.
  void start_from(const model::FloatHistogram& h) {
    count = {static_cast<std::int64_t>(h.count), 0};
    zero_count = {static_cast<std::int64_t>(h.zero_count), 0};
    start_buckets(positive, h.positive_buckets);
    start_buckets(negative, h.negative_buckets);
  }
  static void start_buckets(std::vector<DeltaField>& fields, const std::vector<double>& counts) {
    fields.clear();
    std::int64_t before = 0;
    for (const double c : counts) {
      const auto now = static_cast<std::int64_t>(c);
      fields.push_back({now - before, 0});
      before = now;
    }
  }
  double total() const { return static_cast<double>(static_cast<std::uint64_t>(count.value)); }
  double zeros() const { return static_cast<double>(static_cast<std::uint64_t>(zero_count.value)); }

  static void put_first_buckets(BitWriter& out, std::vector<DeltaField>& fields, const std::vector<double>& counts) {
    std::int64_t before = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto now = static_cast<std::int64_t>(counts[i]);
      fields[i] = {now - before, 0};
      put_varbit_int(out, fields[i].value);
      before = now;
    }
  }
  static void put_buckets(BitWriter& out, std::vector<DeltaField>& fields, const std::vector<double>& counts) {
    std::int64_t before = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto now = static_cast<std::int64_t>(counts[i]);
      fields[i].put(out, now - before);
      before = now;
    }
  }
  static bool take_first_buckets(BitReader& in, std::vector<DeltaField>& fields) {
    for (auto& field : fields) field.value = take_varbit_int(in);
    return true;
  }
  static bool take_buckets(BitReader& in, std::vector<DeltaField>& fields) {
    for (auto& field : fields) field.take(in);
    return true;
  }
  static void absolute(const std::vector<DeltaField>& fields, std::vector<double>& counts) {
    counts.resize(fields.size());
    std::int64_t count = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      count = wrapping_add(count, fields[i].value);
      counts[i] = static_cast<double>(count);
    }
  }
};

/// Counts of float histograms.
struct FloatCounts {
  static constexpr bool kIntegers = false;
  XorField count, zero_count;
  std::vector<XorField> positive, negative;

  void put_first(BitWriter& out, double c, double z) {
    count.put_first(out, c);
    zero_count.put_first(out, z);
  }
  void take_first(BitReader& in) {
    count.take_first(in);
    zero_count.take_first(in);
  }
  void put(BitWriter& out, double c, double z) {
    count.put(out, c);
    zero_count.put(out, z);
  }
  void put_stale(BitWriter& out) { put(out, 0, 0); }
  bool take(BitReader& in) { return count.take(in) && zero_count.take(in); }
  void start_from(const model::FloatHistogram& h) {
    count = {std::bit_cast<std::uint64_t>(h.count), {}};
    zero_count = {std::bit_cast<std::uint64_t>(h.zero_count), {}};
    start_buckets(positive, h.positive_buckets);
    start_buckets(negative, h.negative_buckets);
  }
  static void start_buckets(std::vector<XorField>& fields, const std::vector<double>& counts) {
    fields.clear();
    for (const double c : counts) fields.push_back({std::bit_cast<std::uint64_t>(c), {}});
  }
  double total() const { return count.value(); }
  double zeros() const { return zero_count.value(); }

  static void put_first_buckets(BitWriter& out, std::vector<XorField>& fields, const std::vector<double>& counts) {
    for (std::size_t i = 0; i < fields.size(); ++i) fields[i].put_first(out, counts[i]);
  }
  static void put_buckets(BitWriter& out, std::vector<XorField>& fields, const std::vector<double>& counts) {
    for (std::size_t i = 0; i < fields.size(); ++i) fields[i].put(out, counts[i]);
  }
  static bool take_first_buckets(BitReader& in, std::vector<XorField>& fields) {
    for (auto& field : fields) field.take_first(in);
    return true;
  }
  static bool take_buckets(BitReader& in, std::vector<XorField>& fields) {
    bool good = true;
    for (auto& field : fields) good = field.take(in) && good;
    return good;
  }
  static void absolute(const std::vector<XorField>& fields, std::vector<double>& counts) {
    counts.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) counts[i] = fields[i].value();
  }
};

}  // namespace tocsin::chunkenc
