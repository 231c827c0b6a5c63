#pragma once
// Sets of series as ascending lists of numbers: what selections are made of, in the head and in blocks.

#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::storage {

using Ids = std::vector<std::uint32_t>;

/// Keeps in `ids` what is in `other` too. Both ascending. Quick when one is much shorter.
void intersect(Ids& ids, std::span<const std::uint32_t> other);
/// Removes from `ids` what is in `other`. Both ascending.
void subtract(Ids& ids, std::span<const std::uint32_t> other);
/// Ascending ids of all lists, each once.
Ids unite(std::vector<std::span<const std::uint32_t>> lists);

}  // namespace tocsin::storage
