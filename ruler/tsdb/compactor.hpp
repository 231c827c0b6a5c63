#pragma once
// Blocks made into one: series by series in order of labels. Chunks are copied as they are; those that overlap, that
// tombstones touch, or whose encoding is only read, are decoded and encoded anew.

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "block/block.hpp"
#include "block/meta.hpp"

namespace tocsin::tsdb {

/// Writes the block below `folder`, whole or not at all. Memory: 8 bytes a series and block, the texts' places, and
/// what a block::Writer takes. Thread: one, which works for as long as it takes.
/// @param meta  of the block to be (block_plan.hpp).
/// @param stop  asked between series.
/// @return its meta; stats.series is 0 if nothing is left, and no block then. kCorrupt: a block cannot be read, and
/// nothing was made; kCanceled; kIo.
Result<block::Meta> merge_blocks(Fs& fs, const std::string& folder,
                                 std::span<const std::shared_ptr<block::Block>> blocks, const block::Meta& meta,
                                 const std::atomic<bool>& stop);

}  // namespace tocsin::tsdb
