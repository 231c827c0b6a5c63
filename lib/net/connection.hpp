#pragma once
// One connection, plain or TLS, behind what an HTTP exchange needs of it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/task.hpp"

namespace tocsin::net {

/// Thread: the loop's; one read and one write at a time. Errors are kIo in Go's words. Deadlines are the caller's: it
/// calls abort() (see watchdog.hpp), and the operations under way fail.
class Connection {
 public:
  virtual ~Connection() = default;
  /// At least one byte; 0 at the end of the stream.
  virtual Task<Result<std::size_t>> read_some(char* out, std::size_t size) = 0;
  /// Both texts, one after the other; they must live until then.
  virtual Task<Result<void>> write(std::string_view first, std::string_view second) = 0;
  /// Bytes of write() that the system has taken.
  virtual std::uint64_t bytes_written() const = 0;
  /// The peer has closed or has sent something unasked: not to be used for another request.
  virtual bool is_stale() = 0;
  /// Closes at once.
  virtual void abort() = 0;
};

}  // namespace tocsin::net
