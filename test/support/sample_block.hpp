#pragma once
// A block with everything that Prometheus 2.42 reads: floats (counters, values of all kinds, stale markers), histograms
// of integers and of floats, texts beyond ASCII, several chunks a series, tombstones. The same bytes each time.

#include <limits>
#include <set>

#include "base/rng.hpp"
#include "block/block.hpp"
#include "block/writer.hpp"

namespace tocsin::test {

struct SampleBlock {
  Timestamp start = 1'700'006'400'000;  // 2023-11-15T00:00:00Z, a multiple of two hours
  std::size_t samples = 480;            // of each series, 15 s apart: two hours
  std::size_t instances = 3;
  std::uint64_t segment_bytes = 512U << 20U;
  bool tombstones = true;
};

inline model::HistogramPtr sample_histogram(std::size_t i, bool integer) {
  model::FloatHistogram h;
  const auto n = static_cast<double>(i % 150);  // a counter that is reset now and then
  const double unit = integer ? 1 : 0.25;
  h.integer = integer;
  h.schema = 3;
  h.zero_threshold = 0.001;
  h.zero_count = n * unit;
  h.positive_spans = {{-2, 2}, {3, 1}};
  h.positive_buckets = {2 * n * unit, n * unit, 3 * n * unit};
  h.negative_spans = {{0, 2}};
  h.negative_buckets = {n * unit, 4 * n * unit};
  h.count = 12 * n * unit;
  h.sum = 18.4 * n;
  return std::make_shared<const model::FloatHistogram>(std::move(h));
}

inline storage::SampleColumns sample_columns(const SampleBlock& what, std::string_view kind, std::uint64_t seed) {
  Rng rng(seed);
  storage::SampleColumns out;
  double counter = 0;
  for (std::size_t i = 0; i < what.samples; ++i) {
    out.times.push_back(what.start + static_cast<Timestamp>(i * 15'000 + rng.next() % 40));
    double value = 0;
    if (kind == "counter") {
      counter = i % 200 == 199 ? 0 : counter + static_cast<double>(rng.next() % 50);
      value = counter;
    } else if (kind == "gauge") {
      value = static_cast<double>(rng.next() % 100'000) / 1000 - 50;
    } else if (kind == "special") {
      const double values[] = {0,
                               -0.0,
                               std::numeric_limits<double>::infinity(),
                               -std::numeric_limits<double>::infinity(),
                               std::bit_cast<double>(model::kNormalNanBits),
                               model::stale_nan(),
                               5e-324,
                               std::numeric_limits<double>::max(),
                               1e21,
                               123456789,
                               1e-5};
      value = values[i % std::size(values)];
    } else {
      out.histograms.push_back(sample_histogram(i, kind == "histogram"));
    }
    out.values.push_back(value);
  }
  return out;
}

inline std::map<model::Labels, storage::SampleColumns> sample_series(const SampleBlock& what) {
  std::map<model::Labels, storage::SampleColumns> all;
  std::uint64_t seed = 1;
  for (std::size_t i = 0; i < what.instances; ++i) {
    const std::string instance = "host-" + std::to_string(i) + ":9100";
    for (const char* const kind : {"counter", "gauge", "special", "histogram", "float_histogram"}) {
      const std::string name = std::string("sample_") + kind;
      const std::string job = i % 2 == 0 ? "node" : "Überwachung \"1\"\\\n";
      all[{{"__name__", name}, {"instance", instance}, {"job", job}, {"emoji", "⏰"}}] =
          sample_columns(what, kind, seed++);
    }
  }
  return all;
}

/// Writes the block into the folder, which is there. @return its path
inline Result<std::string> write_sample_block(Fs& fs, const std::string& folder, const SampleBlock& what) {
  const auto series = sample_series(what);
  std::set<std::string_view> symbols;
  for (const auto& [labels, samples] : series) {
    for (const model::LabelView& label : labels) {
      symbols.insert(label.name);
      symbols.insert(label.value);
    }
  }
  block::Meta meta;
  meta.ulid = {static_cast<std::uint64_t>(what.start) << 16U | 0x5eedU, 0x0123456789abcdefU};
  meta.min_time = what.start;
  meta.max_time = what.start + 7'200'000;
  meta.compaction.sources = {meta.ulid};
  block::Writer::Options options;
  options.segment_bytes = what.segment_bytes;
  TOCSIN_TRY(const auto writer, block::Writer::create(fs, folder, meta, options));
  TOCSIN_OK(writer->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())));
  std::vector<chunkenc::EncodedChunk> chunks;
  for (const auto& [labels, samples] : series) {
    chunks.clear();
    chunkenc::encode_chunks(samples, 0, samples.size(), {}, chunks);
    TOCSIN_OK(writer->add(labels, chunks));
  }
  TOCSIN_OK(writer->finish());
  const std::string path = folder + "/" + meta.ulid.text();
  if (!what.tombstones) return path;
  TOCSIN_TRY(const auto block, block::Block::open(fs, path));
  TOCSIN_TRY(const auto refs, block->select({}));
  block::Tombstones gone;
  gone[refs[0]] = {{what.start + 30'000, what.start + 90'000}, {what.start + 600'000, what.start + 700'000}};
  gone[refs[refs.size() - 1]] = {{what.start, what.start + 60'000}};
  TOCSIN_OK(block->remove(gone));
  return path;
}

}  // namespace tocsin::test
