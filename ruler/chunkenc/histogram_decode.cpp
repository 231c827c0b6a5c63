#include "chunkenc/histogram_decode.hpp"

#include <algorithm>

#include "chunkenc/histogram_fields.hpp"
#include "chunkenc/histogram_layout.hpp"
#include "chunkenc/start_times.hpp"

namespace tocsin::chunkenc {
namespace {

/// Bytes that copies of the layout may take, over all samples of a chunk: real ones are far below.
constexpr std::uint64_t kMostLayoutBytes = 64U << 20U;
/// Time, count, zero count and sum take a bit each.
constexpr std::uint64_t kLeastSampleBits = 4;

template <typename Counts>
class Decoder {
 public:
  explicit Decoder(const HistogramChunk& chunk) : chunk_(chunk), in_(chunk.bits), starts_(chunk.start_header) {}

  bool run(storage::SampleColumns& out) {
    if (!take_layout(in_, layout_) || !within_limits()) return false;
    counts_.positive.resize(bucket_count(layout_.positive));
    counts_.negative.resize(bucket_count(layout_.negative));
    for (std::size_t i = 0; i < chunk_.count; ++i) {
      const Timestamp last = time_.value;
      if (!(i == 0 ? take_first() : take_next())) return false;
      const Timestamp start = chunk_.has_starts ? starts_.take(in_, i, last, time_.value) : 0;
      if (in_.failed() || (i > 0 && time_.value <= last)) return false;
      add(i, start, out);
    }
    return true;
  }

 private:
  bool within_limits() const {
    const std::uint64_t words = layout_.positive.size() + layout_.negative.size() + layout_.custom_values.size();
    const std::uint64_t samples = std::min<std::uint64_t>(chunk_.count, in_.bits_left() / kLeastSampleBits + 1);
    return words * sizeof(double) <= kMostLayoutBytes / samples;
  }

  bool take_first() {
    time_.value = take_varbit_int(in_);
    counts_.take_first(in_);
    sum_.take_first(in_);
    return Counts::take_first_buckets(in_, counts_.positive) && Counts::take_first_buckets(in_, counts_.negative);
  }

  bool take_next() {
    time_.take(in_);
    if (!counts_.take(in_) || !sum_.take(in_)) return false;
    if (model::is_stale(sum_.value())) return true;
    return Counts::take_buckets(in_, counts_.positive) && Counts::take_buckets(in_, counts_.negative);
  }

  model::CounterReset hint(std::size_t index) const {
    if (chunk_.header == ResetHeader::kGauge) return model::CounterReset::kGauge;
    return index > 0 ? model::CounterReset::kNotReset : model::CounterReset::kUnknown;
  }

  void add(std::size_t index, Timestamp start, storage::SampleColumns& out) {
    auto h = std::make_shared<model::FloatHistogram>();
    h->integer = Counts::kIntegers;
    h->sum = sum_.value();
    if (!model::is_stale(h->sum)) fill(index, *h);
    out.times.push_back(time_.value);
    out.values.push_back(0);
    out.histograms.resize(out.times.size());
    out.histograms.back() = std::move(h);
    if (start == 0) return;
    out.starts.resize(out.times.size());
    out.starts.back() = start;
  }

  void fill(std::size_t index, model::FloatHistogram& h) const {
    h.reset_hint = hint(index);
    h.schema = layout_.schema;
    h.zero_threshold = layout_.zero_threshold;
    h.zero_count = counts_.zeros();
    h.count = counts_.total();
    h.positive_spans = layout_.positive;
    h.negative_spans = layout_.negative;
    Counts::absolute(counts_.positive, h.positive_buckets);
    Counts::absolute(counts_.negative, h.negative_buckets);
    h.custom_values = layout_.custom_values;
    if (h.schema > model::kMaxSchema) model::reduce_resolution(h, model::kMaxSchema);
  }

  const HistogramChunk& chunk_;
  BitReader in_;
  HistogramLayout layout_;
  DeltaField time_;
  Counts counts_;
  XorField sum_;
  StartTimes starts_;
};

}  // namespace

bool decode_histograms(const HistogramChunk& chunk, storage::SampleColumns& out) {
  return chunk.integers ? Decoder<IntegerCounts>(chunk).run(out) : Decoder<FloatCounts>(chunk).run(out);
}

}  // namespace tocsin::chunkenc
