#pragma once
// Type, unit and help of series, as their targets told them last; each distinct text once.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"
#include "tsdb/postings.hpp"

namespace tocsin::tsdb {

/// Thread: any.
class MetadataStore {
 public:
  /// @param limit  greatest number of series; others are left out.
  explicit MetadataStore(std::size_t limit) : limit_(limit) {}

  void set(SeriesId id, const storage::Metadata& metadata);
  std::optional<storage::Metadata> get(SeriesId id) const;
  void remove(const Ids& ids);

 private:
  struct Less {
    bool operator()(const std::shared_ptr<const storage::Metadata>& a,
                    const std::shared_ptr<const storage::Metadata>& b) const;
  };
  void release(std::shared_ptr<const storage::Metadata> shared) TOCSIN_REQUIRES(mutex_);

  const std::size_t limit_;
  mutable Mutex mutex_;
  std::unordered_map<SeriesId, std::shared_ptr<const storage::Metadata>> of_series_ TOCSIN_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<const storage::Metadata>, Less> distinct_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::tsdb
