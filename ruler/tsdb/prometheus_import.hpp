#pragma once
// Takes over what a Prometheus left in the head of its data folder: it goes into our own head and log, once, before
// anything else is appended. Blocks need no import, and nothing of Prometheus' is touched. The result is the head that
// Prometheus itself would have after a start:
//
//   wal           which number is which series, and what was deleted
//   chunks_head   completed chunks: normally all of it is in the log too, but for what the log lost by damage
//   wal           samples in order behind the last chunk of their series; exemplars, metadata
//   chunks_head   chunks of late samples: the log of late samples need not have them any more
//   wbl           late samples
//
// What is in order and older than the blocks lies in them. A marker in our folder, written when all of it is durable,
// says that it is done; a death in between starts over, which is no harm: a sample that is there already is the same
// sample.
// Source: Prometheus tsdb/head.go (Init, loadMmappedChunks), tsdb/head_wal.go.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fs.hpp"
#include "storage/storage.hpp"
#include "tsdb/prometheus_chunks.hpp"
#include "tsdb/prometheus_record.hpp"
#include "tsdb/prometheus_series.hpp"
#include "tsdb/prometheus_wal.hpp"

namespace tocsin::tsdb {

/// Where it goes. The store takes samples of any age, late ones too.
struct ImportTarget {
  storage::Appendable& store;
  Timestamp in_order_from = kMinTimestamp;  // what is in order and older is in blocks
  std::function<Result<void>()> tidy;       // now and then: lets go of what need not be in memory
  std::function<Result<void>()> sync;       // makes durable what was appended
};

/// Thread: one. Holds a number for each series, the labels of those without samples, metadata, and one record.
class PrometheusImport {
 public:
  /// @param data  the data folder. @param own  our folder in it, for the marker.
  PrometheusImport(Fs& fs, std::string data, std::string own);

  /// Whether a Prometheus left something that was not taken over yet.
  Result<bool> needed();
  /// When it is done: what is to be said if a Prometheus has run in the folder since, "" if none has.
  Result<std::string> written_since();
  /// @return what is to be said: damage, and what was not taken. kIo, and the errors of commits.
  Result<std::vector<std::string>> run(const ImportTarget& target);

 private:
  using One = PrometheusSeries::One;
  struct Counts {
    std::uint64_t samples = 0, histograms = 0, exemplars = 0;    // taken
    std::uint64_t unknown_series = 0, unknown_chunk_series = 0;  // samples and chunks that nothing names
    std::uint64_t unknown_records = 0, unknown_schemas = 0;      // not understood
    std::uint64_t unknown_encodings = 0, damaged_chunks = 0;
    std::string first_damaged_chunk;
    std::map<std::string_view, std::uint64_t> refused;  // samples, by reason
  };
  enum class Kind : std::uint8_t { kInOrder, kLate };

  Result<void> learn_series();
  Result<void> take_chunks(Kind kind);
  Result<void> take_chunk(const PrometheusChunk& chunk, Kind kind);
  bool decode(const PrometheusChunk& chunk);
  Result<void> take_log(PrometheusWal& wal, Kind kind);
  Result<void> take_record(std::string_view bytes, Kind kind);
  void take_in_order(One& one, const PrometheusRecord::Sample& sample);
  void append(One& one, const PrometheusRecord::Sample& sample);
  void take_exemplar(std::uint64_t ref, const storage::Exemplar& exemplar);
  void set_metadata();
  Result<void> commit_if_full();
  Result<void> commit();
  void report(std::string text) { messages_.push_back(std::move(text)); }
  void report_counts();
  Result<void> mark_done();

  Fs& fs_;
  const std::string data_, marker_;
  PrometheusWal wal_, wbl_;
  PrometheusChunks chunks_;
  const ImportTarget* target_ = nullptr;  // while it runs
  std::unique_ptr<storage::Appender> appender_;
  PrometheusSeries series_;
  std::unordered_map<std::uint64_t, storage::Metadata> metadata_;  // by Prometheus' number
  PrometheusRecord record_;
  storage::SampleColumns columns_;
  std::vector<std::string> messages_;
  Counts counts_;
  bool has_late_chunks_ = false;
  std::uint64_t uncommitted_ = 0;
};

}  // namespace tocsin::tsdb
