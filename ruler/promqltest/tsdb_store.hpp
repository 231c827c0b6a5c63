#pragma once
// The store of the ruler for one script: tsdb in folders that are gone afterwards.

#include "base/fs.hpp"
#include "promqltest/runner.hpp"

namespace tocsin::promqltest {

/// Each store is a folder of its own below `folder`, which must be there; it goes with the store.
MakeStore tsdb_stores(Fs& fs, std::string folder);

}  // namespace tocsin::promqltest
