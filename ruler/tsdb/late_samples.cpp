#include "tsdb/late_samples.hpp"

#include <algorithm>

namespace tocsin::tsdb {
namespace {

bool is_deleted(const LateSamples::Sample& sample, const std::vector<Deletion>& deletions) {
  return std::ranges::any_of(deletions, [&](const Deletion& one) { return sample.deleted_by(one); });
}

}  // namespace

void tidy_deletions(std::vector<Deletion>& deletions, std::uint64_t seen_by_all, Timestamp below) {
  const auto contains = [](const Deletion& a, const Deletion& b) {
    return a.start <= b.start && a.end >= b.end && a.chunks_end >= b.chunks_end;
  };
  for (std::size_t i = 0; i < deletions.size();) {
    bool gone = deletions[i].end < below;
    for (std::size_t j = i + 1; j < deletions.size() && !gone; ++j) {
      gone = deletions[j].commit <= seen_by_all && contains(deletions[j], deletions[i]);
    }
    if (gone) {
      deletions.erase(deletions.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

bool insert_late(LateSamples& late, const std::vector<Deletion>& deletions, Row row, std::uint64_t commit) {
  const auto time = [](const LateSamples::Sample& sample) { return sample.row.t; };
  const auto [first, last] = std::ranges::equal_range(late.open, row.t, {}, time);
  if (std::any_of(first, last, [&](const auto& sample) { return !is_deleted(sample, deletions); })) return false;
  late.newest = std::max(late.newest, row.t);
  late.open.insert(last, {std::move(row), commit});
  return true;
}

void take_settled(LateSamples& late, const std::vector<Deletion>& deletions, std::uint64_t seen_by_all,
                  std::vector<Row>& rows) {
  rows.clear();
  std::erase_if(late.open, [&](LateSamples::Sample& sample) {
    if (sample.commit > seen_by_all) return false;
    bool gone = false;
    for (const Deletion& one : deletions) {
      if (!sample.deleted_by(one)) continue;
      if (one.commit > seen_by_all) return false;  // a snapshot still has it
      gone = true;
    }
    if (!gone) rows.push_back(std::move(sample.row));
    return true;
  });
}

}  // namespace tocsin::tsdb
