#pragma once
// The blocks in a data directory.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "block/block.hpp"

namespace tocsin::ctl {

/// Names of folders that are ULIDs, sorted. @return kNotFound, kIo
Result<std::vector<std::string>> block_names(const std::string& path);

/// All blocks, in order of their first time. A damaged one is an error, unless another was compacted from it; one that
/// a running server takes away meanwhile is passed over. @return kCorrupt, with a line for each damaged block; kIo
Result<std::vector<std::shared_ptr<block::Block>>> open_blocks(const std::string& path);

/// @param name  "" for the block whose ULID is of the newest time.
Result<std::shared_ptr<block::Block>> open_block(const std::string& path, const std::string& name);

/// The table of promtool tsdb list. (tsdb_table.cpp)
void print_blocks(std::span<const std::shared_ptr<block::Block>> blocks, bool human_readable);

}  // namespace tocsin::ctl
