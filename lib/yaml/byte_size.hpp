#pragma once
// Sizes in bytes as Prometheus' configuration writes them. Source: alecthomas/units, Base2Bytes.

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::yaml {

/// "10MB", "1GiB", "1GB512MB", "1.5KB", "100B", "0": powers of 1024 for both spellings; a unit is demanded.
/// @return kInvalid with that library's words: "units: unknown unit  in 100", "units: invalid x".
Result<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace tocsin::yaml
