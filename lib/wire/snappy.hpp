#pragma once
// Snappy's block format, as remote write and remote read use it (no frames).
// Source: google/snappy, format_description.txt.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::wire {

/// The bytes that a block says it holds, without a look at the rest.
/// @return kInvalid if it does not even begin as one.
Result<std::size_t> snappy_decoded_size(std::string_view block);

/// @param limit  of the decoded bytes; judged before anything is allocated.
/// @return kLimit beyond the limit, kInvalid if the block is damaged or cannot hold what it says.
Result<std::string> snappy_decode(std::string_view block, std::size_t limit);

/// Replaces `out` by the block.
void snappy_encode(std::string_view bytes, std::string& out);

}  // namespace tocsin::wire
