#pragma once
// What was deleted of a block and is still in its chunks: intervals of time for each series. File `tombstones`:
//   magic u32 0x0130BA30 | version u8 1 | ( series ref uvarint, min varint, max varint )* | crc u32 of what stands
//   between
// Source: Prometheus tsdb/tombstones; tsdb/docs/format/tombstones.md.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/storage.hpp"

namespace tocsin::block {

/// Both ends included.
struct Interval {
  Timestamp min = 0, max = 0;
  bool operator==(const Interval&) const = default;
};
/// Sorted, none touches another.
using Intervals = std::vector<Interval>;
/// Adds one and keeps the order; intervals that overlap or are 1 ms apart become one.
void add_interval(Intervals& to, Interval one);
/// Removes the samples that lie in an interval.
void remove_deleted(const Intervals& deleted, storage::SampleColumns& samples);

/// By reference of the series in the index.
using Tombstones = std::map<std::uint64_t, Intervals>;

/// @return kCorrupt
Result<Tombstones> parse_tombstones(std::string_view bytes);
std::string encode_tombstones(const Tombstones& tombstones);
/// What meta.json calls numTombstones.
std::uint64_t count_intervals(const Tombstones& tombstones);

}  // namespace tocsin::block
