#pragma once
// The format of an access log, and what a line of it says.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::nginx {

/// What is counted of one request. Views into the line, or into the format's own buffers until its next line.
struct LogEntry {
  int status = 0;
  std::string_view method, host;         // "" if the format does not have it
  std::optional<double> duration;        // seconds: $request_time
  std::optional<double> upstream;        // seconds in all upstreams that were tried: $upstream_response_time
  std::optional<double> response_bytes;  // $bytes_sent, or $body_bytes_sent
  std::optional<double> request_bytes;   // $request_length
};

/// Thread: one at a time.
class LogFormat {
 public:
  /// @param text  "combined", "json" (an object a line, whose keys are names of variables), a format such as
  ///              '$remote_addr "$request" $status', or a whole directive "log_format main '...' '...';".
  /// kInvalid: there is no $status, or two variables stand side by side.
  /// Source: nginx.org, ngx_http_log_module.
  static Result<LogFormat> parse(std::string_view text);

  /// False if the line is not of this format, or has no status.
  bool read(std::string_view line, LogEntry& out);

 private:
  /// Variables that count, in the order in which they win where two say the same.
  enum class Variable : std::uint8_t {
    kNone,
    kStatus,
    kRequest,
    kMethod,
    kHost,
    kServerName,
    kHttpHost,
    kDuration,
    kUpstream,
    kBytesSent,
    kBodyBytesSent,
    kRequestLength,
  };
  struct Part {
    std::string literal;  // stands in front of the variable
    bool has_variable = false;
    bool is_list = false;  // of an upstream: values with ", " and " : " between them
    Variable variable = Variable::kNone;
  };
  static Variable variable_of(std::string_view name);
  static bool take(Variable variable, std::string_view value, LogEntry& out);
  Result<void> compile(std::string_view text);
  bool read_json(std::string_view line, LogEntry& out);

  bool is_json_ = false;
  std::vector<Part> parts_;
  std::string kept_;  // texts of a JSON line
};

/// The text behind the header of a syslog message "<190>Nov 30 12:00:00 web1 nginx: ..."; the message itself if it has
/// none. Source: RFC 3164; nginx.org, "Logging to syslog".
std::string_view syslog_text(std::string_view message);

}  // namespace tocsin::exporters::nginx
