#pragma once
// Prometheus' own write-ahead log, for a data folder that it leaves to us: records of numbered segments, in pages.
//
//   wal/checkpoint.00000005/00000000 …   what the head still needed of segments up to 5
//   wal/00000006 …                       segments of 128 MiB: pages of 32 KiB, a record in fragments that fit in them
//
// Read as Prometheus reads it: damage ends the log, for what follows cannot be trusted to be in order. What a record
// says: prometheus_record.hpp.
// Source: Prometheus tsdb/docs/format/wal.md; tsdb/wlog (pages, fragments, compression).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"

namespace tocsin::tsdb {

/// Greatest record, also when it is decompressed: more means damage.
inline constexpr std::size_t kMaxPrometheusRecord = 256U << 20U;

/// The log of a data folder. Thread: one at a time.
class PrometheusWal {
 public:
  /// @param folder  `<data>/wal`
  PrometheusWal(Fs& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  /// Whether there is something to read.
  Result<bool> exists();
  /// The number of the newest segment, if there is one. A Prometheus begins a new one when it starts.
  Result<std::optional<std::uint64_t>> newest_segment();
  /// Tells each record, those of the newest checkpoint first. `report` says where the log is damaged: nothing behind
  /// that place is read; and which segments are missing. Holds one segment mapped and one record in memory.
  /// @return kIo; an error of `each` ends the reading.
  Result<void> read(const std::function<Result<void>(std::string_view record)>& each,
                    const std::function<void(std::string)>& report);

 private:
  struct Segment {
    std::string path;
    std::string missing;  // what is to be said of those before it, "" if they are there
  };
  Result<std::vector<Segment>> plan();
  Result<void> add_segments(const std::string& folder, std::optional<std::uint64_t> first, std::vector<Segment>& out);

  Fs& fs_;
  const std::string folder_;
};

}  // namespace tocsin::tsdb
