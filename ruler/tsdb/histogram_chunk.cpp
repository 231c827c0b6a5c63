#include "tsdb/histogram_chunk.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "chunkenc/chunk.hpp"

namespace tocsin::tsdb {
namespace {

/// A chunk of so many bytes ends, if it has so many samples. Source: Prometheus tsdb/chunkenc/chunk.go
/// (TargetBytesPerHistogramChunk, MinSamplesPerHistogramChunk).
constexpr std::size_t kFullBytes = 1024;
constexpr std::size_t kLeastSamples = 10;

bool take_starts(ByteReader& in, std::vector<StartRun>& runs) {
  runs.resize(in.count(2));
  std::uint64_t from = 0;
  for (StartRun& run : runs) {
    const std::uint32_t by = in.varint32();
    if (by == 0 && &run != runs.data()) return false;
    from += by;
    if (from > 0xffffffffU) return false;
    run = {static_cast<std::uint32_t>(from), in.signed_varint()};
  }
  return !in.failed();
}

}  // namespace

ChunkEncoding OpenHistograms::encoding() const {
  return encoder_.integers() ? ChunkEncoding::kHistogram : ChunkEncoding::kFloatHistogram;
}

std::size_t OpenHistograms::bytes() const {
  return sizeof *this + encoder_.heap_bytes() + starts_.capacity() * sizeof(StartRun);
}

OpenHistograms::Fit OpenHistograms::judge(const model::FloatHistogram& h, unsigned most_samples) const {
  if (!model::is_stale(h) && chunkenc::fits_integers(h) != encoder_.integers()) return {};
  Fit fit = encoder_.judge(h);
  const bool full = count() >= most_samples || (count() >= kLeastSamples && encoder_.data().size() >= kFullBytes);
  if (full) fit.here = false;
  return fit;
}

void OpenHistograms::begin(Timestamp t, const model::FloatHistogram& h, Timestamp start, chunkenc::ResetHeader before) {
  note_start(start);
  encoder_.begin(t, h, before);
}

void OpenHistograms::append(Timestamp t, const model::FloatHistogram& h, Timestamp start) {
  note_start(start);
  encoder_.append(t, h);
}

void OpenHistograms::note_start(Timestamp start) {
  const Timestamp last = starts_.empty() ? 0 : starts_.back().start;
  if (start != last) starts_.push_back({count(), start});
}

void OpenHistograms::encode(std::string& out) const {
  put_varint(out, starts_.size());
  std::uint32_t before = 0;
  for (const StartRun& run : starts_) {
    put_varint(out, run.from - before);
    put_signed(out, run.start);
    before = run.from;
  }
  out += encoder_.data();
}

bool decode_histogram_chunk(ChunkEncoding encoding, std::string_view data, storage::SampleColumns& out) {
  ByteReader in(data);
  std::vector<StartRun> runs;
  if (!take_starts(in, runs)) return false;
  const std::size_t before = out.size();
  if (!chunkenc::decode_chunk(static_cast<chunkenc::Encoding>(encoding), in.take(in.left()), out)) return false;
  if (runs.empty()) return true;
  out.starts.resize(out.size());
  const std::size_t count = out.size() - before;
  for (std::size_t i = 0; i < runs.size() && runs[i].from < count; ++i) {
    const std::size_t to = i + 1 < runs.size() ? std::min<std::size_t>(runs[i + 1].from, count) : count;
    std::fill_n(out.starts.begin() + static_cast<std::ptrdiff_t>(before + runs[i].from), to - runs[i].from,
                runs[i].start);
  }
  return true;
}

}  // namespace tocsin::tsdb
