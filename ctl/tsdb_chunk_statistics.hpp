#pragma once
// tocsinctl tsdb analyze --extended: how full the chunks of a block are.

#include <span>

#include "block/block.hpp"

namespace tocsin::ctl {

/// Prints distributions as `promtool tsdb analyze --extended` does. @return kCorrupt
Result<void> print_chunk_statistics(const block::Block& block, std::span<const block::SeriesRef> refs);

}  // namespace tocsin::ctl
