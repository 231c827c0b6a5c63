#include "chunkenc/histogram_layout.hpp"

#include <algorithm>
#include <cmath>

#include "chunkenc/varbit.hpp"

namespace tocsin::chunkenc {
namespace {

/// One byte if it is 0 or a power of two of usual size, else nine.
void put_zero_threshold(BitWriter& out, double threshold) {
  if (threshold == 0) {
    out.put(0, 8);
    return;
  }
  int exponent = 0;
  if (std::frexp(threshold, &exponent) == 0.5 && exponent >= -242 && exponent <= 11) {
    out.put(static_cast<unsigned>(exponent + 243), 8);
    return;
  }
  out.put(255, 8);
  out.put(std::bit_cast<std::uint64_t>(threshold), 64);
}

double take_zero_threshold(BitReader& in) {
  const auto byte = static_cast<int>(in.take(8));
  if (byte == 0) return 0;
  if (byte == 255) return std::bit_cast<double>(in.take_long(64));
  return std::ldexp(0.5, byte - 243);
}

void put_spans(BitWriter& out, const Spans& spans) {
  put_varbit_uint(out, spans.size());
  for (const auto& span : spans) {
    put_varbit_uint(out, span.length);
    put_varbit_int(out, span.offset);
  }
}

/// Folds empty spans into the offset of the next one. What indices the spans name stays as it was.
bool fold_empty_spans(Spans& spans) {
  Spans folded;
  std::int64_t offset = 0;
  for (const auto& span : spans) {
    offset += span.offset;
    if (span.length == 0) continue;
    if (offset != static_cast<std::int32_t>(offset)) return false;
    folded.push_back({static_cast<std::int32_t>(offset), span.length});
    offset = 0;
  }
  spans = std::move(folded);
  return true;
}

/// Of one side. The finest schema has 2^19 for all doubles.
constexpr std::uint64_t kMostBuckets = 1U << 20U;

bool take_spans(BitReader& in, Spans& spans) {
  const std::uint64_t count = take_varbit_uint(in);
  if (count > in.bits_left() / 2) return false;
  spans.clear();
  std::uint64_t buckets = 0;
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    const std::uint64_t length = take_varbit_uint(in);
    const std::int64_t offset = take_varbit_int(in);
    if (offset != static_cast<std::int32_t>(offset) || (i > 0 && offset < 0)) return false;
    buckets += length;
    // Each bucket takes a bit at least.
    if (length > kMostBuckets || buckets > std::min(in.bits_left(), kMostBuckets)) return false;
    spans.push_back({static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(length)});
  }
  if (in.failed()) return false;
  // Every sample that is read gets a copy: empty spans must not be what makes those large.
  return spans.size() <= buckets + 8 || fold_empty_spans(spans);
}

/// Bounds that are thousandths up to this stand as integers.
constexpr double kMostThousandths = 33554430;

void put_bound(BitWriter& out, double bound) {
  const double thousandths = std::round(bound * 1000);
  if (bound * 1000 >= 0 && bound * 1000 <= kMostThousandths && thousandths / 1000 == bound) {
    put_varbit_uint(out, static_cast<std::uint64_t>(thousandths) + 1);
    return;
  }
  out.put(0, 1);
  out.put(std::bit_cast<std::uint64_t>(bound), 64);
}

double take_bound(BitReader& in) {
  const std::uint64_t bits = take_varbit_uint(in);
  return bits == 0 ? std::bit_cast<double>(in.take_long(64)) : static_cast<double>(bits - 1) / 1000;
}

bool take_bounds(BitReader& in, std::vector<double>& bounds) {
  const std::uint64_t count = take_varbit_uint(in);
  if (count > in.bits_left() / 5) return false;
  bounds.clear();
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) bounds.push_back(take_bound(in));
  return !in.failed();
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_buckets(const Spans& a, const std::vector<double>& a_counts, const Spans& b,
                  const std::vector<double>& b_counts) {
  BucketCursor in_a(a);
  BucketCursor in_b(b);
  while (true) {
    while (!in_a.at_end() && a_counts[in_a.place()] == 0) in_a.next();
    while (!in_b.at_end() && b_counts[in_b.place()] == 0) in_b.next();
    if (in_a.at_end() || in_b.at_end()) return in_a.at_end() && in_b.at_end();
    if (in_a.index() != in_b.index() || !same_bits(a_counts[in_a.place()], b_counts[in_b.place()])) return false;
    in_a.next();
    in_b.next();
  }
}

bool is_known_schema(std::int64_t schema) {
  return schema == model::kCustomBucketsSchema ||
         (schema >= model::kMinReservedSchema && schema <= model::kMaxReservedSchema);
}

/// @return false if the bucket is too far from the one before for a span to tell.
bool add_bucket(Spans& spans, std::int64_t& next, std::int64_t index) {
  const std::int64_t gap = index - next;
  next = index + 1;
  if (!spans.empty() && gap == 0) {
    ++spans.back().length;
    return true;
  }
  spans.push_back({static_cast<std::int32_t>(gap), 1});
  return gap == static_cast<std::int32_t>(gap);
}

}  // namespace

HistogramLayout layout_of(const model::FloatHistogram& h) {
  return {h.schema, h.zero_threshold, h.positive_spans, h.negative_spans, h.custom_values};
}

bool same_observations(const model::FloatHistogram& a, const model::FloatHistogram& b) {
  if (model::is_stale(a) || model::is_stale(b)) return model::is_stale(a) && model::is_stale(b);
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold && same_bits(a.zero_count, b.zero_count) &&
         same_bits(a.count, b.count) && same_bits(a.sum, b.sum) && same_bounds(a.custom_values, b.custom_values) &&
         same_buckets(a.positive_spans, a.positive_buckets, b.positive_spans, b.positive_buckets) &&
         same_buckets(a.negative_spans, a.negative_buckets, b.negative_spans, b.negative_buckets);
}

bool same_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b);
}

std::uint64_t bucket_count(const Spans& spans) {
  std::uint64_t count = 0;
  for (const auto& span : spans) count += span.length;
  return count;
}

void put_layout(BitWriter& out, const HistogramLayout& layout) {
  put_zero_threshold(out, layout.zero_threshold);
  put_varbit_int(out, layout.schema);
  put_spans(out, layout.positive);
  put_spans(out, layout.negative);
  if (layout.schema != model::kCustomBucketsSchema) return;
  put_varbit_uint(out, layout.custom_values.size());
  for (const double bound : layout.custom_values) put_bound(out, bound);
}

bool take_layout(BitReader& in, HistogramLayout& layout) {
  layout.zero_threshold = take_zero_threshold(in);
  const std::int64_t schema = take_varbit_int(in);
  if (in.failed() || !is_known_schema(schema)) return false;
  layout.schema = static_cast<std::int32_t>(schema);
  layout.custom_values.clear();
  if (!take_spans(in, layout.positive) || !take_spans(in, layout.negative)) return false;
  return schema != model::kCustomBucketsSchema || take_bounds(in, layout.custom_values);
}

SpanMerge merge_spans(const Spans& a, const Spans& b) {
  SpanMerge merge;
  BucketCursor in_a(a);
  BucketCursor in_b(b);
  std::int64_t next = 0;
  while (!in_a.at_end() || !in_b.at_end()) {
    const bool has_a = in_b.at_end() || (!in_a.at_end() && in_a.index() <= in_b.index());
    const bool has_b = in_a.at_end() || (!in_b.at_end() && in_b.index() <= in_a.index());
    if (!add_bucket(merge.spans, next, has_a ? in_a.index() : in_b.index())) merge.possible = false;
    if (has_a && !has_b) merge.only_a = true;
    if (has_b && !has_a) merge.only_b = true;
    if (has_a) in_a.next();
    if (has_b) in_b.next();
  }
  return merge;
}

std::vector<std::uint32_t> places(const Spans& from, const Spans& to) {
  std::vector<std::uint32_t> all;
  BucketCursor in_to(to);
  for (BucketCursor at(from); !at.at_end(); at.next()) {
    while (!in_to.at_end() && in_to.index() < at.index()) in_to.next();
    all.push_back(static_cast<std::uint32_t>(in_to.place()));
  }
  return all;
}

}  // namespace tocsin::chunkenc
