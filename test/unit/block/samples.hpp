#pragma once
// Series with samples, as blocks hold them and as a plain map does.

#include <map>

#include "base/rng.hpp"
#include "blocks.hpp"
#include "support/storage_suite.hpp"

namespace tocsin::block {

using SamplesOf = std::map<model::Labels, storage::SampleColumns>;

/// As test::describe(), without the hints of counter resets, which follow from the place in a chunk.
inline std::string plain_text(test::ReadSeries series) {
  for (model::HistogramPtr& histogram : series.samples.histograms) {
    if (!histogram) continue;
    model::FloatHistogram plain = *histogram;
    plain.reset_hint = model::CounterReset::kUnknown;
    histogram = std::make_shared<const model::FloatHistogram>(std::move(plain));
  }
  return test::describe(series);
}

/// Chunks of few samples, so that a series has several.
inline SeriesToWrite encoded(const model::Labels& labels, const storage::SampleColumns& samples) {
  SeriesToWrite series;
  series.labels = labels;
  chunkenc::CutOptions options;
  options.max_samples = 10;
  chunkenc::encode_chunks(samples, 0, samples.size(), options, series.chunks);
  return series;
}

inline std::vector<SeriesToWrite> encoded(const SamplesOf& all) {
  std::vector<SeriesToWrite> series;
  for (const auto& [labels, samples] : all) series.push_back(encoded(labels, samples));
  return series;
}

/// Floats, or histograms of integers or floats, or both kinds one after the other.
inline storage::SampleColumns random_samples(Rng& rng, std::size_t count) {
  storage::SampleColumns samples;
  Timestamp t = kBlockStart + static_cast<Timestamp>(rng.next() % 100'000);
  const std::uint64_t kind = rng.next() % 4;
  for (std::size_t i = 0; i < count; ++i, t += 1 + static_cast<Timestamp>(rng.next() % 30'000)) {
    const bool is_histogram = kind == 3 ? i > count / 2 : kind == 2;
    samples.times.push_back(t);
    samples.values.push_back(is_histogram ? 0 : static_cast<double>(rng.next() % 1000) / 8);
    if (kind >= 2) samples.histograms.push_back(is_histogram ? test::some_histogram(static_cast<double>(i)) : nullptr);
  }
  return samples;
}

inline SamplesOf random_store(Rng& rng, std::size_t count) {
  SamplesOf all;
  while (all.size() < count) {
    model::LabelsBuilder builder;
    builder.set("__name__", "m" + std::to_string(rng.next() % 4));
    builder.set("instance", "host-" + std::to_string(rng.next() % 30));
    if (rng.next() % 2 == 0) builder.set("job", rng.next() % 2 == 0 ? "api" : "db");
    all[builder.build()] = random_samples(rng, 1 + rng.next() % 60);
  }
  return all;
}

/// The samples with start <= t <= end.
inline storage::SampleColumns within(const storage::SampleColumns& all, Timestamp start, Timestamp end) {
  storage::SampleColumns out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all.times[i] < start || all.times[i] > end) continue;
    out.times.push_back(all.times[i]);
    out.values.push_back(all.values[i]);
    if (!all.histograms.empty()) out.histograms.push_back(all.histograms[i]);
  }
  return out;
}

}  // namespace tocsin::block
