#pragma once
// A log file that is read as it grows, through rotation and truncation.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fs.hpp"

namespace tocsin::exporters::nginx {

/// Looks at the file each time it is asked to, and not at each write: a busy log would wake us for every request.
/// The file is held open, so that what is written to it after it was renamed is read too; it is looked at once more
/// after its successor came, because nginx' workers write to it for a moment. Thread: one at a time.
class LogTail {
 public:
  /// @param take  gets each line without its newline. A line longer than 64 KiB is given as "", once.
  LogTail(Fs& fs, std::string path, std::function<void(std::string_view)> take);

  /// Reads what has come, up to 16 MiB. A file that is there at the first call is read from its end on, one that comes
  /// later from its beginning. kNotFound, kIo if there is no file now.
  Result<void> poll();
  /// Bytes that are there and were not read yet, after the last poll().
  std::uint64_t lag() const { return lag_; }
  /// Bytes that were given up because the log grew faster than it was read.
  std::uint64_t skipped() const { return skipped_; }

 private:
  struct File {
    std::unique_ptr<RandomFile> file;
    std::uint64_t offset = 0;
    std::string rest;          // of a line that has not ended
    bool is_skipping = false;  // the rest of a line that is too long
  };
  Result<void> open(bool at_end);
  bool is_same(std::uint64_t size_before, const RandomFile& now_there, std::uint64_t size_there) const;
  Result<void> drain(File& from);
  void cut_lines(File& from, std::string_view bytes);

  Fs& fs_;
  const std::string path_;
  const std::function<void(std::string_view)> take_;
  File current_;
  std::optional<File> old_;  // renamed, and perhaps still written to
  bool is_first_ = true;
  std::string chunk_;
  std::uint64_t budget_ = 0, lag_ = 0, skipped_ = 0;
};

}  // namespace tocsin::exporters::nginx
