#pragma once
// The files of completed chunks: numbered, append-only, mapped for reading. What is not written yet lies in pieces of
// memory that readers use in the same way; the log still has those samples, so nothing depends on writing soon.
//
//   commit thread   append()          a record into the last piece; a full piece is left to the background
//   background      write_out()       pieces to their files, then the file is mapped as far as it is whole
//   readers         set()             an immutable list of files; views live as long as the set is held

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "base/thread_annotations.hpp"
#include "tsdb/chunk_record.hpp"

namespace tocsin::tsdb {

/// Bytes of a file that are in memory. Those before `used` never change; a piece may be left before it is full.
struct ChunkPiece {
  std::uint32_t offset = 0;  // of the first byte in the file
  std::uint32_t capacity = 0;
  std::atomic<std::uint32_t> used = 0;  // grows under the lock of ChunkFiles
  std::unique_ptr<char[]> bytes;
};

/// What a reader holds: files as they were when it asked. Immutable. Thread: any.
class ChunkFileSet {
 public:
  /// The bytes from a chunk to the end of what is known of its file, or nothing if the file is not there (dropped, or
  /// newer than the set).
  std::string_view find(ChunkRef ref) const;
  /// Refs of older files name nothing any more.
  std::uint32_t oldest() const { return files_.empty() ? 0 : files_.front().number; }

 private:
  friend class ChunkFiles;
  struct File {
    std::uint32_t number = 0;
    std::shared_ptr<const MappedFile> mapped;  // may be null
    std::vector<std::shared_ptr<const ChunkPiece>> pieces;
  };
  std::vector<File> files_;  // by number
};

class ChunkFiles {
 public:
  struct Options {
    std::int64_t file_ms = 7'200'000;        // data time in one file
    std::uint32_t file_bytes = 512U << 20U;  // and its size, about
    std::uint32_t piece_bytes = 1U << 20U;
  };
  /// A file on disk, for the checkpoint.
  struct FileInfo {
    std::uint32_t number = 0;
    Timestamp max_time = kMinTimestamp;
  };

  ChunkFiles(Fs& fs, std::string folder, Options options);

  /// Maps what is there. Files below `position` are taken as they are, with the times in `known`; from there on each
  /// record is checked and told to `seen`, and a file is cut off where it is damaged (`report` says so).
  /// @param position  everything before it is known; 0: nothing is.
  /// Thread: at start, alone.
  Result<void> open(ChunkRef position, const std::vector<FileInfo>& known,
                    const std::function<void(ChunkRef, const ChunkHeader&)>& seen,
                    const std::function<void(std::string)>& report);

  /// Whether the file of this number is on the disk.
  bool has(std::uint32_t number) const { return fs_.exists(path(number)); }

  /// Thread: one at a time (the commit lock). Cannot fail: memory holds it.
  /// @return where it will stand; header.previous is of the same series.
  ChunkRef append(const ChunkHeader& header, std::string_view data);

  /// Writes all pieces and maps them; with `sync` what was appended before is durable at return.
  /// @param barrier  called once before the first write: the log must have, durably, what lies in the pieces. Else a
  /// power
  ///        cut could leave a part of a commit: its completed chunks without its other samples.
  /// Thread: one at a time. An error leaves the rest in memory for the next time.
  Result<void> write_out(bool sync, const std::function<Result<void>()>& barrier);
  /// Whether a full piece waits for write_out().
  bool has_full_piece() const { return full_.load(std::memory_order_relaxed); }

  std::shared_ptr<const ChunkFileSet> set() const;
  /// Where the next chunk will stand, or later.
  ChunkRef end() const;
  std::vector<FileInfo> files() const;

  /// Removes the files whose chunks all end before `time`, oldest first, never the one that is written.
  /// @return number of files dropped; an error if one could not be removed from the disk (it is dropped all the same).
  Result<std::size_t> drop_before(Timestamp time);
  /// The same for files of which all samples in order are in blocks, which are those before `floor`. A file that has
  /// late samples stays unless those are too: that is so below file `late_before`.
  Result<std::size_t> drop_in_blocks(Timestamp floor, std::uint32_t late_before);

  std::uint64_t bytes_appended() const { return appended_.load(std::memory_order_relaxed); }
  /// Of pieces in memory.
  std::size_t memory_bytes() const;
  std::uint64_t disk_bytes() const;

 private:
  struct File {
    Timestamp first_end = kMaxTimestamp;  // of the ends of its chunks: the first,
    Timestamp max_time = kMinTimestamp;   // and the greatest
    std::uint32_t written = 0;            // bytes on disk that are whole
    bool unsynced = false;
    bool may_have_late = false;
    std::vector<std::shared_ptr<ChunkPiece>> pieces;
    std::shared_ptr<const MappedFile> mapped;
    std::shared_ptr<AppendFile> out;
  };
  /// What write_out() does for one file, so that it does not hold the lock meanwhile.
  struct WriteJob {
    std::uint32_t number = 0;
    bool current = false;
    bool unsynced = false;
    std::uint32_t written = 0;
    std::vector<std::pair<std::shared_ptr<const ChunkPiece>, std::uint32_t>> pieces;  // with the bytes used
    std::shared_ptr<AppendFile> out;
  };

  std::string path(std::uint32_t number) const;
  Result<void> open_file(std::uint32_t number, std::uint32_t from, Timestamp known_max,
                         const std::function<void(ChunkRef, const ChunkHeader&)>& seen,
                         const std::function<void(std::string)>& report);
  ChunkPiece& piece_for(std::size_t bytes, Timestamp last_time) TOCSIN_REQUIRES(mutex_);
  void publish() TOCSIN_REQUIRES(mutex_);
  template <typename Old>
  Result<std::size_t> drop_while(Old&& old);
  std::vector<WriteJob> jobs(bool sync) const TOCSIN_REQUIRES(mutex_);
  Result<void> sync_folder();
  Result<void> write_job(WriteJob& job, bool sync);
  Result<void> map_whole_pieces(const WriteJob& job);

  Fs& fs_;
  const std::string folder_;
  const Options options_;

  Mutex io_mutex_;  // write_out() and drop_before(), one at a time; taken before mutex_
  mutable Mutex mutex_;
  std::map<std::uint32_t, File> files_ TOCSIN_GUARDED_BY(mutex_);  // by number
  std::uint32_t next_number_ TOCSIN_GUARDED_BY(mutex_) = 1;
  bool current_open_ TOCSIN_GUARDED_BY(mutex_) = false;     // the last of files_ takes chunks
  bool folder_unsynced_ TOCSIN_GUARDED_BY(mutex_) = false;  // names of files of an earlier life may not last
  std::shared_ptr<const ChunkFileSet> set_ TOCSIN_GUARDED_BY(mutex_);
  std::string scratch_ TOCSIN_GUARDED_BY(mutex_);
  std::atomic<bool> full_ = false;
  std::atomic<std::uint64_t> appended_ = 0;
};

}  // namespace tocsin::tsdb
