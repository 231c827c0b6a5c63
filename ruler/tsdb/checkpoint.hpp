#pragma once
// What a start reads before it replays the log: who the series are (index file, append-only) and where each stands
// (checkpoint, written whole). docs/format/checkpoint.md draws the bytes.
//
//   index/00000001.labels   records of pairs and series, as in the log; a new file is begun when most of it is dead
//   checkpoint              how much of the index file counts, live series, chunk files, from where the log is needed

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "tsdb/chunk_files.hpp"
#include "tsdb/chunk_record.hpp"
#include "tsdb/postings.hpp"
#include "tsdb/wal.hpp"
#include "tsdb/wal_record.hpp"

namespace tocsin::tsdb {

struct Checkpoint {
  /// Where a series stands. Samples after last_time are in the log.
  struct Series {
    SeriesId id = 0;
    ChunkRef tail = 0;
    Timestamp last_time = kMinTimestamp;
  };
  std::uint32_t index_file = 0;
  std::uint64_t index_bytes = 0;
  std::uint32_t first_segment = 0;  // of the log
  WalPosition defined;              // definitions in the log before this are in the index file
  ChunkRef chunks_end = 0;          // chunks from here on are not in `series`
  std::vector<ChunkFiles::FileInfo> files;
  SeriesId next_series = 0;
  std::uint32_t next_pair = 0;
  Timestamp min_time = kMaxTimestamp, max_time = kMinTimestamp;
  std::vector<Series> series;  // by id

  /// A series with late samples in chunk files.
  struct Late {
    SeriesId id = 0;
    ChunkRef tail = 0;
    Timestamp newest = kMinTimestamp;  // of its late samples
  };
  std::vector<Late> late;  // by id
  /// What is deleted of a series, as in the log.
  struct Deletion {
    SeriesId id = 0;
    Timestamp start = 0, end = 0;
    ChunkRef chunks_end = 0;
  };
  std::vector<Deletion> deletions;  // by id
};

std::string encode_checkpoint(const Checkpoint& checkpoint);
/// @return kCorrupt
Result<Checkpoint> decode_checkpoint(std::string_view bytes);

/// The index files of a folder. Thread: one at a time.
class IndexFiles {
 public:
  IndexFiles(Fs& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  /// Reads a file up to `bytes` (or as far as it is whole) and goes on to append there.
  /// @param number  0: the newest there is, if any.
  /// @return how many bytes were read; less than `bytes` if the rest is damaged.
  Result<std::uint64_t> load(std::uint32_t number, std::uint64_t bytes,
                             const std::function<bool(const WalRecord&)>& each);
  /// Begins a new file; the present one stays until remove_others().
  void begin_new();
  /// Appends a record, and makes it durable.
  Result<void> append(std::string_view payload);
  Result<void> remove_others();

  std::uint32_t number() const { return number_; }
  std::uint64_t size() const { return size_; }

 private:
  std::string path(std::uint32_t number) const;
  Result<std::vector<std::uint32_t>> numbers() const;

  Fs& fs_;
  const std::string folder_;
  std::uint32_t number_ = 0;
  std::uint64_t size_ = 0;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace tocsin::tsdb
