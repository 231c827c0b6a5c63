#pragma once
// A hash that tells texts apart where they are not kept.

#include <cstdint>
#include <string_view>

namespace tocsin {

struct Hash128 {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
};

/// XXH3. Two of n different texts have the same one with a probability of about n² / 2^129, unless somebody who knows
/// the seed looks for them: take one at random for texts from outside.
Hash128 hash128(std::string_view bytes, std::uint64_t seed);

}  // namespace tocsin
