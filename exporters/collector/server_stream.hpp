#pragma once
// A connection to a server whose protocol is spoken here, kept from one question to the next.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "net/watchdog.hpp"

namespace tocsin::exporters {

/// Deadlines for a net::Connection. Thread: the loop's; one call at a time. After an error it is of no use.
class ServerStream {
 public:
  ServerStream(net::TaskLoop& loop, std::unique_ptr<net::Connection> connection);
  /// Sends all of it. kTimeout "context deadline exceeded", kIo.
  net::Task<Result<void>> write(std::string bytes, MonoTime deadline);
  /// The bytes that come next, at least one; the view lives until the next call. kIo "EOF" at the end of the stream.
  net::Task<Result<std::string_view>> read(MonoTime deadline);
  /// The server has closed it, or has sent something unasked.
  bool is_stale() { return connection_->is_stale(); }

 private:
  Error in_time(Error error) const;
  const std::unique_ptr<net::Connection> connection_;
  net::Watchdog watchdog_;
  std::string chunk_;
};

}  // namespace tocsin::exporters
