#include "chunkenc/chunk.hpp"

#include <algorithm>
#include <array>

#include "chunkenc/histogram_decode.hpp"
#include "chunkenc/xor.hpp"
#include "chunkenc/xor2.hpp"

namespace tocsin::chunkenc {
namespace {

constexpr std::size_t kCountBytes = 2;
/// A bit may become a double; chunks are a thousandth of this.
constexpr std::size_t kMostChunkBytes = 4U << 20U;
constexpr std::uint32_t kStCountMask = 0x3fff;  // the two bits above it are the reset header

std::uint8_t byte_at(std::string_view data, std::size_t i) {
  return static_cast<std::uint8_t>(data[i]);
}

bool has_chunk_size(std::string_view data) {
  return data.size() >= kCountBytes && data.size() <= kMostChunkBytes;
}

/// Columns that only some samples have reach the length of `times`, or stay empty.
void pad(storage::SampleColumns& columns) {
  if (!columns.starts.empty()) columns.starts.resize(columns.times.size());
  if (!columns.histograms.empty()) columns.histograms.resize(columns.times.size());
}

bool is_histogram_st(Encoding encoding) {
  return encoding == Encoding::kHistogramSt || encoding == Encoding::kFloatHistogramSt;
}

bool decode_histogram_chunk(Encoding encoding, std::string_view data, storage::SampleColumns& out) {
  if (data.size() < 3) return false;
  HistogramChunk chunk;
  chunk.bits = data.substr(3);
  chunk.count = sample_count(encoding, data);
  chunk.integers = encoding == Encoding::kHistogram || encoding == Encoding::kHistogramSt;
  chunk.has_starts = is_histogram_st(encoding);
  const std::uint8_t flags = chunk.has_starts ? byte_at(data, 0) : byte_at(data, 2);
  chunk.header = static_cast<ResetHeader>(flags & kResetHeaderMask);
  chunk.start_header = chunk.has_starts ? byte_at(data, 2) : 0;
  return chunk.count == 0 || decode_histograms(chunk, out);
}

bool decode(Encoding encoding, std::string_view data, storage::SampleColumns& out) {
  switch (encoding) {
    case Encoding::kXor:
      return xor_decode(data.substr(kCountBytes), sample_count(encoding, data), out.times, out.values);
    case Encoding::kXor2:
      return xor2_decode(data.substr(kCountBytes), sample_count(encoding, data), out);
    case Encoding::kHistogram:
    case Encoding::kFloatHistogram:
    case Encoding::kHistogramSt:
    case Encoding::kFloatHistogramSt:
      return decode_histogram_chunk(encoding, data, out);
  }
  return false;
}

}  // namespace

bool is_encoding(std::uint8_t byte) {
  return byte >= static_cast<std::uint8_t>(Encoding::kXor) &&
         byte <= static_cast<std::uint8_t>(Encoding::kFloatHistogramSt);
}

std::uint32_t sample_count(Encoding encoding, std::string_view data) {
  if (data.size() < kCountBytes) return 0;
  const std::uint32_t count = static_cast<std::uint32_t>(byte_at(data, 0)) << 8U | byte_at(data, 1);
  return is_histogram_st(encoding) ? count & kStCountMask : count;
}

bool decode_chunk(Encoding encoding, std::string_view data, storage::SampleColumns& out) {
  if (!has_chunk_size(data)) return false;
  const std::size_t samples = out.times.size();
  const std::size_t starts = out.starts.size();
  const std::size_t histograms = out.histograms.size();
  const bool good = decode(encoding, data, out);
  if (!good) {
    out.times.resize(samples);
    out.values.resize(samples);
    out.starts.resize(starts);
    out.histograms.resize(histograms);
    return false;
  }
  pad(out);
  return true;
}

bool decode_xor_chunks(std::span<const std::string_view> chunks, storage::SampleColumns& out) {
  std::array<XorChunk, 32> some;
  const std::size_t before = out.size();
  bool good = true;
  while (good && !chunks.empty()) {
    const std::size_t count = std::min(chunks.size(), some.size());
    for (std::size_t i = 0; i < count; ++i) {
      good &= has_chunk_size(chunks[i]);
      if (good) some[i] = {chunks[i].substr(kCountBytes), sample_count(Encoding::kXor, chunks[i])};
    }
    good = good && xor_decode(std::span(some).first(count), out.times, out.values);
    chunks = chunks.subspan(count);
  }
  if (!good) {
    out.times.resize(before);
    out.values.resize(before);
  }
  pad(out);
  return good;
}

bool decode_xor_heads(std::span<const XorHead> heads, std::span<Timestamp> times, std::span<double> values) {
  std::array<XorChunk, 32> some;
  while (!heads.empty()) {
    const std::size_t count = std::min(heads.size(), some.size());
    std::size_t samples = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!has_chunk_size(heads[i].data)) return false;
      some[i] = {heads[i].data.substr(kCountBytes), heads[i].samples};
      samples += heads[i].samples;
    }
    if (!xor_decode(std::span(some).first(count), times.first(samples), values.first(samples))) return false;
    heads = heads.subspan(count);
    times = times.subspan(samples);
    values = values.subspan(samples);
  }
  return true;
}

bool decode_xor_on(std::string_view data, XorPlace& place, std::span<Timestamp> times, std::span<double> values) {
  return has_chunk_size(data) && xor_decode_on(data.substr(kCountBytes), place, times, values);
}

}  // namespace tocsin::chunkenc
