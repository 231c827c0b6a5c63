#pragma once
// Matchers to the series of a block.

#include <span>

#include "block/index_reader.hpp"
#include "model/matcher.hpp"
#include "storage/id_lists.hpp"

namespace tocsin::block {

/// Ascending refs of the series that match all. @return kCorrupt
Result<storage::Ids> select_series(const IndexReader& index, std::span<const model::Matcher> matchers);

}  // namespace tocsin::block
