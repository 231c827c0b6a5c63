#pragma once
// Prometheus' own write-ahead log, for a data folder that it leaves to us: records of numbered segments, in pages.
//
//   wal/checkpoint.00000005/00000000 …   what the head still needed of segments up to 5
//   wal/00000006 …                       segments of 128 MiB: pages of 32 KiB, a record in fragments that fit in them
//
// Read as Prometheus reads it: damage ends the log, for what follows cannot be trusted to be in order.
// Source: Prometheus tsdb/docs/format/wal.md; tsdb/wlog (pages, fragments, compression), tsdb/record (records).

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"
#include "storage/storage.hpp"

namespace tocsin::tsdb {

/// Greatest record, also when it is decompressed: more means damage.
inline constexpr std::size_t kMaxPrometheusRecord = 256U << 20U;

/// What a record says. Views and buffers live until the next one is decoded.
struct PrometheusRecord {
  struct Series {
    std::uint64_t ref;
    model::Labels labels;
  };
  struct Sample {
    std::uint64_t ref;
    Timestamp t;
    double value;
    model::HistogramPtr histogram;
  };
  struct Tombstone {
    std::uint64_t ref;
    Timestamp start, end;
  };
  std::vector<Series> series;
  std::vector<Sample> samples;
  std::vector<Tombstone> tombstones;
  std::vector<std::pair<std::uint64_t, storage::Exemplar>> exemplars;
  std::vector<std::pair<std::uint64_t, storage::Metadata>> metadata;
  bool known = true;  // false: of a type that this program does not read
  void clear();
};

/// Replaces `out`. @return false if the bytes are no record of their type.
bool decode_prometheus_record(std::string_view bytes, PrometheusRecord& out);

/// The log of a data folder. Thread: one at a time.
class PrometheusWal {
 public:
  /// @param folder  `<data>/wal`
  PrometheusWal(Fs& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  /// Whether there is something to read.
  Result<bool> exists();
  /// Tells each record, those of the newest checkpoint first. `report` says where the log is damaged: nothing behind
  /// that place is read. Holds one segment mapped and one record in memory.
  /// @return kIo; an error of `each` ends the reading.
  Result<void> read(const std::function<Result<void>(std::string_view record)>& each,
                    const std::function<void(std::string)>& report);

 private:
  struct Plan {
    std::string checkpoint;             // its folder, "" if there is none
    std::uint64_t first = 0;            // segment after it
    std::vector<std::string> segments;  // paths in order
  };
  Result<Plan> plan();

  Fs& fs_;
  const std::string folder_;
};

}  // namespace tocsin::tsdb
