#pragma once
// Datagrams of syslog, as nginx sends its access log: access_log syslog:server=127.0.0.1:5140 format;

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fs.hpp"

namespace tocsin::exporters::nginx {

/// Listens on a thread of its own until it goes. Thread: construction and destruction on one.
class SyslogListener {
 public:
  /// @param address  "udp://host:port" (a literal address), "host:port", or "unix:///path".
  /// @param take     gets each message without its header; called on the listener's thread.
  /// kInvalid for the address, kIo "listen udp 127.0.0.1:5140: bind: address already in use".
  static Result<std::unique_ptr<SyslogListener>> open(std::string_view address, Fs& fs,
                                                      std::function<void(std::string_view)> take);
  ~SyslogListener();
  SyslogListener(const SyslogListener&) = delete;
  SyslogListener& operator=(const SyslogListener&) = delete;
  /// The UDP port, for a test that asked for port 0.
  std::uint16_t port() const { return port_; }

 private:
  class Thread;
  SyslogListener(std::unique_ptr<Thread> thread, std::uint16_t port);
  const std::unique_ptr<Thread> thread_;
  const std::uint16_t port_;
};

}  // namespace tocsin::exporters::nginx
