#include "discovery/group_ledger.hpp"

#include "base/hash.hpp"

namespace tocsin::discovery {

std::uint64_t fingerprint(const TargetGroup& group) {
  std::string hashes;
  const auto add = [&hashes](const model::Labels& labels) {
    const std::uint64_t hash = xxhash64(labels.encoded());
    hashes.append(reinterpret_cast<const char*>(&hash), sizeof hash);
  };
  add(group.labels);
  for (const model::Labels& target : group.targets) add(target);
  return xxhash64(hashes);
}

}  // namespace tocsin::discovery
