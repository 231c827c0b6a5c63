#pragma once
// Prometheus' files of completed head chunks, for a data folder that it leaves to us:
//
//   chunks_head/000001 …   magic 0x0130BC91, version 1, three zeros; then chunk after chunk:
//     series u64 | first time i64 | last time i64 | encoding u8 | length uvarint | data | CRC-32C u32
//
// Integers are big-endian; the highest bit of the encoding says that the chunk has late samples; the checksum is of all
// that stands before it. Behind the last chunk there may be zeros, space that was kept ready.
// Source: Prometheus tsdb/docs/format/head_chunks.md; tsdb/chunks/head_chunks.go.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/fs.hpp"

namespace tocsin::tsdb {

struct PrometheusChunk {
  std::uint64_t series = 0;  // its number in the log
  Timestamp first = 0, last = 0;
  bool late = false;
  std::uint8_t encoding = 0;  // chunkenc::Encoding, or something else
  std::string_view data;      // with the count of samples in front
  std::string_view file;      // its path
  std::size_t offset = 0;
};

/// The head chunks of a data folder. Thread: one at a time.
class PrometheusChunks {
 public:
  /// @param folder  `<data>/chunks_head`
  PrometheusChunks(Fs& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  /// Whether there are files.
  Result<bool> exist();
  /// Tells each chunk, in the order in which they were completed. `report` says where a file is damaged or missing:
  /// nothing behind that place is read, as in Prometheus, for samples in order must leave no gap. Holds one file
  /// mapped; views are of it.
  /// @return kIo; an error of `each` ends the reading.
  Result<void> read(const std::function<Result<void>(const PrometheusChunk&)>& each,
                    const std::function<void(std::string)>& report);

 private:
  Fs& fs_;
  const std::string folder_;
};

}  // namespace tocsin::tsdb
