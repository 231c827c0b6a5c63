#pragma once
// Blocks in a file system in memory, from series that a test states.

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "block/block.hpp"
#include "block/writer.hpp"

namespace tocsin::block {

/// What every test here may assume: a block of two hours in this folder.
inline constexpr const char* kFolder = "/data";
inline constexpr Timestamp kBlockStart = 7'200'000;
inline constexpr Timestamp kBlockEnd = 14'400'000;

struct SeriesToWrite {
  model::Labels labels;
  std::vector<chunkenc::EncodedChunk> chunks;
};

template <typename T>
T must(Result<T> result) {
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline Meta some_meta(std::uint64_t number = 1) {
  Meta meta;
  meta.ulid = {static_cast<std::uint64_t>(kBlockEnd) << 16U, number};
  meta.min_time = kBlockStart;
  meta.max_time = kBlockEnd;
  meta.compaction.sources = {meta.ulid};
  return meta;
}

/// Series that stand in order of labels, into a block of some_meta().
inline Result<Meta> try_write_block(Fs& fs, const std::vector<SeriesToWrite>& series, const Writer::Options& options,
                                    const Meta& meta = some_meta()) {
  TOCSIN_OK(fs.create_directories(kFolder));
  TOCSIN_TRY(const auto writer, Writer::create(fs, kFolder, meta, options));
  std::set<std::string_view> symbols;
  for (const SeriesToWrite& one : series) {
    for (const model::LabelView& label : one.labels) {
      symbols.insert(label.name);
      symbols.insert(label.value);
    }
  }
  TOCSIN_OK(writer->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())));
  for (const SeriesToWrite& one : series) TOCSIN_OK(writer->add(one.labels, one.chunks));
  return writer->finish();
}

inline std::string path_of(const Meta& meta) {
  return std::string(kFolder) + "/" + meta.ulid.text();
}

inline std::shared_ptr<Block> write_block(Fs& fs, std::vector<SeriesToWrite> series,
                                          const Writer::Options& options = {}, const Meta& meta = some_meta()) {
  std::ranges::sort(series, {}, &SeriesToWrite::labels);
  must(try_write_block(fs, series, options, meta));
  return must(Block::open(fs, path_of(meta)));
}

/// A chunk of bytes that no decoder has to understand.
inline chunkenc::EncodedChunk opaque_chunk(Timestamp first, Timestamp last, std::string data) {
  chunkenc::EncodedChunk chunk;
  chunk.first_time = first;
  chunk.last_time = last;
  chunk.count = 2;
  chunk.data = std::move(data);
  return chunk;
}

}  // namespace tocsin::block
