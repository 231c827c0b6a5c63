// Cutting columns into chunks.
#include <algorithm>

#include "chunkenc/chunk.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "chunkenc/histogram_encoder.hpp"
#include "chunkenc/xor.hpp"

namespace tocsin::chunkenc {
namespace {

/// A histogram chunk has at least so many samples, be they as large as they may: else nothing is gained by deltas.
/// Source: Prometheus tsdb/chunkenc/chunk.go, MinSamplesPerHistogramChunk.
constexpr std::size_t kLeastHistograms = 10;
constexpr std::size_t kMostSamples = 0xffff;

class ChunkCutter {
 public:
  ChunkCutter(const storage::SampleColumns& in, const CutOptions& options, std::vector<EncodedChunk>& out)
      : in_(in),
        most_samples_(std::clamp<std::size_t>(options.max_samples, 1, kMostSamples)),
        most_bytes_(options.max_histogram_bytes),
        out_(out) {}

  void run(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to;) {
      if (histogram(i) != nullptr) {
        add_histogram(i++);
        continue;
      }
      finish_histograms();
      std::size_t end = i + 1;
      while (end < to && histogram(end) == nullptr) ++end;
      add_floats(i, end);
      i = end;
    }
    finish_histograms();
  }

 private:
  const model::FloatHistogram* histogram(std::size_t i) const {
    return in_.histograms.empty() ? nullptr : in_.histograms[i].get();
  }

  EncodedChunk& add_chunk(Encoding encoding, std::size_t from, std::size_t to) {
    EncodedChunk& chunk = out_.emplace_back();
    chunk.encoding = encoding;
    chunk.first_time = in_.times[from];
    chunk.last_time = in_.times[to - 1];
    chunk.count = static_cast<std::uint32_t>(to - from);
    if (in_.starts.empty()) return chunk;
    const auto starts = std::span(in_.starts).subspan(from, to - from);
    if (std::ranges::any_of(starts, [](Timestamp start) { return start != 0; })) {
      chunk.starts.assign(starts.begin(), starts.end());
    }
    return chunk;
  }

  void add_floats(std::size_t from, std::size_t to) {
    const std::size_t chunks = (to - from + most_samples_ - 1) / most_samples_;
    for (std::size_t left = chunks; left > 0; --left) {
      const std::size_t count = (to - from + left - 1) / left;
      EncodedChunk& chunk = add_chunk(Encoding::kXor, from, from + count);
      const auto times = std::span(in_.times).subspan(from, count);
      const auto values = std::span(in_.values).subspan(from, count);
      chunk.data = {static_cast<char>(count >> 8U), static_cast<char>(count)};
      xor_encode(times, values, chunk.data);
      chunk.summary = summarise(times, values);
      from += count;
    }
  }

  void add_histogram(std::size_t i) {
    const model::FloatHistogram& h = *histogram(i);
    // A stale marker goes with the chunk, whatever it is of; what it was made as is no part of it.
    const bool same_kind = model::is_stale(h) || fits_integers(h) == encoder_.integers();
    if (encoder_.empty() || !same_kind) {
      begin(i, ResetHeader::kUnknown);
      return;
    }
    const auto fit = encoder_.judge(h);
    if (fit.here && !is_full()) {
      encoder_.append(in_.times[i], h);
    } else {
      begin(i, fit.header);
    }
  }

  bool is_full() const {
    return encoder_.count() >= most_samples_ ||
           (encoder_.count() >= kLeastHistograms && encoder_.data().size() >= most_bytes_);
  }

  void begin(std::size_t i, ResetHeader before) {
    finish_histograms();
    encoder_.begin(in_.times[i], *histogram(i), before);
    first_histogram_ = i;
  }

  void finish_histograms() {
    if (encoder_.empty()) return;
    const auto encoding = encoder_.integers() ? Encoding::kHistogram : Encoding::kFloatHistogram;
    EncodedChunk& chunk = add_chunk(encoding, first_histogram_, first_histogram_ + encoder_.count());
    chunk.data = encoder_.data();
    chunk.summary.first_time = chunk.summary.first_at = chunk.first_time;
    chunk.summary.last_time = chunk.summary.last_at = chunk.last_time;
    encoder_ = {};
  }

  const storage::SampleColumns& in_;
  const std::size_t most_samples_;
  const std::size_t most_bytes_;
  std::vector<EncodedChunk>& out_;
  HistogramEncoder encoder_;
  std::size_t first_histogram_ = 0;
};

}  // namespace

void encode_chunks(const storage::SampleColumns& in, std::size_t from, std::size_t to, const CutOptions& options,
                   std::vector<EncodedChunk>& out) {
  ChunkCutter(in, options, out).run(from, to);
}

}  // namespace tocsin::chunkenc
