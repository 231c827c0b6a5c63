#include "tsdb/metadata_store.hpp"

#include <tuple>

namespace tocsin::tsdb {

bool MetadataStore::Less::operator()(const std::shared_ptr<const storage::Metadata>& a,
                                     const std::shared_ptr<const storage::Metadata>& b) const {
  return std::tie(a->type, a->unit, a->help) < std::tie(b->type, b->unit, b->help);
}

void MetadataStore::set(SeriesId id, const storage::Metadata& metadata) {
  const MutexLock lock(mutex_);
  auto of = of_series_.find(id);
  if (of == of_series_.end()) {
    if (of_series_.size() >= limit_) return;
    of = of_series_.emplace(id, nullptr).first;
  }
  auto shared = *distinct_.insert(std::make_shared<const storage::Metadata>(metadata)).first;
  std::swap(of->second, shared);
  if (shared && shared != of->second) release(std::move(shared));
}

std::optional<storage::Metadata> MetadataStore::get(SeriesId id) const {
  const MutexLock lock(mutex_);
  const auto of = of_series_.find(id);
  return of == of_series_.end() ? std::nullopt : std::optional(*of->second);
}

void MetadataStore::remove(const Ids& ids) {
  const MutexLock lock(mutex_);
  for (const SeriesId id : ids) {
    if (auto node = of_series_.extract(id)) release(std::move(node.mapped()));
  }
}

/// Drops the text if no series has it any more: held here and in the set.
void MetadataStore::release(std::shared_ptr<const storage::Metadata> shared) {
  if (shared.use_count() == 2) distinct_.erase(shared);
}

}  // namespace tocsin::tsdb
