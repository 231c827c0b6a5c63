#pragma once
// What Prometheus 2.1 wrote wrongly, put right.

#include <string>

#include "base/fs.hpp"

namespace tocsin::block {

/// A meta.json of version 2 stands beside an index that calls itself version 1 and is version 2: writes both anew with
/// the right numbers, the index first. The block's other files are not touched.
/// Source: Prometheus tsdb/repair.go (repairBadIndexVersion), which does the same at each start.
/// @return whether there was something to do; kCorrupt: no meta.json of version 1 or 2, or no such index; kIo.
Result<bool> repair_index_version(Fs& fs, const std::string& block);

}  // namespace tocsin::block
