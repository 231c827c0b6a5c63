#pragma once
// The series of a Prometheus' log, by its numbers. A series that was gone and came again has several numbers: they name
// one here, as they do in Prometheus. Deletions are known before anything is taken, for the log has them behind what
// they delete.
// Source: Prometheus tsdb/head_wal.go, loadWAL (multiRef, tombstones).

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "model/labels.hpp"
#include "storage/storage.hpp"
#include "tsdb/prometheus_record.hpp"

namespace tocsin::tsdb {

/// Thread: one. Owns: the labels of all series that have no sample in the store yet.
class PrometheusSeries {
 public:
  struct One {
    storage::SeriesRef ref = 0;      // in the store, once it has a sample there
    model::Labels labels;            // until then
    Timestamp last = kMinTimestamp;  // newest of its samples in order so far
    bool chunks_end = false;         // what follows in head chunks is not to be taken
    bool removed = false;            // as a whole: what it had is in a block, and not to be taken
  };

  /// What a record of the log says. All records come before anything else is asked.
  void learn(PrometheusRecord& record);
  /// Frees what learn() alone needs.
  void all_known() { by_hash_ = {}; }

  /// @return nullptr if nothing names it. Stays valid.
  One* find(std::uint64_t ref);
  bool is_deleted(const One& one, Timestamp t) const;
  std::size_t size() const { return all_.size(); }

 private:
  struct Range {
    Timestamp start, end;  // both included
  };
  std::uint32_t index_of(const One& one) const { return static_cast<std::uint32_t>(&one - all_.data()); }
  void define(std::uint64_t ref, model::Labels labels);
  void remove(const PrometheusRecord::Tombstone& tombstone);

  std::vector<One> all_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_ref_;        // index in all_
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;  // of the labels; those that were not removed
  std::unordered_map<std::uint32_t, std::vector<Range>> deletions_;
};

}  // namespace tocsin::tsdb
