#include "tsdb/prometheus_series.hpp"

#include <algorithm>
#include <limits>

namespace tocsin::tsdb {

void PrometheusSeries::learn(PrometheusRecord& record) {
  for (auto& one : record.series) define(one.ref, std::move(one.labels));
  for (const auto& one : record.tombstones) remove(one);
}

void PrometheusSeries::define(std::uint64_t ref, model::Labels labels) {
  const std::uint64_t hash = labels.hash();
  const auto [first, last] = by_hash_.equal_range(hash);
  const auto known = std::find_if(first, last, [&](const auto& one) { return all_[one.second].labels == labels; });
  if (known != last) {
    by_ref_[ref] = known->second;
    return;
  }
  const auto index = static_cast<std::uint32_t>(all_.size());
  all_.push_back({.labels = std::move(labels)});
  by_hash_.emplace(hash, index);
  by_ref_[ref] = index;
}

void PrometheusSeries::remove(const PrometheusRecord::Tombstone& tombstone) {
  const auto found = by_ref_.find(tombstone.ref);
  if (found == by_ref_.end()) return;
  const std::uint32_t index = found->second;
  constexpr auto kLeast = std::numeric_limits<Timestamp>::min();
  constexpr auto kGreatest = std::numeric_limits<Timestamp>::max();
  if (tombstone.start != kLeast || tombstone.end != kGreatest) {
    deletions_[index].push_back({tombstone.start, tombstone.end});
    return;
  }
  // All times: Prometheus took the series out of its head. The same labels are another series from here on.
  One& one = all_[index];
  const auto [first, last] = by_hash_.equal_range(one.labels.hash());
  const auto at = std::find_if(first, last, [&](const auto& entry) { return entry.second == index; });
  if (at != last) by_hash_.erase(at);
  one.removed = true;
  one.labels = {};
}

PrometheusSeries::One* PrometheusSeries::find(std::uint64_t ref) {
  const auto found = by_ref_.find(ref);
  return found == by_ref_.end() ? nullptr : &all_[found->second];
}

bool PrometheusSeries::is_deleted(const One& one, Timestamp t) const {
  if (deletions_.empty()) return false;
  const auto found = deletions_.find(index_of(one));
  return found != deletions_.end() &&
         std::ranges::any_of(found->second, [t](const Range& range) { return t >= range.start && t <= range.end; });
}

}  // namespace tocsin::tsdb
