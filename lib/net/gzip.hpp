#pragma once
// gzip (RFC 1952) of whole texts, by zlib. A few hundred microseconds per 100 KB: large ones belong on a work lane.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::net {

/// Thread: any.
std::string gzip(std::string_view text);

/// Joined members too. kLimit as soon as the text exceeds `limit` bytes (a bomb costs no more than that), kInvalid if
/// it is no gzip, torn, or fails its checksum.
Result<std::string> gunzip(std::string_view bytes, std::size_t limit);

}  // namespace tocsin::net
