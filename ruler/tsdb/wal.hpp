#pragma once
// The write-ahead log: numbered segments of framed records. Every segment can be decoded by itself (values begin anew
// in each), so the log is cut by removing whole segments, and damage in one does not reach the next.
//
//   commit thread   begin() then append()     one write() a commit
//   wal thread      sync()                    what was appended before is durable at return
//   background      read()                    at start, beside append(): it catches up with what is appended
//                   remove_before()
// Invariant: a record that append() returned an error for is never read back. Its bytes are cut off, or, if that fails
// too, the segment is left at once, and its end is not a whole record.

#include <atomic>
#include <cstdint>
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

/// What the reader of a record says of it.
enum class WalSeen : std::uint8_t {
  kTaken,
  kDamaged,  // it makes no sense
  kStop,     // it was not taken: stay before it
};

class Wal {
 public:
  using Each = std::function<WalSeen(WalPosition, std::string_view payload)>;
  using Report = std::function<void(std::string)>;
  struct Options {
    std::uint64_t segment_bytes = 64U << 20U;
    std::int64_t segment_ms = 15 * 60'000;  // data time in one segment
  };

  Wal(Fs& fs, std::string folder, Options options) : fs_(fs), folder_(std::move(folder)), options_(options) {}

  /// Reads whole records from `at` on, in order, up to what was appended at the time of the call, and moves `at` behind
  /// them. What is damaged is passed over up to the next segment and kept in a file `.damaged` beside it; a torn end is
  /// cut off; `report` says either. Holds a part of a segment in memory, or one record if that is larger. On an error
  /// of the disk, `at` is behind the last record that was taken: the next call goes on there. Thread: one at a time,
  /// beside all others.
  Result<void> read(WalPosition& at, const Each& each, const Report& report);
  /// The first segment that is written has this number or a greater one: it is after all that are there.
  /// @param needed  older segments than this need not be made durable: they go.
  Result<void> open(std::uint32_t at_least, std::uint32_t needed);

  /// Chooses the segment for the next record, a new one if the present one is full, old or failed.
  /// @param t  data time of the record.
  /// @return its number: values must be coded for it.
  Result<std::uint32_t> begin(Timestamp t);
  /// The next record goes to a new segment.
  void end_segment();
  /// Writes a record to the segment that begin() chose.
  Result<void> append(std::string_view payload);

  /// Makes durable what was appended before the call, by earlier lives too: they may have died before they did.
  /// Thread: one at a time, beside append().
  Result<void> sync();
  bool needs_sync() const { return dirty_.load(std::memory_order_relaxed); }

  /// Where the next record will stand.
  WalPosition position() const;
  /// Removes older segments; those that cannot be removed are tried again the next time.
  Result<void> remove_before(std::uint32_t segment);
  std::uint64_t bytes_appended() const { return appended_.load(std::memory_order_relaxed); }
  std::size_t segments() const;
  /// Number of the newest segment, 0 if there is none.
  Result<std::uint32_t> newest() const;

 private:
  /// A segment of this life that is left, or the present one: the bytes of its whole records.
  struct Extent {
    std::uint32_t number = 0;
    std::uint64_t size = 0;
  };
  struct Segment {
    std::uint32_t number = 0;
    std::shared_ptr<AppendFile> file;  // null: not made yet
    std::uint64_t size = 0;            // of whole records
    Timestamp first_time = kMaxTimestamp;
    bool failed = false;
    bool ended = false;
  };

  std::string path(std::uint32_t number) const;
  Result<std::vector<std::uint32_t>> numbers() const;
  std::vector<Extent> own_segments(std::uint32_t& first_own) const;
  Result<bool> read_segment(const Extent* own, bool last, WalPosition& at, const Each& each, const Report& report);
  Result<void> set_aside(const WalPosition& good, bool cut, bool end, const Report& report);
  Result<void> cut_segment(std::uint32_t number, std::uint64_t size);
  Result<void> make_file() TOCSIN_REQUIRES(mutex_);
  void leave_segment() TOCSIN_REQUIRES(mutex_);

  Fs& fs_;
  const std::string folder_;
  const Options options_;

  mutable Mutex mutex_;
  Segment current_ TOCSIN_GUARDED_BY(mutex_);
  bool folder_unsynced_ TOCSIN_GUARDED_BY(mutex_) = false;  // names of segments of earlier lives may not last
  /// Left segments that are not durable yet, oldest first.
  std::vector<std::shared_ptr<AppendFile>> unsynced_ TOCSIN_GUARDED_BY(mutex_);
  std::uint32_t first_own_ TOCSIN_GUARDED_BY(mutex_) = 0xffffffffU;  // segments before this are of earlier lives
  std::vector<Extent> left_ TOCSIN_GUARDED_BY(mutex_);               // segments of this life, oldest first
  std::string frame_ TOCSIN_GUARDED_BY(mutex_);
  std::atomic<bool> dirty_ = false;
  std::atomic<std::uint64_t> appended_ = 0;
};

}  // namespace tocsin::tsdb
