#pragma once
// What others are told when a scrape was stored: enough to know whether it can matter to them.

#include <cstdint>
#include <functional>
#include <unordered_set>

#include "model/labels.hpp"

namespace tocsin::scrape {

/// Views are valid for the call.
struct ScrapeNotice {
  std::uint64_t target = 0;     // its number, never given to another
  const model::Labels& labels;  // all series of the target have them; empty if relabelling or the page may change them
  /// xxhash64 of the metric names that targets of the pool ever wrote, staleness markers included; nullptr: any.
  const std::unordered_set<std::uint64_t>* names = nullptr;
  std::uint64_t names_version = 0;  // another one: names or labels are others. Never one of another pool
};

/// Called on the loop, after the commit. Must not block.
using ScrapeNoticeFn = std::function<void(const ScrapeNotice&)>;

}  // namespace tocsin::scrape
