#include "tsdb/compactor.hpp"

#include <algorithm>
#include <queue>

#include "block/sidecar.hpp"
#include "block/writer.hpp"
#include "chunkenc/chunk.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "tsdb/merge_samples.hpp"

namespace tocsin::tsdb {
namespace {

using block::Block;
using block::Interval;
using block::Intervals;

/// A block, and where it stands: one series after the other, in order of labels.
class Cursor {
 public:
  static Result<Cursor> begin(std::shared_ptr<const Block> block) {
    TOCSIN_TRY(auto refs, block->select({}));
    Cursor cursor(std::move(block), std::move(refs));
    TOCSIN_OK(cursor.read());
    return cursor;
  }
  bool at_end() const { return at_ == refs_.size(); }
  Result<void> next() {
    ++at_;
    return read();
  }

  const Block& block() const { return *block_; }
  block::SeriesRef ref() const { return refs_[at_]; }
  const model::Labels& labels() const { return labels_; }
  const std::vector<block::ChunkMeta>& chunks() const { return chunks_; }
  const Intervals& deleted() const {
    static const Intervals kNone;
    const auto found = tombstones_->find(ref());
    return found == tombstones_->end() ? kNone : found->second;
  }

 private:
  Cursor(std::shared_ptr<const Block> block, std::vector<block::SeriesRef> refs)
      : block_(std::move(block)), refs_(std::move(refs)), tombstones_(block_->tombstones()) {}
  Result<void> read() { return at_end() ? Result<void>() : block_->series(ref(), &labels_, &chunks_); }

  std::shared_ptr<const Block> block_;
  std::vector<block::SeriesRef> refs_;
  std::shared_ptr<const block::Tombstones> tombstones_;
  std::size_t at_ = 0;
  model::Labels labels_;
  std::vector<block::ChunkMeta> chunks_;
};

/// One chunk of the series at hand.
struct Piece {
  const Cursor* cursor = nullptr;
  std::size_t index = 0;  // among the chunks of its block
  Timestamp min_time = 0, max_time = 0;
};

/// Whether the deleted times have something in common with [from, to], or cover it.
enum class Touch { kNone, kPart, kAll };
Touch touch(const Intervals& deleted, Timestamp from, Timestamp to) {
  for (const Interval& one : deleted) {
    if (one.min <= from && one.max >= to) return Touch::kAll;
    if (one.min <= to && one.max >= from) return Touch::kPart;
  }
  return Touch::kNone;
}

bool is_written_encoding(chunkenc::Encoding encoding) {
  return encoding == chunkenc::Encoding::kXor || encoding == chunkenc::Encoding::kHistogram ||
         encoding == chunkenc::Encoding::kFloatHistogram;
}

/// What is done for one series; keeps its buffers.
class SeriesMerger {
 public:
  /// Replaces `out` by the chunks of a series that stands at all these cursors.
  Result<void> merge(std::span<const Cursor* const> cursors, std::vector<chunkenc::EncodedChunk>& out) {
    out.clear();
    collect(cursors);
    for (std::size_t from = 0; from < pieces_.size();) {
      std::size_t to = from + 1;
      Timestamp end = pieces_[from].max_time;
      while (to < pieces_.size() && pieces_[to].min_time <= end) end = std::max(end, pieces_[to++].max_time);
      const std::span<const Piece> run(pieces_.data() + from, to - from);
      TOCSIN_TRY(const bool copied, copy(run, out));
      if (!copied) TOCSIN_OK(encode_anew(run, out));
      from = to;
    }
    return {};
  }

 private:
  void collect(std::span<const Cursor* const> cursors) {
    pieces_.clear();
    for (const Cursor* const cursor : cursors) {
      const auto& chunks = cursor->chunks();
      for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (touch(cursor->deleted(), chunks[i].min_time, chunks[i].max_time) == Touch::kAll) continue;
        pieces_.push_back({cursor, i, chunks[i].min_time, chunks[i].max_time});
      }
    }
    if (cursors.size() > 1) std::ranges::sort(pieces_, {}, &Piece::min_time);
  }

  Result<block::ChunkData> data(const Piece& piece) const {
    return piece.cursor->block().chunk(piece.cursor->chunks()[piece.index].ref);
  }

  /// False if the run cannot stay as it is.
  Result<bool> copy(std::span<const Piece> run, std::vector<chunkenc::EncodedChunk>& out) {
    const Piece& piece = run.front();
    if (run.size() > 1 || touch(piece.cursor->deleted(), piece.min_time, piece.max_time) != Touch::kNone) return false;
    TOCSIN_TRY(const block::ChunkData chunk, data(piece));
    if (!is_written_encoding(chunk.encoding)) return false;
    chunkenc::EncodedChunk copied;
    copied.encoding = chunk.encoding;
    copied.first_time = piece.min_time;
    copied.last_time = piece.max_time;
    copied.count = chunkenc::sample_count(chunk.encoding, chunk.data);
    copied.data = chunk.data;
    read_starts(piece, copied.count, copied.starts);
    TOCSIN_OK(summarise(piece, chunk, copied.summary));
    out.push_back(std::move(copied));
    return true;
  }

  /// Those that lie beside the chunks, of `count` samples; or none.
  static void read_starts(const Piece& piece, std::size_t count, std::vector<Timestamp>& out) {
    const block::SidecarReader* const sidecar = piece.cursor->block().sidecar();
    const bool found = sidecar && sidecar->has_starts() && sidecar->starts(piece.cursor->ref(), piece.index, out);
    if (!found || out.size() != count) out.clear();
  }

  Result<void> summarise(const Piece& piece, const block::ChunkData& chunk, storage::ChunkSummary& out) {
    if (chunk.encoding != chunkenc::Encoding::kXor) {
      out.first_time = piece.min_time;
      out.last_time = piece.max_time;
      return {};
    }
    columns_.clear();
    if (!chunkenc::decode_chunk(chunk.encoding, chunk.data, columns_) || columns_.size() == 0) return damaged(piece);
    out = chunkenc::summarise(columns_.times, columns_.values);
    return {};
  }

  Result<void> encode_anew(std::span<const Piece> run, std::vector<chunkenc::EncodedChunk>& out) {
    merged_.clear();
    for (const Piece& piece : run) {
      TOCSIN_TRY(const block::ChunkData chunk, data(piece));
      columns_.clear();
      if (!chunkenc::decode_chunk(chunk.encoding, chunk.data, columns_)) return damaged(piece);
      if (columns_.starts.empty()) read_starts(piece, columns_.size(), columns_.starts);
      block::remove_deleted(piece.cursor->deleted(), columns_);
      merge_samples(columns_, merged_, scratch_);
    }
    if (merged_.size() > 0) chunkenc::encode_chunks(merged_, 0, merged_.size(), {}, out);
    return {};
  }

  static std::unexpected<Error> damaged(const Piece& piece) {
    return fail(Errc::kCorrupt, "{}: chunk {:#x} of series {} cannot be decoded", piece.cursor->block().path(),
                piece.cursor->chunks()[piece.index].ref, piece.cursor->labels().to_string());
  }

  std::vector<Piece> pieces_;
  storage::SampleColumns columns_, merged_, scratch_;
};

Result<void> write_symbols(std::span<const std::shared_ptr<Block>> blocks, block::Writer& writer) {
  std::vector<std::string_view> symbols;
  for (const auto& block : blocks) {
    TOCSIN_OK(block->symbols([&](std::string_view one) {
      if (!one.empty()) symbols.push_back(one);
    }));
  }
  std::ranges::sort(symbols);
  symbols.erase(std::ranges::unique(symbols).begin(), symbols.end());
  return writer.symbols(symbols);
}

}  // namespace

Result<block::Meta> merge_blocks(Fs& fs, const std::string& folder, std::span<const std::shared_ptr<Block>> blocks,
                                 const block::Meta& meta, const std::atomic<bool>& stop) {
  TOCSIN_TRY(const auto writer, block::Writer::create(fs, folder, meta, {}));
  TOCSIN_OK(write_symbols(blocks, *writer));
  std::vector<Cursor> cursors;
  for (const auto& block : blocks) {
    TOCSIN_TRY(Cursor cursor, Cursor::begin(block));
    cursors.push_back(std::move(cursor));
  }
  const auto after = [&](std::size_t a, std::size_t b) {
    const auto order = cursors[a].labels() <=> cursors[b].labels();
    return order != 0 ? order > 0 : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(after)> heads(after);
  for (std::size_t i = 0; i < cursors.size(); ++i) {
    if (!cursors[i].at_end()) heads.push(i);
  }
  SeriesMerger merger;
  std::vector<chunkenc::EncodedChunk> chunks;
  std::vector<std::size_t> same;
  std::vector<const Cursor*> at_series;
  while (!heads.empty()) {
    if (stop.load(std::memory_order_relaxed)) return fail(Errc::kCanceled, "the store is being closed");
    same.clear();
    at_series.clear();
    do {
      same.push_back(heads.top());
      at_series.push_back(&cursors[heads.top()]);
      heads.pop();
    } while (!heads.empty() && cursors[heads.top()].labels() == cursors[same.front()].labels());
    TOCSIN_OK(merger.merge(at_series, chunks));
    if (!chunks.empty()) TOCSIN_OK(writer->add(at_series.front()->labels(), chunks));
    for (const std::size_t i : same) {
      TOCSIN_OK(cursors[i].next());
      if (!cursors[i].at_end()) heads.push(i);
    }
  }
  return writer->finish();
}

}  // namespace tocsin::tsdb
