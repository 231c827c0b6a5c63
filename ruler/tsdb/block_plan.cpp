#include "tsdb/block_plan.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

namespace tocsin::tsdb {
namespace {

using block::Meta;
using Metas = std::vector<Meta>;

void sort_by_begin(Metas& blocks) {
  std::ranges::sort(blocks, {}, [](const Meta& one) { return std::tuple(one.min_time, one.ulid); });
}

bool has_hint(const Meta& block, std::string_view hint) {
  return std::ranges::find(block.compaction.hints, hint) != block.compaction.hints.end();
}

/// The first run of blocks that overlap, in a chain.
Metas select_overlapping(std::span<const Meta> blocks) {
  Metas found;
  if (blocks.empty()) return found;
  Timestamp end = blocks[0].max_time;
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    if (blocks[i].min_time < end) {
      if (found.empty()) found.push_back(blocks[i - 1]);
      found.push_back(blocks[i]);
    } else if (!found.empty()) {
      break;
    }
    end = std::max(end, blocks[i].max_time);
  }
  return found;
}

/// The largest multiple of `range` that is not above t.
Timestamp aligned(Timestamp t, std::int64_t range) {
  const Timestamp rest = t % range;
  return t - (rest < 0 ? rest + range : rest);
}

/// Groups of the blocks that lie within one aligned span of `range`. A block that lies across a bound is in none.
std::vector<std::span<const Meta>> split_by_range(std::span<const Meta> blocks, std::int64_t range) {
  std::vector<std::span<const Meta>> groups;
  for (std::size_t i = 0; i < blocks.size();) {
    const Timestamp end = aligned(blocks[i].min_time, range) + range;
    const std::size_t from = i;
    while (i < blocks.size() && blocks[i].max_time <= end) ++i;
    if (i == from) {
      ++i;
    } else {
      groups.push_back(blocks.subspan(from, i - from));
    }
  }
  return groups;
}

std::span<const Meta> select_neighbours(std::span<const Meta> blocks, const std::vector<std::int64_t>& ranges) {
  if (blocks.empty()) return {};
  const Timestamp newest = blocks.back().min_time;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    for (const auto& group : split_by_range(blocks, ranges[i])) {
      if (group.size() < 2 || std::ranges::any_of(group, [](const Meta& one) { return one.compaction.failed; }))
        continue;
      const Timestamp begin = group.front().min_time;
      const Timestamp end = group.back().max_time;
      // It is full, or no other block will come that fits into it.
      if (end - begin == ranges[i] || end <= newest) return group;
    }
  }
  return {};
}

/// One large block with tombstones for more than 5 % of its series, or any that is deleted as a whole.
std::optional<Meta> select_tombstones(std::span<const Meta> blocks, const std::vector<std::int64_t>& ranges) {
  for (std::size_t i = blocks.size(); i-- > 0;) {
    const Meta& one = blocks[i];
    const auto tombstones = static_cast<double>(one.stats.tombstones);
    if (one.max_time - one.min_time < ranges[ranges.size() / 2]) {
      if (one.stats.tombstones > 0 && one.stats.tombstones >= one.stats.series) return one;
      return std::nullopt;
    }
    if (tombstones / static_cast<double>(one.stats.series + 1) > 0.05) return one;
  }
  return std::nullopt;
}

/// @param blocks  in order of their beginnings.
Metas plan_class(const Metas& blocks, const std::vector<std::int64_t>& ranges) {
  if (blocks.empty()) return {};
  if (Metas overlapping = select_overlapping(blocks); !overlapping.empty()) return overlapping;
  const std::span<const Meta> older(blocks.data(), blocks.size() - 1);
  if (const auto neighbours = select_neighbours(older, ranges); !neighbours.empty()) {
    return {neighbours.begin(), neighbours.end()};
  }
  if (const auto one = select_tombstones(older, ranges)) return {*one};
  return {};
}

void newest_first(std::vector<BlockAge>& blocks) {
  std::ranges::sort(blocks, std::ranges::greater(),
                    [](const BlockAge& one) { return std::tuple(one.max_time, one.ulid); });
}

}  // namespace

std::vector<std::int64_t> block_ranges(std::int64_t smallest, std::int64_t largest) {
  constexpr std::size_t kMost = 10;
  std::vector<std::int64_t> ranges{smallest};
  while (ranges.size() < kMost && ranges.back() <= largest / 3) ranges.push_back(ranges.back() * 3);
  return ranges;
}

Metas plan_compaction(Metas blocks, const std::vector<std::int64_t>& ranges) {
  sort_by_begin(blocks);
  // A block of a part of the head's series is made into one only with its like: the hint has to last.
  constexpr std::string_view kPartial[] = {"from-stale-series", "from-selected-series"};
  Metas whole;
  Metas partial[std::size(kPartial)];
  for (Meta& one : blocks) {
    std::size_t kind = 0;
    while (kind < std::size(kPartial) && !has_hint(one, kPartial[kind])) ++kind;
    (kind < std::size(kPartial) ? partial[kind] : whole).push_back(std::move(one));
  }
  if (Metas planned = plan_class(whole, ranges); !planned.empty()) return planned;
  for (const Metas& kind : partial) {
    if (Metas planned = plan_class(kind, ranges); !planned.empty()) return planned;
  }
  return {};
}

bool any_overlap(const Metas& blocks) {
  Metas sorted = blocks;
  sort_by_begin(sorted);
  return !select_overlapping(sorted).empty();
}

Meta compacted_meta(const block::Ulid& ulid, const Metas& from) {
  Meta meta;
  meta.ulid = ulid;
  meta.min_time = from.front().min_time;
  meta.max_time = from.front().max_time;
  meta.compaction.level = 0;
  std::set<block::Ulid> sources;
  for (const Meta& one : from) {
    meta.min_time = std::min(meta.min_time, one.min_time);
    meta.max_time = std::max(meta.max_time, one.max_time);
    meta.compaction.level = std::max(meta.compaction.level, one.compaction.level);
    sources.insert(one.compaction.sources.begin(), one.compaction.sources.end());
    meta.compaction.parents.push_back({one.ulid, one.min_time, one.max_time});
  }
  ++meta.compaction.level;
  meta.compaction.sources.assign(sources.begin(), sources.end());
  for (const std::string& hint : from.front().compaction.hints) {
    if (std::ranges::all_of(from, [&](const Meta& one) { return has_hint(one, hint); })) {
      meta.compaction.hints.push_back(hint);
    }
  }
  return meta;
}

std::set<block::Ulid> beyond_time(std::vector<BlockAge> blocks, std::int64_t retention_ms) {
  std::set<block::Ulid> gone;
  if (retention_ms <= 0 || blocks.empty()) return gone;
  newest_first(blocks);
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    if (blocks[0].max_time - blocks[i].max_time >= retention_ms) gone.insert(blocks[i].ulid);
  }
  return gone;
}

std::set<block::Ulid> beyond_size(std::vector<BlockAge> blocks, std::uint64_t head_bytes, std::uint64_t limit_bytes) {
  std::set<block::Ulid> gone;
  if (limit_bytes == 0) return gone;
  newest_first(blocks);
  std::uint64_t bytes = head_bytes;
  for (const BlockAge& one : blocks) {
    bytes += one.bytes;
    if (bytes > limit_bytes) gone.insert(one.ulid);
  }
  return gone;
}

}  // namespace tocsin::tsdb
