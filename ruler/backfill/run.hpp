#pragma once
// Samples on their way to blocks, in files that live as long as the import: sorted by block, series and time.
//
//   run     := segment*                                 one for each block that has samples
//   segment := { series (varint), samples (varint), bytes (varint), sample* }*   series in order of their labels
//   sample  := zigzag(difference of the differences of times) value
//   value   := the bits that differ from those of the value before: 0, or significant bytes << 4 | zero bytes behind
//              them, and those bytes
//
// The first time is the difference from the block's start. Read back by the process that wrote it: no checksums.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::backfill {

struct ImportSample {
  Timestamp t = 0;
  double value = 0;
};

/// One segment of a run file.
struct Segment {
  std::int64_t block = 0;  // its number: start divided by the length of blocks
  std::uint64_t offset = 0, size = 0;
  Timestamp min_time = 0, max_time = 0;
  std::string series;  // those that are in it: varints, in its order
};

/// Builds segments in memory. Thread: one at a time.
class SegmentWriter {
 public:
  void begin(std::int64_t block, Timestamp block_start);
  /// The samples of one series, in order of time.
  void add(std::uint32_t series, const std::vector<ImportSample>& samples);
  /// Appends the segment to the file.
  Result<Segment> finish(AppendFile& file);

 private:
  Segment segment_;
  Timestamp start_ = 0;
  std::string bytes_, samples_;
};

/// Reads one segment, series after series, some 64 KiB at a time. Thread: one at a time.
class SegmentReader {
 public:
  SegmentReader(const RandomFile& file, const Segment& segment, Timestamp block_start)
      : file_(file), at_(segment.offset), end_(segment.offset + segment.size), start_(block_start) {}

  /// @return false at the end.
  Result<bool> next();
  std::uint32_t series() const { return series_; }
  /// Appends the samples of the series that next() found.
  Result<void> read(std::vector<ImportSample>& out) const;

 private:
  static constexpr std::size_t kBufferBytes = 64U << 10U;
  /// Makes `size` bytes available, or all that are left.
  Result<void> fill(std::size_t size);
  std::string_view left() const { return std::string_view(buffer_).substr(used_); }

  const RandomFile& file_;
  std::uint64_t at_;  // of what comes behind the buffer
  const std::uint64_t end_;
  const Timestamp start_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::uint32_t series_ = 0;
  std::uint64_t count_ = 0;
  std::size_t bytes_ = 0;  // of the samples, which are the next in the buffer
};

}  // namespace tocsin::backfill
