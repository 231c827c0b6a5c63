#include "chunkenc/histogram_encoder.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace tocsin::chunkenc {
namespace {

constexpr std::size_t kHeaderBytes = 3;
constexpr double kMostInteger = 9007199254740992.0;  // 2^53

bool is_count(double value) {
  return value >= 0 && value <= kMostInteger && std::trunc(value) == value;
}

enum class Change { kNone, kReset, kImpossible };

/// From what the chunk holds last to a sample: a bucket that falls, or that had something and is gone, is a reset.
Change compare_buckets(const Spans& a, const std::vector<double>& a_counts, const Spans& b,
                       const std::vector<double>& b_counts) {
  if (a == b) {
    for (std::size_t i = 0; i < a_counts.size(); ++i) {
      if (a_counts[i] > b_counts[i]) return Change::kReset;
    }
    return Change::kNone;
  }
  BucketCursor in_b(b);
  for (BucketCursor in_a(a); !in_a.at_end(); in_a.next()) {
    while (!in_b.at_end() && in_b.index() < in_a.index()) in_b.next();
    const bool known = !in_b.at_end() && in_b.index() == in_a.index();
    const double before = a_counts[in_a.place()];
    if (known ? before > b_counts[in_b.place()] : before != 0) return Change::kReset;
  }
  return merge_spans(a, b).possible ? Change::kNone : Change::kImpossible;
}

ResetHeader header_of(const std::string& data) {
  return static_cast<ResetHeader>(static_cast<unsigned char>(data[2]) & kResetHeaderMask);
}

}  // namespace

bool fits_integers(const model::FloatHistogram& h) {
  return h.integer && is_count(h.count) && is_count(h.zero_count) &&
         std::ranges::all_of(h.positive_buckets, is_count) && std::ranges::all_of(h.negative_buckets, is_count);
}

std::size_t HistogramEncoder::heap_bytes() const {
  const std::size_t fields = std::visit(
      [](const auto& counts) {
        using Field = std::decay_t<decltype(counts.count)>;
        return (counts.positive.capacity() + counts.negative.capacity()) * sizeof(Field);
      },
      counts_);
  return data_.capacity() + fields +
         (layout_.positive.capacity() + layout_.negative.capacity()) * sizeof(model::HistogramSpan) +
         layout_.custom_values.capacity() * sizeof(double);
}

model::FloatHistogram HistogramEncoder::last() const {
  model::FloatHistogram h;
  h.integer = integers();
  h.sum = sum_.value();
  if (model::is_stale(h)) return h;
  if (header_of(data_) == ResetHeader::kGauge) h.reset_hint = model::CounterReset::kGauge;
  h.schema = layout_.schema;
  h.zero_threshold = layout_.zero_threshold;
  h.positive_spans = layout_.positive;
  h.negative_spans = layout_.negative;
  h.custom_values = layout_.custom_values;
  std::visit(
      [&h](const auto& counts) {
        h.count = counts.total();
        h.zero_count = counts.zeros();
        counts.absolute(counts.positive, h.positive_buckets);
        counts.absolute(counts.negative, h.negative_buckets);
      },
      counts_);
  return h;
}

HistogramEncoder::Fit HistogramEncoder::judge(const model::FloatHistogram& h) const {
  const bool gauges = header_of(data_) == ResetHeader::kGauge;
  if (model::is_stale(h) && h.reset_hint != model::CounterReset::kReset) {
    return {true, gauges ? ResetHeader::kGauge : ResetHeader::kNotReset};
  }
  const bool gauge = h.reset_hint == model::CounterReset::kGauge;
  if (gauges != gauge) return {false, gauge ? ResetHeader::kGauge : ResetHeader::kNotReset};
  return gauge ? judge_gauge(h) : judge_counter(h);
}

HistogramEncoder::Fit HistogramEncoder::judge_gauge(const model::FloatHistogram& h) const {
  const bool here = !model::is_stale(sum_.value()) && h.schema == layout_.schema &&
                    h.zero_threshold == layout_.zero_threshold && same_bounds(h.custom_values, layout_.custom_values) &&
                    merge_spans(layout_.positive, h.positive_spans).possible &&
                    merge_spans(layout_.negative, h.negative_spans).possible;
  return {here, ResetHeader::kGauge};
}

/// In the order in which Prometheus looks.
HistogramEncoder::Fit HistogramEncoder::judge_counter(const model::FloatHistogram& h) const {
  constexpr Fit kReset{false, ResetHeader::kReset};
  constexpr Fit kUnknown{false, ResetHeader::kUnknown};
  if (h.reset_hint == model::CounterReset::kReset) return kReset;
  if (model::is_stale(sum_.value())) return kUnknown;
  const auto [total, zeros] =
      std::visit([](const auto& counts) { return std::pair(counts.total(), counts.zeros()); }, counts_);
  if (h.count < total) return kReset;
  if (h.schema != layout_.schema || h.zero_threshold != layout_.zero_threshold) return kUnknown;
  if (!same_bounds(h.custom_values, layout_.custom_values) || h.zero_count < zeros) return kReset;

  std::vector<double> positive;
  std::vector<double> negative;
  std::visit(
      [&](const auto& counts) {
        counts.absolute(counts.positive, positive);
        counts.absolute(counts.negative, negative);
      },
      counts_);
  const Change above = compare_buckets(layout_.positive, positive, h.positive_spans, h.positive_buckets);
  const Change below = compare_buckets(layout_.negative, negative, h.negative_spans, h.negative_buckets);
  if (above == Change::kReset || below == Change::kReset) return kReset;
  if (above == Change::kImpossible || below == Change::kImpossible) return kUnknown;
  return {true, ResetHeader::kNotReset};
}

void HistogramEncoder::begin(Timestamp t, const model::FloatHistogram& h, ResetHeader before) {
  const ResetHeader header = h.reset_hint == model::CounterReset::kGauge   ? ResetHeader::kGauge
                             : h.reset_hint == model::CounterReset::kReset ? ResetHeader::kReset
                                                                           : before;
  data_.assign(kHeaderBytes, '\0');
  data_[2] = static_cast<char>(header);
  free_bits_ = 0;
  count_ = 0;
  if (fits_integers(h)) {
    counts_ = IntegerCounts();
  } else {
    counts_ = FloatCounts();
  }
  exact_ = !model::is_stale(h);
  layout_ = exact_ ? layout_of(h) : HistogramLayout();
  put_first(t, h);
}

void HistogramEncoder::append(Timestamp t, const model::FloatHistogram& h) {
  check(count_ < 0xffff, "BUG: a histogram chunk is too long");
  if (!model::is_stale(h) && (h.positive_spans != layout_.positive || h.negative_spans != layout_.negative)) {
    SpanMerge positive = merge_spans(layout_.positive, h.positive_spans);
    SpanMerge negative = merge_spans(layout_.negative, h.negative_spans);
    if (positive.only_b || negative.only_b) {
      grow(positive.only_a ? positive.spans : h.positive_spans, negative.only_a ? negative.spans : h.negative_spans);
    }
  }
  exact_ = !model::is_stale(h) && h.positive_spans == layout_.positive && h.negative_spans == layout_.negative;
  put_next(t, h);
}

/// Writes the chunk anew with more buckets, which are empty so far.
void HistogramEncoder::grow(const Spans& positive, const Spans& negative) {
  storage::SampleColumns samples;
  const bool decoded =
      decode_histograms({std::string_view(data_).substr(kHeaderBytes), count_, header_of(data_), integers()}, samples);
  check(decoded, "BUG: an open histogram chunk cannot be decoded");
  data_.resize(kHeaderBytes);
  free_bits_ = 0;
  count_ = 0;
  layout_.positive = positive;
  layout_.negative = negative;
  if (integers()) {
    counts_ = IntegerCounts();
  } else {
    counts_ = FloatCounts();
  }
  put_first(samples.times[0], *samples.histograms[0]);
  for (std::size_t i = 1; i < samples.size(); ++i) put_next(samples.times[i], *samples.histograms[i]);
}

const std::vector<double>& HistogramEncoder::fitted(const Spans& spans, const std::vector<double>& counts,
                                                    const Spans& to, std::vector<double>& room) const {
  if (spans == to) return counts;
  room.assign(bucket_count(to), 0);
  const auto at = places(spans, to);
  for (std::size_t i = 0; i < at.size(); ++i) room[at[i]] = counts[i];
  return room;
}

void HistogramEncoder::put_first(Timestamp t, const model::FloatHistogram& h) {
  time_ = {t, 0};
  sum_ = {};
  first_time_ = t;
  BitWriter out(data_, free_bits_);
  put_layout(out, layout_);
  put_varbit_int(out, t);
  std::vector<double> room;
  std::visit(
      [&](auto& counts) {
        const bool stale = model::is_stale(h);
        counts.put_first(out, stale ? 0 : h.count, stale ? 0 : h.zero_count);
        sum_.put_first(out, h.sum);
        counts.positive.resize(bucket_count(layout_.positive));
        counts.negative.resize(bucket_count(layout_.negative));
        if (stale) return;
        counts.put_first_buckets(out, counts.positive,
                                 fitted(h.positive_spans, h.positive_buckets, layout_.positive, room));
        counts.put_first_buckets(out, counts.negative,
                                 fitted(h.negative_spans, h.negative_buckets, layout_.negative, room));
      },
      counts_);
  free_bits_ = out.finish();
  set_count();
}

void HistogramEncoder::put_next(Timestamp t, const model::FloatHistogram& h) {
  BitWriter out(data_, free_bits_);
  time_.put(out, t);
  std::vector<double> room;
  std::visit(
      [&](auto& counts) {
        if (model::is_stale(h)) {
          counts.put_stale(out);
          sum_.put(out, h.sum);
          return;
        }
        counts.put(out, h.count, h.zero_count);
        sum_.put(out, h.sum);
        counts.put_buckets(out, counts.positive, fitted(h.positive_spans, h.positive_buckets, layout_.positive, room));
        counts.put_buckets(out, counts.negative, fitted(h.negative_spans, h.negative_buckets, layout_.negative, room));
      },
      counts_);
  free_bits_ = out.finish();
  set_count();
}

void HistogramEncoder::set_count() {
  ++count_;
  data_[0] = static_cast<char>(count_ >> 8U);
  data_[1] = static_cast<char>(count_);
}

}  // namespace tocsin::chunkenc
