#pragma once
// What an appender has gathered and not committed: columns, 12 bytes a sample of a plain scrape.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"
#include "tsdb/postings.hpp"
#include "tsdb/reclaimer.hpp"
#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {

/// Thread: one at a time.
class Batch {
 public:
  struct Special {
    std::size_t index = 0;
    Timestamp start = 0;
    model::HistogramPtr histogram;
  };

  /// A sample that is late already when it is appended.
  struct Late {
    SeriesId id = 0;
    std::size_t before = 0;  // it was appended before the sample of this index
    Row row;
  };

  bool empty() const { return ids.empty() && late.empty() && exemplars.empty() && metadata.empty(); }
  std::size_t size() const { return ids.size(); }
  Timestamp time(std::size_t i) const { return times.empty() ? first_time : times[i]; }
  /// The timestamp of more than half of the samples, else the last one in time.
  Timestamp main_time() const;

  void add(SeriesId id, Timestamp t, double value) {
    if (ids.empty()) {
      first_time = t;
    } else if (!times.empty() || t != first_time) [[unlikely]] {
      if (times.empty()) times.assign(ids.size(), first_time);
      times.push_back(t);
    }
    ids.push_back(id);
    values.push_back(value);
  }
  void clear();

  std::vector<SeriesId> ids;
  std::vector<double> values;
  std::vector<Timestamp> times;  // empty while all are first_time
  Timestamp first_time = 0;
  std::vector<Special> specials;  // in order of index
  std::vector<Late> late;         // in order of appending
  std::vector<std::pair<SeriesId, storage::Exemplar>> exemplars;
  std::vector<std::pair<SeriesId, storage::Metadata>> metadata;
  Pin pin;  // series that ids name stay findable
};

/// Batches that wait for their next user, so that a target holds none between its scrapes. Thread: any.
class BatchPool {
 public:
  std::unique_ptr<Batch> take();
  void give_back(std::unique_ptr<Batch> batch);

 private:
  static constexpr std::size_t kKept = 16;
  static constexpr std::size_t kLargest = 1U << 20U;  // samples; a larger one is freed

  Mutex mutex_;
  std::vector<std::unique_ptr<Batch>> free_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::tsdb
