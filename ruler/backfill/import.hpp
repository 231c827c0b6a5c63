#pragma once
// Bringing old data: an OpenMetrics file becomes blocks in Prometheus' format.
//
// The file may be of any size and in any order: by time, by series, or neither. It is read once, in pieces, by several
// threads; samples go sorted into temporary files and from there into blocks. Memory: `buffer_bytes` for all threads
// together, a few MiB for each of them, and some 300 bytes for each series (of each thread that has met it); not more
// for more samples. Disk: the temporary files take some 3 to 10 bytes a sample.
// Source: Prometheus cmd/promtool/backfill.go (3.14), for flags, what is accepted and what blocks come out. Difference:
// the samples of a series need not be in order.

#include <cstdint>
#include <functional>
#include <string>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "block/meta.hpp"
#include "model/labels.hpp"

namespace tocsin::backfill {

struct ImportOptions {
  model::Labels labels;            // of all series, over their own
  Duration max_block_duration{0};  // blocks are of the longest of 2 h, 6 h, 18 h, ... that is not longer
  unsigned threads = 1;
  std::size_t buffer_bytes = 192U << 20U;
  std::size_t piece_bytes = 2U << 20U;  // of the input at once
};

/// Writes the blocks of an OpenMetrics file that is called `input` into `folder`, which is made if it is not there.
/// If the input is wrong somewhere, there are no blocks.
/// @param now    of the names of the blocks
/// @param each   is called with every block in order of time, once all are there
/// @return kInvalid with line and column if the input is wrong; kIo, kLimit
Result<void> import_openmetrics(Fs& fs, const std::string& input, const std::string& folder,
                                const ImportOptions& options, Timestamp now, Rng rng,
                                const std::function<void(const block::Meta&)>& each);

/// The length of blocks. Source: as above, getCompatibleBlockDuration.
Duration import_block_duration(Duration max_block_duration);

}  // namespace tocsin::backfill
