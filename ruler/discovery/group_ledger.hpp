#pragma once
// Which groups were told, so that only changes are.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "discovery/discoverer.hpp"

namespace tocsin::discovery {

/// Tells groups apart without keeping them.
std::uint64_t fingerprint(const TargetGroup& group);

/// Thread: the owner's.
class GroupLedger {
 public:
  /// Whether the group is news: other than when it was last told, or gone. From here on it counts as told.
  /// A group without targets is gone.
  bool is_news(const TargetGroup& group) { return is_news(group, fingerprint(group)); }
  /// With a fingerprint that was made elsewhere.
  bool is_news(const TargetGroup& group, std::uint64_t print) {
    if (group.targets.empty()) return told_.erase(group.source) > 0;
    const auto [place, is_new] = told_.try_emplace(group.source, print);
    if (is_new) return true;
    return std::exchange(place->second, print) != print;
  }
  std::size_t size() const { return told_.size(); }

 private:
  std::unordered_map<std::string, std::uint64_t> told_;  // by source
};

}  // namespace tocsin::discovery
