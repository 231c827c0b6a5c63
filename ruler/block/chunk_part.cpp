#include "block/chunk_part.hpp"

#include <algorithm>
#include <span>

#include "base/bytes.hpp"
#include "block/restart_points.hpp"

namespace tocsin::block {
namespace {

constexpr std::uint32_t kEvery = RestartPoints::kEvery;

}  // namespace

std::size_t about_before(const ChunkMeta& chunk, std::uint32_t samples, Timestamp time) {
  if (time <= chunk.min_time) return 0;
  if (time > chunk.max_time) return samples;
  const auto since_first = [&](Timestamp t) {
    return static_cast<double>(static_cast<std::uint64_t>(wrapping_sub(t, chunk.min_time)));
  };
  const double share = since_first(time) / since_first(chunk.max_time);
  return static_cast<std::size_t>(share * (samples - 1)) + 1;
}

bool ChunkPart::append(const Block& block, SeriesRef series, const ChunkMeta& chunk, std::string_view data,
                       Timestamp start, Timestamp end, storage::SampleColumns& out) {
  const std::uint32_t samples = chunkenc::sample_count(chunkenc::Encoding::kXor, data);
  if (samples < 2 * kEvery) return false;
  const Range range = range_of(chunk, samples, start, end);
  if (range.from == 0 && range.to == samples) return false;
  chunkenc::XorPlace place;
  if (range.from != 0) {
    if (!find_place(block, series, chunk, data, range.from, place)) return false;
    if (place.time >= start) return false;
  }
  const std::size_t base = out.size();
  const std::size_t size = base + range.to - range.from;
  out.times.resize(size);
  out.values.resize(size);
  const bool good =
      chunkenc::decode_xor_on(data, place, std::span(out.times).subspan(base), std::span(out.values).subspan(base));
  if (good && (range.to == samples || out.times.back() > end)) return true;
  out.times.resize(base);
  out.values.resize(base);
  return false;
}

/// With a sample to spare at both ends: scrapes come some milliseconds sooner or later.
ChunkPart::Range ChunkPart::range_of(const ChunkMeta& chunk, std::uint32_t samples, Timestamp start, Timestamp end) {
  const auto before_start = static_cast<std::uint32_t>(about_before(chunk, samples, start));
  Range range{before_start == 0 ? 0 : (before_start - 1) / kEvery * kEvery, samples};
  if (end < chunk.max_time) {
    const auto before_end = static_cast<std::uint32_t>(about_before(chunk, samples, end + 1));
    range.to = std::min(samples, std::max(before_end, range.from) + 2);
  }
  return range;
}

bool ChunkPart::find_place(const Block& block, SeriesRef series, const ChunkMeta& chunk, std::string_view data,
                           std::uint32_t samples, chunkenc::XorPlace& out) {
  RestartPoints& points = block.restart_points();
  if (points.find(series, chunk.ref, samples, out)) return true;
  if (times_.size() < samples) {
    times_.resize(samples);
    values_.resize(samples);
  }
  out = {};
  if (!chunkenc::decode_xor_on(data, out, std::span(times_).first(samples), std::span(values_).first(samples))) {
    return false;
  }
  points.keep(series, chunk.ref, out);
  return true;
}

}  // namespace tocsin::block
