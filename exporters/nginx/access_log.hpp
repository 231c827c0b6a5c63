#pragma once
// The access log of one nginx, read beside the scrapes.

#include <memory>
#include <mutex>
#include <string>

#include "exporters/collector/source.hpp"
#include "exporters/nginx/access_stats.hpp"
#include "exporters/nginx/log_tail.hpp"
#include "exporters/nginx/syslog_listener.hpp"
#include "net/waiters.hpp"

namespace tocsin::exporters::nginx {

struct AccessLogOptions {
  std::string file;    // or
  std::string syslog;  // an address, see SyslogListener
  LogFormat format;
  AccessOptions stats;

  /// The map `access_log:`. kInvalid with the position.
  static Result<AccessLogOptions> read(const yaml::Node& node);
};

/// Looks at the file once a second, on a work lane; or listens for datagrams, on a thread of its own. Ends when its
/// last owner lets it go. Thread: the loop's; owned by shared_ptr.
class AccessLog : public std::enable_shared_from_this<AccessLog> {
 public:
  AccessLog(const Services& services, AccessLogOptions options);
  /// Begins to read. Call once.
  void start();
  /// Puts what was counted; of a file, after a look at what has come until now, if that takes no longer than until the
  /// deadline. The error of the last look.
  net::Task<Result<void>> put(std::shared_ptr<expo::Page> page, MonoTime deadline);
  /// Of a listener for datagrams that is open; else 0.
  std::uint16_t port() const { return listener_ ? listener_->port() : 0; }

 private:
  /// What the lane and the listener's thread work on; may outlive the log.
  struct Reader {
    Reader(Fs& fs, AccessLogOptions options);
    void take(std::string_view line);
    AccessStats stats;
    std::mutex mutex;  // guards all below
    LogFormat format;
    LogTail tail;
  };
  static net::Task<void> follow(std::weak_ptr<AccessLog> weak, net::TaskLoop& loop);
  static net::Task<void> look(std::shared_ptr<AccessLog> self);
  void listen();

  const Services services_;
  const std::string file_, syslog_;
  const std::shared_ptr<Reader> reader_;
  std::unique_ptr<SyslogListener> listener_;
  Result<void> last_ = fail(Errc::kUnavailable, "not read yet");
  bool is_looking_ = false;
  net::Waiters waiters_;
};

}  // namespace tocsin::exporters::nginx
