#pragma once
// Every touch of files goes through Fs. PosixFs is the operating system; MemFs (mem_fs.hpp) keeps everything in memory
// and knows what was synced, so a test can pull the plug; FaultFs (fault_fs.hpp) wraps another and fails the n-th call.
// Source of the shape: LevelDB's Env.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin {

/// A file written from its end on. Thread: one at a time; sync() may run beside append().
/// What append() returned survives the death of the process; what sync() returned survives the loss of power.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  /// fdatasync; the first one of a file that open_append() made also makes its name last.
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual std::uint64_t size() const = 0;
};

/// Bytes of a file mapped read-only; valid as long as the object lives. Thread: any.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::string_view bytes() const = 0;
};

/// Bytes of a file mapped for reading and writing, as many as it was made with. What is written there survives the
/// death of the process, not the loss of power. Valid as long as the object lives, also when the file is removed.
/// Thread: any, as far as the bytes are not the same.
class SharedFile {
 public:
  virtual ~SharedFile() = default;
  virtual std::span<char> bytes() = 0;
};

/// A file read at offsets (pread). Thread: any.
class RandomFile {
 public:
  virtual ~RandomFile() = default;
  /// Reads up to `size` bytes at `offset` into `out`; short at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

struct FileInfo {
  std::uint64_t size = 0;
  Timestamp modified = 0;
  bool directory = false;
};

/// Thread: any. Paths are the operating system's. Errors name the path.
class Fs {
 public:
  virtual ~Fs() = default;
  /// Opens for appending; creates it if it is not there.
  virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
  virtual Result<std::unique_ptr<MappedFile>> map(const std::string& path) = 0;
  /// Makes a file of `size` zero bytes, all of which have their place on disk: writing them cannot fail. One that is
  /// there is removed first; who has it open keeps it.
  virtual Result<std::unique_ptr<SharedFile>> make_shared_file(const std::string& path, std::size_t size) = 0;
  virtual Result<std::unique_ptr<RandomFile>> open_random(const std::string& path) = 0;
  /// The whole file; kLimit if it is larger than `limit`.
  virtual Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20U) = 0;
  /// Writes path.tmp, syncs, renames and syncs the folder: the file is the old or the new one, never a part.
  virtual Result<void> write_file_atomic(const std::string& path, std::string_view bytes) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// A second name for a file, which must not be changed in place from then on. kExists if `to` is there; kIo if the
  /// file system has no such names, or they would be on different ones.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> remove_all(const std::string& path) = 0;
  virtual Result<void> create_directories(const std::string& path) = 0;  // new names last
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Names (not paths) in the folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<FileInfo> info(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// The absolute path without symbolic links, `.` and `..`.
  virtual Result<std::string> real_path(const std::string& path) = 0;
  /// Bytes of the file system that has the path, used and free.
  virtual Result<std::uint64_t> capacity(const std::string& path) = 0;
  /// Takes an exclusive advisory lock that lives as long as the object; kExists if another process has it.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& path) = 0;
};

/// The operating system's file system; one for the process.
Fs& posix_fs();

/// Files that match a shell pattern (`*`, `?`, `[...]` within a path element), sorted. Not an error if none does.
Result<std::vector<std::string>> glob(Fs& fs, const std::string& pattern);

/// `path` if absolute or empty, else `folder/path`.
std::string resolve_path(std::string_view folder, std::string_view path);

}  // namespace tocsin
