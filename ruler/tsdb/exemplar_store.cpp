#include "tsdb/exemplar_store.hpp"

#include <algorithm>
#include <bit>

namespace tocsin::tsdb {
namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// Exemplars without a time of their own carry that of their scrape, which does not tell them apart.
/// Source: Prometheus model/exemplar/exemplar.go, Equals.
bool same(const storage::Exemplar& a, const storage::Exemplar& b) {
  if ((a.has_timestamp || b.has_timestamp) && a.t != b.t) return false;
  return std::bit_cast<std::uint64_t>(a.value) == std::bit_cast<std::uint64_t>(b.value) && a.labels == b.labels;
}

/// Ordered by time, value and hash of the labels. Source: Prometheus tsdb/exemplar.go, validateExemplar.
bool is_late(const storage::Exemplar& exemplar, const storage::Exemplar& newest) {
  if (exemplar.t != newest.t) return exemplar.t < newest.t;
  if (exemplar.value != newest.value) return exemplar.value < newest.value;
  return exemplar.labels.hash() < newest.labels.hash();
}

}  // namespace

bool ExemplarStore::labels_fit(const model::Labels& labels) {
  std::size_t length = 0;
  for (const auto& label : labels) length += code_points(label.name) + code_points(label.value);
  return length <= kMaxLabelLength;
}

storage::AppendStatus ExemplarStore::check(SeriesId id, const storage::Exemplar& exemplar) const {
  const MutexLock lock(mutex_);
  const auto newest = newest_.find(id);
  if (newest == newest_.end()) return storage::AppendStatus::kOk;
  const storage::Exemplar& last = ring_[newest->second].second;
  return !same(exemplar, last) && is_late(exemplar, last) ? storage::AppendStatus::kOutOfOrder
                                                          : storage::AppendStatus::kOk;
}

void ExemplarStore::add(SeriesId id, const storage::Exemplar& exemplar) {
  if (capacity_ == 0) return;
  const MutexLock lock(mutex_);
  if (const auto newest = newest_.find(id); newest != newest_.end()) {
    const storage::Exemplar& last = ring_[newest->second].second;
    if (same(exemplar, last) || is_late(exemplar, last)) return;
  }
  if (ring_.size() < capacity_) {
    ring_.emplace_back(id, exemplar);
  } else {
    const SeriesId leaving = ring_[next_].first;
    if (const auto newest = newest_.find(leaving); newest != newest_.end() && newest->second == next_) {
      newest_.erase(newest);
    }
    ring_[next_] = {id, exemplar};
  }
  newest_[id] = next_;
  next_ = (next_ + 1) % capacity_;
}

std::map<SeriesId, std::vector<storage::Exemplar>> ExemplarStore::find(std::span<const SeriesId> ids, Timestamp start,
                                                                       Timestamp end) const {
  std::map<SeriesId, std::vector<storage::Exemplar>> found;
  const MutexLock lock(mutex_);
  const std::size_t oldest = ring_.size() < capacity_ ? 0 : next_;
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    const auto& [id, exemplar] = ring_[(oldest + i) % ring_.size()];
    if (exemplar.t < start || exemplar.t > end) continue;
    if (std::ranges::binary_search(ids, id)) found[id].push_back(exemplar);
  }
  return found;
}

std::size_t ExemplarStore::size() const {
  const MutexLock lock(mutex_);
  return ring_.size();
}

}  // namespace tocsin::tsdb
