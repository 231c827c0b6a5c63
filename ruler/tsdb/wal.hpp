#pragma once
// The write-ahead log: numbered segments of framed records. Every segment can be decoded by itself (values begin anew
// in each), so the log is cut by removing whole segments, and damage in one does not reach the next.
//
//   commit thread   begin() then append()     one write() a commit
//   wal thread      sync()                    what was appended before is durable at return
//   background      remove_before()
// Invariant: a record that append() returned an error for is never read back. Its bytes are cut off, or, if that fails
// too, the segment is left at once, and its end is not a whole record.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::tsdb {

/// A place in the log.
struct WalPosition {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const WalPosition&) const = default;
};

class Wal {
 public:
  struct Options {
    std::uint64_t segment_bytes = 64U << 20U;
    std::int64_t segment_ms = 15 * 60'000;  // data time in one segment
  };

  Wal(Fs& fs, std::string folder, Options options) : fs_(fs), folder_(std::move(folder)), options_(options) {}

  /// Reads the segments from number `first` on and tells each whole record. What is damaged is passed over up to the
  /// next segment and kept in a file `.damaged` beside it; a torn end is cut off; `report` says either.
  /// @param each  false: the record makes no sense; taken as damage.
  Result<void> replay(std::uint32_t first, const std::function<bool(WalPosition, std::string_view payload)>& each,
                      const std::function<void(std::string)>& report);
  /// The first segment that is written has this number or a greater one: it is after all that are there.
  Result<void> open(std::uint32_t at_least);

  /// Chooses the segment for the next record, a new one if the present one is full, old or failed.
  /// @param t  data time of the record.
  /// @return its number: values must be coded for it.
  Result<std::uint32_t> begin(Timestamp t);
  /// Writes a record to the segment that begin() chose.
  Result<void> append(std::string_view payload);

  /// Makes durable what was appended before the call. Thread: one at a time, beside append().
  Result<void> sync();
  bool needs_sync() const { return dirty_.load(std::memory_order_relaxed); }

  /// Where the next record will stand.
  WalPosition position() const;
  /// Removes older segments; those that cannot be removed are tried again the next time.
  Result<void> remove_before(std::uint32_t segment);
  std::uint64_t bytes_appended() const { return appended_.load(std::memory_order_relaxed); }
  std::size_t segments() const;

 private:
  struct Segment {
    std::uint32_t number = 0;
    std::shared_ptr<AppendFile> file;  // null: not made yet
    std::uint64_t size = 0;            // of whole records
    Timestamp first_time = kMaxTimestamp;
    bool failed = false;
  };

  std::string path(std::uint32_t number) const;
  Result<std::vector<std::uint32_t>> numbers() const;
  Result<bool> replay_segment(std::uint32_t number, bool last,
                              const std::function<bool(WalPosition, std::string_view)>& each,
                              const std::function<void(std::string)>& report);
  void set_aside(std::uint32_t number, std::string_view bytes, std::uint64_t good, bool torn,
                 const std::function<void(std::string)>& report);
  Result<void> cut_segment(std::uint32_t number, std::uint64_t size);
  Result<void> make_file() TOCSIN_REQUIRES(mutex_);

  Fs& fs_;
  const std::string folder_;
  const Options options_;

  mutable Mutex mutex_;
  Segment current_ TOCSIN_GUARDED_BY(mutex_);
  /// Left segments that are not durable yet, oldest first.
  std::vector<std::shared_ptr<AppendFile>> unsynced_ TOCSIN_GUARDED_BY(mutex_);
  std::string frame_ TOCSIN_GUARDED_BY(mutex_);
  std::atomic<bool> dirty_ = false;
  std::atomic<std::uint64_t> appended_ = 0;
};

}  // namespace tocsin::tsdb
