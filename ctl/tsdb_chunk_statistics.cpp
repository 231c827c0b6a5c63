#include "ctl/tsdb_chunk_statistics.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "model/histogram.hpp"

namespace tocsin::ctl {
namespace {

using Numbers = std::vector<std::int64_t>;

struct Chunks {
  std::int64_t total = 0;
  Numbers float_samples, float_bytes, histogram_samples, histogram_bytes, histogram_buckets;
};

bool is_float(chunkenc::Encoding encoding) {
  return encoding == chunkenc::Encoding::kXor || encoding == chunkenc::Encoding::kXor2;
}

Result<void> add(const block::ChunkData& chunk, std::uint64_t ref, Chunks& chunks) {
  ++chunks.total;
  const auto samples = static_cast<std::int64_t>(chunkenc::sample_count(chunk.encoding, chunk.data));
  const auto bytes = static_cast<std::int64_t>(chunk.data.size());
  if (is_float(chunk.encoding)) {
    chunks.float_samples.push_back(samples);
    chunks.float_bytes.push_back(bytes);
    return {};
  }
  storage::SampleColumns columns;
  const bool known = chunkenc::is_encoding(static_cast<std::uint8_t>(chunk.encoding));
  if (!known || !chunkenc::decode_chunk(chunk.encoding, chunk.data, columns)) {
    return fail(Errc::kCorrupt, "chunk {:#x} cannot be decoded", ref);
  }
  std::int64_t buckets = 0;
  for (const model::HistogramPtr& histogram : columns.histograms) {
    if (!histogram) continue;
    buckets += static_cast<std::int64_t>(histogram->positive_buckets.size() + histogram->negative_buckets.size());
  }
  chunks.histogram_samples.push_back(samples);
  chunks.histogram_bytes.push_back(bytes);
  chunks.histogram_buckets.push_back(buckets);
  return {};
}

/// Bars of ten or so steps of a power of ten; a bar's length is its share of all chunks, in percent.
void print(const char* what, Numbers numbers, std::int64_t total) {
  if (numbers.empty()) return fmt::print("{}: N/A\n\n", what);
  std::ranges::sort(numbers);
  const std::int64_t least = numbers.front();
  const std::int64_t greatest = numbers.back();
  std::int64_t step = 10;
  while (step < (greatest - least) / 10 && step <= 10'000) step *= 10;
  const std::int64_t start = least - least % step;
  const std::int64_t end = greatest - greatest % step + step;
  Numbers counts(static_cast<std::size_t>((end - start) / step + 1));
  for (const std::int64_t number : numbers) ++counts[static_cast<std::size_t>((number - start) / step)];

  const auto digits = [](std::int64_t number) { return fmt::formatted_size("{}", number); };
  const std::int64_t sum = std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0});
  fmt::print("{} (min/avg/max): {}/{}/{}\n", what, least, sum / static_cast<std::int64_t>(numbers.size()), greatest);
  const std::size_t left = digits(end);
  const std::size_t right = digits(end + step);
  const std::size_t width = digits(std::ranges::max(counts));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::int64_t from = static_cast<std::int64_t>(i) * step + start;
    fmt::print("[{:{}}, {:{}}]: {:{}} {}\n", from + 1, left, from + step, right, counts[i], width,
               std::string(static_cast<std::size_t>(100 * counts[i] / total), '#'));
  }
  fmt::print("\n");
}

}  // namespace

Result<void> print_chunk_statistics(const block::Block& block, std::span<const block::SeriesRef> refs) {
  Chunks chunks;
  std::vector<block::ChunkMeta> metas;
  for (const block::SeriesRef ref : refs) {
    TOCSIN_OK(block.series(ref, nullptr, &metas));
    for (const block::ChunkMeta& meta : metas) {
      TOCSIN_TRY(const block::ChunkData chunk, block.chunk(meta.ref));
      TOCSIN_OK(add(chunk, meta.ref, chunks));
    }
  }
  fmt::print("\nCompaction analysis:\n\n");
  print("samples per float chunk", chunks.float_samples, chunks.total);
  print("bytes per float chunk", chunks.float_bytes, chunks.total);
  print("samples per histogram chunk", chunks.histogram_samples, chunks.total);
  print("bytes per histogram chunk", chunks.histogram_bytes, chunks.total);
  print("buckets per histogram chunk", chunks.histogram_buckets, chunks.total);
  return {};
}

}  // namespace tocsin::ctl
