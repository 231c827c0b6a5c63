#include "block/chunk_ends.hpp"

#include <algorithm>

#include "block/chunk_part.hpp"

namespace tocsin::block {
namespace {

/// Decoded together: enough to be quick, few enough for the first cache.
constexpr std::size_t kTogether = 12;

/// The first of the times that is not before `time`. @param near  where it may be
std::size_t first_from(std::span<const Timestamp> times, Timestamp time, std::size_t near) {
  near = std::min(near, times.size());
  constexpr std::size_t kFar = 4;
  for (std::size_t steps = 0; steps < kFar; ++steps) {
    if (near > 0 && times[near - 1] >= time) {
      --near;
    } else if (near < times.size() && times[near] < time) {
      ++near;
    } else {
      return near;
    }
  }
  return static_cast<std::size_t>(std::ranges::lower_bound(times, time) - times.begin());
}

}  // namespace

bool ChunkEnds::add(const Block& block, std::span<const ChunkMeta> chunks, storage::WindowEndsBuilder& builder) {
  window_ = 0;
  pieces_.clear();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkMeta* const next = i + 1 < chunks.size() ? &chunks[i + 1] : nullptr;
    if (!plan(block, chunks[i], next, builder.windows())) return false;
    if (pieces_.size() == kTogether && !take(builder)) return false;
  }
  return take(builder);
}

bool ChunkEnds::plan(const Block& block, const ChunkMeta& chunk, const ChunkMeta* next,
                     std::span<const storage::TimeRange> windows) {
  while (window_ < windows.size() && windows[window_].end < chunk.min_time) ++window_;
  if (window_ == windows.size() || windows[window_].start > chunk.max_time) return true;
  const auto found = block.chunk(chunk.ref);
  if (!found || found->encoding != chunkenc::Encoding::kXor) return false;
  Piece piece{&chunk, found->data, chunkenc::sample_count(found->encoding, found->data), 0, 0, window_};
  if (piece.samples == 0 || (piece.samples == 1) != (chunk.min_time == chunk.max_time)) return false;
  // The last edge within the chunk; the sample behind it begins the next window, if there is one.
  std::size_t last = window_;
  while (last + 1 < windows.size() && windows[last + 1].start <= chunk.max_time) ++last;
  const bool goes_on = windows[last].end >= chunk.max_time;
  const bool last_is_known_later = goes_on && next != nullptr && next->min_time <= windows[last].end;
  if (goes_on && !last_is_known_later) {
    piece.wanted = piece.samples;
  } else {
    piece.edge = goes_on ? windows[last].start - 1 : windows[last].end;
    piece.wanted = piece.samples;
    if (piece.edge < chunk.max_time) {
      piece.wanted = static_cast<std::uint32_t>(
          std::min<std::size_t>(piece.samples, about_before(chunk, piece.samples, piece.edge + 1) + 1));
    }
  }
  pieces_.push_back(piece);
  return true;
}

bool ChunkEnds::take(storage::WindowEndsBuilder& builder) {
  heads_.clear();
  std::size_t all = 0;
  for (const Piece& piece : pieces_) {
    heads_.push_back({piece.data, piece.wanted});
    all += piece.wanted;
  }
  if (times_.size() < all) times_.resize(all);
  if (values_.size() < all) values_.resize(all);
  if (!chunkenc::decode_xor_heads(heads_, std::span(times_).first(all), std::span(values_).first(all))) return false;
  builder.note_decoded(all);

  std::size_t at = 0;
  for (const Piece& piece : pieces_) {
    std::span<const Timestamp> times = std::span(times_).subspan(at, piece.wanted);
    std::span<const double> values = std::span(values_).subspan(at, piece.wanted);
    at += piece.wanted;
    if (piece.wanted < piece.samples && times.back() <= piece.edge) {  // they are not evenly spread
      whole_times_.resize(piece.samples);
      whole_values_.resize(piece.samples);
      const chunkenc::XorHead whole{piece.data, piece.samples};
      if (!chunkenc::decode_xor_heads({&whole, 1}, whole_times_, whole_values_)) return false;
      builder.note_decoded(piece.samples);
      times = whole_times_;
      values = whole_values_;
    }
    if (times.front() != piece.chunk->min_time) return false;
    if (times.size() == piece.samples && times.back() != piece.chunk->max_time) return false;
    add(piece, times, values, builder);
  }
  pieces_.clear();
  return true;
}

void ChunkEnds::add(const Piece& piece, std::span<const Timestamp> times, std::span<const double> values,
                    storage::WindowEndsBuilder& builder) {
  const ChunkMeta& chunk = *piece.chunk;
  const std::span<const storage::TimeRange> windows = builder.windows();
  std::size_t next = 0;  // sample
  for (std::size_t w = piece.window; w < windows.size() && windows[w].start <= chunk.max_time; ++w) {
    const storage::TimeRange& window = windows[w];
    if (window.start > chunk.min_time) {
      next = first_from(times, window.start, std::max(next, about_before(chunk, piece.samples, window.start)));
    }
    const std::size_t first = next;
    if (window.end >= chunk.max_time) {
      next = piece.samples;
    } else {
      next = first_from(times, window.end + 1, about_before(chunk, piece.samples, window.end + 1));
    }
    if (first == next) continue;
    const std::size_t last = std::min(next, times.size()) - 1;
    builder.add_rising(
        w, {static_cast<std::uint32_t>(next - first), times[first], times[last], values[first], values[last]});
  }
}

}  // namespace tocsin::block
