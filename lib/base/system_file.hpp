#pragma once
// What a file of the operating system can do beside being read at offsets.

#include <cstddef>
#include <cstdint>

#include "base/fs.hpp"

namespace tocsin {

/// What tells one state of a file from another without reading it.
struct FileVersion {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::uint64_t links = 0;                       // names that it has; 0 once it was replaced
  std::int64_t modified_ns = 0, changed_ns = 0;  // since the Unix epoch; the second also of rights and of the name

  bool operator==(const FileVersion&) const = default;
};

/// Ask a RandomFile for it with dynamic_cast; those of posix_fs() are all of them. Thread: any.
class SystemFile : public RandomFile {
 public:
  /// Reads from the beginning. Where read_at() reads again until nothing comes, a short answer is the end here: only
  /// for regular files, and for those that the kernel makes whole for one read, as all of sysfs and a part of /proc
  /// are.
  /// @return kUnavailable if the file is there and has no answer now, as `speed` of a network device that is down.
  virtual Result<std::size_t> read_once(char* out, std::size_t size) const = 0;

  /// As it is now. Times are as fine as the file system writes them: two changes within one of its steps, a few
  /// milliseconds or up to two seconds, look the same. Of a file that was last touched longer ago than that, equal
  /// versions mean equal bytes.
  virtual Result<FileVersion> version() const = 0;

  /// Of /proc or /sys, where a file that goes and comes again is no longer read by who has it open: others may be
  /// replaced, and go on to be read.
  virtual bool is_made_by_kernel() const = 0;

  /// Whether a table of mounts in /proc has changed since it was opened or this was asked last; true of any other file,
  /// which cannot tell. What only the file system in a mount knows is no change of the table. Source: proc(5),
  /// /proc/pid/mounts.
  virtual bool may_have_changed() const = 0;

  /// As Fs::list() of a folder that was opened as a file, for half of what opening it anew costs. Thread: one at a
  /// time.
  /// @return kNotFound once the folder is no longer what stands under its path.
  virtual Result<std::vector<std::string>> names() const = 0;
};

}  // namespace tocsin
