#pragma once
// Columns for tests of chunks: random series of every kind, and what must be equal after a round trip.

#include <bit>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/rng.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::chunkenc::test {

using model::FloatHistogram;

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

inline std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

inline void add(storage::SampleColumns& columns, Timestamp t, const FloatHistogram& h) {
  columns.times.push_back(t);
  columns.values.push_back(0);
  columns.histograms.resize(columns.times.size());
  columns.histograms.back() = std::make_shared<FloatHistogram>(h);
}

inline void add(storage::SampleColumns& columns, Timestamp t, double value) {
  columns.times.push_back(t);
  columns.values.push_back(value);
  if (!columns.histograms.empty()) columns.histograms.resize(columns.times.size());
}

/// Index of each bucket that is not empty, and its count: spans may come back in another form, this may not.
inline std::vector<std::pair<std::int64_t, double>> filled(const std::vector<model::HistogramSpan>& spans,
                                                           const std::vector<double>& counts) {
  std::vector<std::pair<std::int64_t, double>> all;
  std::int64_t index = 0;
  std::size_t at = 0;
  for (const auto& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      if (counts.at(at) != 0) all.emplace_back(index, counts[at]);
    }
  }
  CHECK(at == counts.size());
  return all;
}

/// But for hints and for empty buckets.
inline bool same_histogram(const FloatHistogram& a, const FloatHistogram& b) {
  if (model::is_stale(a) || model::is_stale(b)) return model::is_stale(a) && model::is_stale(b);
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold && bits(a.zero_count) == bits(b.zero_count) &&
         bits(a.count) == bits(b.count) && bits(a.sum) == bits(b.sum) && a.custom_values == b.custom_values &&
         filled(a.positive_spans, a.positive_buckets) == filled(b.positive_spans, b.positive_buckets) &&
         filled(a.negative_spans, a.negative_buckets) == filled(b.negative_spans, b.negative_buckets);
}

inline void check_same(const storage::SampleColumns& a, const storage::SampleColumns& b) {
  REQUIRE(a.times == b.times);
  const auto histogram = [](const storage::SampleColumns& c, std::size_t i) {
    return c.histograms.empty() ? nullptr : c.histograms[i].get();
  };
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO("sample " << i);
    const auto* ha = histogram(a, i);
    const auto* hb = histogram(b, i);
    REQUIRE((ha == nullptr) == (hb == nullptr));
    if (ha) {
      REQUIRE(same_histogram(*ha, *hb));
    } else {
      REQUIRE(bits(a.values[i]) == bits(b.values[i]));
    }
  }
}

/// A histogram that observes, with buckets that come, rare resets, and markers.
class HistogramSource {
 public:
  HistogramSource(std::uint64_t seed, bool integer, bool gauge) : rng_(seed), gauge_(gauge) {
    h_.integer = integer;
    h_.schema = static_cast<std::int32_t>(rng_.next() % 13) - 4;
    h_.zero_threshold = rng_.next() % 3 == 0 ? 0.001 : 0x1p-128;
    custom_ = rng_.next() % 4 == 0;
    if (custom_) {
      h_.schema = model::kCustomBucketsSchema;
      h_.zero_threshold = 0;
      h_.custom_values = {-1.5, 0.005, 0.1, 1, 33554.43, 1e9};
    }
  }

  FloatHistogram next() {
    if (rng_.next() % 40 == 0) return stale();
    if (rng_.next() % 40 == 0) reset();
    if (rng_.next() % 60 == 0 && !custom_) h_.zero_threshold *= 2;
    for (auto n = rng_.next() % 20; n > 0; --n) observe();
    FloatHistogram out = h_;
    out.reset_hint = gauge_ ? model::CounterReset::kGauge : model::CounterReset::kUnknown;
    lay_out(positive_, out.positive_spans, out.positive_buckets);
    lay_out(negative_, out.negative_spans, out.negative_buckets);
    REQUIRE(model::validate(out));
    return out;
  }

 private:
  FloatHistogram stale() const {
    FloatHistogram out;
    out.integer = h_.integer;
    out.sum = model::stale_nan();
    return out;
  }
  void reset() {
    positive_.assign(positive_.size(), 0);
    negative_.assign(negative_.size(), 0);
    h_.count = h_.sum = h_.zero_count = 0;
  }
  void observe() {
    const double by = h_.integer ? 1 : rng_.uniform();
    const double sign = gauge_ && rng_.next() % 3 == 0 && h_.count > 20 ? -1 : 1;
    const auto kind = custom_ ? 3 : rng_.next() % 6;
    double& to = kind == 0   ? h_.zero_count
                 : kind == 1 ? negative_[rng_.next() % negative_.size()]
                             : positive_[rng_.next() % (custom_ ? 7 : positive_.size())];
    if (to + by * sign < 0) return;
    to += by * sign;
    h_.sum += rng_.uniform();
    h_.count = h_.zero_count;
    for (const double c : positive_) h_.count += c;
    for (const double c : negative_) h_.count += c;
  }
  /// Gaps of one empty bucket are bridged, as clients do.
  void lay_out(const std::vector<double>& from, std::vector<model::HistogramSpan>& spans, std::vector<double>& counts) {
    std::int32_t next = custom_ ? 0 : kFirst;
    bool begun = false;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto index = static_cast<std::int32_t>(i) + (custom_ ? 0 : kFirst);
      if (from[i] == 0) continue;
      if (!begun || index - next > 1) {
        spans.push_back({begun ? index - next : index, 0});
        next = index;
        begun = true;
      }
      for (; next <= index; ++next) {
        ++spans.back().length;
        counts.push_back(next == index ? from[i] : 0);
      }
    }
  }

  static constexpr std::int32_t kFirst = -20;
  Rng rng_;
  bool gauge_;
  bool custom_ = false;
  FloatHistogram h_;
  std::vector<double> positive_ = std::vector<double>(40), negative_ = std::vector<double>(12);
};

}  // namespace tocsin::chunkenc::test
