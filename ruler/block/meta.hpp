#pragma once
// Who a block is: its name (a ULID) and its meta.json. Source: Prometheus tsdb/block.go (BlockMeta),
// github.com/ulid/spec.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"

namespace tocsin::block {

/// 48 bits of milliseconds, 80 random bits; as 26 characters of Crockford's base 32, sorted as the numbers are.
struct Ulid {
  std::uint64_t high = 0, low = 0;  // of the 128 bits
  auto operator<=>(const Ulid&) const = default;

  static Ulid make(Timestamp now, Rng& rng);
  static std::optional<Ulid> parse(std::string_view text);
  std::string text() const;
  Timestamp time() const { return static_cast<Timestamp>(high >> 16U); }
};

struct Stats {
  std::uint64_t samples = 0, float_samples = 0, histogram_samples = 0;
  std::uint64_t series = 0, chunks = 0, tombstones = 0;
};

struct Meta {
  struct Parent {
    Ulid ulid;
    Timestamp min_time = 0, max_time = 0;
  };
  struct Compaction {
    int level = 1;
    std::vector<Ulid> sources;
    std::vector<Parent> parents;
    bool deletable = false, failed = false;
    std::vector<std::string> hints;  // "from-out-of-order", "from-stale-series", "from-selected-series"
  };
  Ulid ulid;
  Timestamp min_time = 0;
  Timestamp max_time = 0;  // exclusive
  Stats stats;
  Compaction compaction;
};

inline constexpr int kMetaVersion = 1;
/// What Prometheus 2.1 wrote by mistake, together with an index that calls itself version 1 and is version 2.
inline constexpr int kMetaVersionOf21 = 2;

/// @param version  if given, kMetaVersionOf21 is taken too, and the version is put there.
/// @return kCorrupt with the reason: no JSON, a version other than 1, a field of a wrong kind. Unknown fields are
/// passed over (Thanos and Mimir write their own).
Result<Meta> parse_meta(std::string_view json, int* version = nullptr);
/// As Prometheus writes it: indented by tabs.
std::string meta_json(const Meta& meta);

}  // namespace tocsin::block
