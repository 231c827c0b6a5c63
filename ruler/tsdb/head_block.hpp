#pragma once
// A part of the head as a block of Prometheus' format.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "block/meta.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

/// Writes what the view sees of [meta.min_time, meta.max_time) into a block below `folder`, series by series in order
/// of labels, samples re-chunked. Writers go on meanwhile; no lock is held for longer than one series takes to be
/// copied. Memory: 16 bytes a series and what a block::Writer takes.
/// @param stop  asked between series.
/// @return the meta of the block; stats.series is 0 if there was nothing, and no block then. kCanceled; kIo.
Result<block::Meta> write_head_block(Head& head, const ReadView& view, const block::Meta& meta,
                                     const std::string& folder, const std::atomic<bool>& stop);

/// Late samples of before `before` that were not cut with `done` yet, into blocks of their own: one for each aligned
/// span of `length` that has some, named by `make_meta`. Otherwise as write_head_block().
/// @return the blocks.
Result<std::vector<block::Meta>> write_late_blocks(
    Head& head, const ReadView& view, const LateCut& done, Timestamp before, std::int64_t length,
    const std::function<block::Meta(Timestamp min, Timestamp max)>& make_meta, const std::string& folder,
    const std::atomic<bool>& stop);

/// Forgets late samples in memory that were cut; nobody reads what is before `cut.before` from the head any more.
void drop_late(Head& head, const LateCut& cut);

/// About the time of the first sample at or after `from` that the view sees; kMaxTimestamp if there is none.
Timestamp first_sample_from(Head& head, const ReadView& view, Timestamp from);

}  // namespace tocsin::tsdb
