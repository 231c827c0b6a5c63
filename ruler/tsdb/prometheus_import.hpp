#pragma once
// Takes over what a Prometheus left in the head of its data folder: its log goes into ours, once, before anything else
// is appended. Blocks need no import, and nothing of Prometheus' is touched. A marker in our folder, written when all
// of it is durable, says that it is done; a death in between starts over, which is no harm: a sample that is there
// already is the same sample.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fs.hpp"
#include "storage/storage.hpp"
#include "tsdb/prometheus_wal.hpp"

namespace tocsin::tsdb {

/// Thread: one. Holds a number for each series, the labels of those without samples, and one record.
class PrometheusImport {
 public:
  /// @param data  the data folder, with `wal` and perhaps `wbl`. @param own  our folder in it, for the marker.
  PrometheusImport(Fs& fs, std::string data, std::string own);

  Result<bool> needed();
  /// @param sync  makes durable what was appended to `store`.
  /// @return what is to be said: damage, and what was not taken. kIo, and the errors of commits.
  Result<std::vector<std::string>> run(storage::Appendable& store, const std::function<Result<void>()>& sync);

 private:
  struct Series {
    storage::SeriesRef ref = 0;
    model::Labels labels;  // until it has a ref
  };
  struct Range {
    Timestamp start, end;
  };

  Result<void> read_tombstones(PrometheusWal& wal);
  Result<void> read_log(PrometheusWal& wal, storage::Appender& appender);
  Result<void> take(std::string_view bytes, storage::Appender& appender);
  void add_sample(const PrometheusRecord::Sample& sample, storage::Appender& appender);
  void add_exemplar(std::uint64_t ref, const storage::Exemplar& exemplar, storage::Appender& appender);
  bool is_deleted(const PrometheusRecord::Sample& sample) const;
  Result<void> commit(storage::Appender& appender);
  void report(std::string text);
  void report_refused();
  Result<void> mark_done();

  Fs& fs_;
  const std::string data_, marker_;
  PrometheusWal wal_, wbl_;
  std::unordered_map<std::uint64_t, Series> series_;                 // by Prometheus' number
  std::unordered_map<std::uint64_t, std::vector<Range>> deletions_;  // by the same
  PrometheusRecord record_;
  std::vector<std::string> messages_;
  std::map<std::string_view, std::uint64_t> refused_;  // by append_status_text()
  std::uint64_t samples_ = 0, histograms_ = 0, exemplars_ = 0, unknown_series_ = 0, unknown_records_ = 0;
  std::uint64_t uncommitted_ = 0;
};

}  // namespace tocsin::tsdb
