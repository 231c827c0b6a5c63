#pragma once
// Which blocks are to be compacted, and which have had their time: pure functions over what meta.json says.
// Source: Prometheus tsdb/compact.go (LeveledCompactor.plan, ExponentialBlockRanges, CompactBlockMetas), tsdb/db.go
// (deletableBlocks, BeyondTimeRetention, BeyondSizeRetention).

#include <cstdint>
#include <set>
#include <vector>

#include "block/meta.hpp"

namespace tocsin::tsdb {

/// Lengths that blocks grow to: `smallest`, and each three times the one before, up to `largest`, ten at most.
std::vector<std::int64_t> block_ranges(std::int64_t smallest, std::int64_t largest);

/// The blocks to be made into one next, in order of their beginnings; none: all is as it should be.
/// @param blocks  in any order. Blocks that overlap come first; else neighbours that fill the next range, the newest
///                left alone (people may still put older data beside it); else one with many tombstones.
std::vector<block::Meta> plan_compaction(std::vector<block::Meta> blocks, const std::vector<std::int64_t>& ranges);

/// Whether two of the blocks have times in common.
bool any_overlap(const std::vector<block::Meta>& blocks);

/// What a block made of these is: times, level, sources, parents; hints that all of them have.
block::Meta compacted_meta(const block::Ulid& ulid, const std::vector<block::Meta>& from);

/// Of a block, for the retention.
struct BlockAge {
  block::Ulid ulid;
  Timestamp max_time = 0;
  std::uint64_t bytes = 0;
};
/// Those that end `retention_ms` or more before the end of the newest; 0: none.
std::set<block::Ulid> beyond_time(std::vector<BlockAge> blocks, std::int64_t retention_ms);
/// The oldest ones, so that those that are left and `head_bytes` together are at most `limit_bytes`; 0: none.
std::set<block::Ulid> beyond_size(std::vector<BlockAge> blocks, std::uint64_t head_bytes, std::uint64_t limit_bytes);

}  // namespace tocsin::tsdb
