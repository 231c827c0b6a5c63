#pragma once
// The last exemplars, in a ring.

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"
#include "tsdb/postings.hpp"

namespace tocsin::tsdb {

/// Thread: any.
class ExemplarStore {
 public:
  explicit ExemplarStore(std::size_t capacity) : capacity_(capacity) {}

  /// Greatest length of an exemplar's names and values together, in code points.
  /// Source: OpenMetrics 1.0, "Exemplars"; Prometheus storage/interface.go (ExemplarMaxLabelSetLength).
  static constexpr std::size_t kMaxLabelLength = 128;
  static bool labels_fit(const model::Labels& labels);

  /// kOutOfOrder if the series has a newer one.
  storage::AppendStatus check(SeriesId id, const storage::Exemplar& exemplar) const;
  /// The same once more, or one that came too late, is left out.
  void add(SeriesId id, const storage::Exemplar& exemplar);
  /// Of these series (ascending ids), start <= t <= end, in order of time.
  std::map<SeriesId, std::vector<storage::Exemplar>> find(std::span<const SeriesId> ids, Timestamp start,
                                                          Timestamp end) const;
  std::size_t size() const;

 private:
  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::vector<std::pair<SeriesId, storage::Exemplar>> ring_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t next_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::unordered_map<SeriesId, std::size_t> newest_ TOCSIN_GUARDED_BY(mutex_);  // place in the ring
};

}  // namespace tocsin::tsdb
