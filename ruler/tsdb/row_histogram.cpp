#include "tsdb/row_histogram.hpp"

#include <memory>

#include "base/bytes.hpp"
#include "chunkenc/histogram_encoder.hpp"

namespace tocsin::tsdb {
namespace {

using chunkenc::BitReader;
using chunkenc::BitWriter;
using chunkenc::FloatCounts;
using chunkenc::IntegerCounts;
using chunkenc::XorField;
using model::FloatHistogram;

enum Flag : unsigned {
  kHint = 0x03,
  kInteger = 0x04,   // as it came
  kIntegers = 0x08,  // the counts are coded as such
  kChange = 0x10,
  kStale = 0x20,
};

bool same_layout(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold && a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans && chunkenc::same_bounds(a.custom_values, b.custom_values);
}

template <typename Counts>
void put_counts(const FloatHistogram& h, const FloatHistogram* last, BitWriter& out) {
  Counts counts;
  XorField sum;
  if (last) {
    counts.start_from(*last);
    sum.bits = std::bit_cast<std::uint64_t>(last->sum);
    counts.put(out, h.count, h.zero_count);
    sum.put(out, h.sum);
    counts.put_buckets(out, counts.positive, h.positive_buckets);
    counts.put_buckets(out, counts.negative, h.negative_buckets);
    return;
  }
  counts.positive.resize(h.positive_buckets.size());
  counts.negative.resize(h.negative_buckets.size());
  counts.put_first(out, h.count, h.zero_count);
  sum.put_first(out, h.sum);
  counts.put_first_buckets(out, counts.positive, h.positive_buckets);
  counts.put_first_buckets(out, counts.negative, h.negative_buckets);
}

template <typename Counts>
bool take_counts(BitReader& in, const FloatHistogram* last, FloatHistogram& h) {
  Counts counts;
  XorField sum;
  bool good = true;
  if (last) {
    counts.start_from(*last);
    sum.bits = std::bit_cast<std::uint64_t>(last->sum);
    good = counts.take(in) && sum.take(in) && counts.take_buckets(in, counts.positive) &&
           counts.take_buckets(in, counts.negative);
  } else {
    counts.positive.resize(chunkenc::bucket_count(h.positive_spans));
    counts.negative.resize(chunkenc::bucket_count(h.negative_spans));
    counts.take_first(in);
    sum.take_first(in);
    counts.take_first_buckets(in, counts.positive);
    counts.take_first_buckets(in, counts.negative);
  }
  h.count = counts.total();
  h.zero_count = counts.zeros();
  h.sum = sum.value();
  counts.absolute(counts.positive, h.positive_buckets);
  counts.absolute(counts.negative, h.negative_buckets);
  return good && !in.failed();
}

bool take_layout(BitReader& in, FloatHistogram& h) {
  chunkenc::HistogramLayout layout;
  if (!chunkenc::take_layout(in, layout)) return false;
  h.schema = layout.schema;
  h.zero_threshold = layout.zero_threshold;
  h.positive_spans = std::move(layout.positive);
  h.negative_spans = std::move(layout.negative);
  h.custom_values = std::move(layout.custom_values);
  return true;
}

/// All but the counts.
FloatHistogram like(const FloatHistogram& last) {
  FloatHistogram h;
  h.schema = last.schema;
  h.zero_threshold = last.zero_threshold;
  h.positive_spans = last.positive_spans;
  h.negative_spans = last.negative_spans;
  h.custom_values = last.custom_values;
  return h;
}

}  // namespace

void encode_histogram(const FloatHistogram& h, const FloatHistogram* last, std::string& out) {
  const bool stale = model::is_stale(h);
  const bool integers = !stale && chunkenc::fits_integers(h);
  if (last &&
      (stale || model::is_stale(*last) || !same_layout(h, *last) || integers != chunkenc::fits_integers(*last))) {
    last = nullptr;
  }
  const unsigned flags = static_cast<unsigned>(h.reset_hint) | (h.integer ? kInteger : 0U) |
                         (integers ? kIntegers : 0U) | (last ? kChange : 0U) | (stale ? kStale : 0U);
  std::string bytes(1, static_cast<char>(flags));
  if (!stale) {
    BitWriter bits(bytes);
    if (!last) chunkenc::put_layout(bits, chunkenc::layout_of(h));
    integers ? put_counts<IntegerCounts>(h, last, bits) : put_counts<FloatCounts>(h, last, bits);
    bits.finish();
  }
  put_text(out, bytes);
}

bool is_histogram_change(std::string_view bytes) {
  return !bytes.empty() && (static_cast<unsigned char>(bytes[0]) & kChange) != 0;
}

model::HistogramPtr decode_histogram(std::string_view bytes, const FloatHistogram* last) {
  if (bytes.empty()) return nullptr;
  const unsigned flags = static_cast<unsigned char>(bytes[0]);
  FloatHistogram h;
  if ((flags & kStale) != 0) {
    h.sum = model::stale_nan();
  } else {
    BitReader in(bytes.substr(1));
    if ((flags & kChange) == 0) {
      last = nullptr;
      if (!take_layout(in, h)) return nullptr;
    } else {
      if (!last || chunkenc::fits_integers(*last) != ((flags & kIntegers) != 0)) return nullptr;
      h = like(*last);
    }
    const bool good =
        (flags & kIntegers) != 0 ? take_counts<IntegerCounts>(in, last, h) : take_counts<FloatCounts>(in, last, h);
    if (!good) return nullptr;
  }
  h.reset_hint = static_cast<model::CounterReset>(flags & kHint);
  h.integer = (flags & kInteger) != 0;
  return model::validate(h) ? std::make_shared<FloatHistogram>(std::move(h)) : nullptr;
}

}  // namespace tocsin::tsdb
