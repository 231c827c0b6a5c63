#pragma once
// What a RandomFile of the operating system can do beside: one call of the system for a file that comes in one piece.

#include <cstddef>

#include "base/result.hpp"

namespace tocsin {

/// Ask a RandomFile for it with dynamic_cast; those of posix_fs() have it. Thread: any.
class ReadsOnce {
 public:
  virtual ~ReadsOnce() = default;
  /// Reads from the beginning. Where RandomFile::read_at() reads again until nothing comes, a short answer is the end
  /// here: only for regular files, and for those that the kernel makes whole for one read, as all of sysfs and a part
  /// of /proc are.
  /// @return kUnavailable if the file is there and has no answer now, as `speed` of a network device that is down.
  virtual Result<std::size_t> read_once(char* out, std::size_t size) const = 0;
};

}  // namespace tocsin
