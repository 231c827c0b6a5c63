#pragma once
// What a process shows to the world: its addresses, and what stands before its handler.
//
//   connection → TLS → request → rate limit → users → prefix → cross-origin fields → handler → fields → access log

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/line_log.hpp"
#include "net/http.hpp"
#include "net/task.hpp"
#include "telemetry/registry.hpp"
#include "web/access_log.hpp"
#include "web/authenticator.hpp"
#include "web/config_file.hpp"
#include "web/cors.hpp"
#include "web/rate_limiter.hpp"

namespace tocsin::web {

struct ServerOptions {
  std::vector<std::string> listen_addresses;
  bool systemd_socket = false;        // sockets of systemd instead of the addresses
  std::string config_file;            // --web.config.file; "": plain HTTP, no users
  std::string route_prefix = "/";     // as route_prefix() gives it: paths outside of it are not ours
  std::string cors_origin = ".*";     // of /api/
  std::string access_log;             // "": none
  std::size_t max_connections = 512;  // on all addresses together
  std::size_t max_body_bytes = 32U << 20U;
  Duration read_timeout = std::chrono::minutes(5);
  Duration handler_timeout{0};  // of a request, then 503; 0: the HTTP server's
};

/// Thread: the loop's. Must outlive the runtime's tasks; close() before the runtime goes.
///
/// With users configured, only <prefix>/-/healthy and <prefix>/-/ready answer without them. Answers of its own: 401,
/// 429 and the redirects of the prefix as Prometheus', 503 when too many passwords wait to be checked.
class Server {
 public:
  /// Reads the web configuration and listens. kInvalid for a bad configuration, kIo for an address that cannot be had.
  static Result<std::unique_ptr<Server>> start(net::TaskLoop& loop, WorkPool& work, Fs& fs, ServerOptions options,
                                               net::HttpHandler handler);
  /// As they were given; those of systemd in its order.
  std::vector<std::uint16_t> ports() const { return ports_; }
  net::HttpServerStats stats() const { return http_->stats(); }
  bool has_tls() const { return config_ && config_->current()->tls != nullptr; }
  /// tocsin_http_* and tocsin_web_*.
  void put_metrics(telemetry::Sink& sink) const;
  void reopen_access_log();
  net::Task<void> drain(Duration limit) { return http_->drain(limit); }
  /// Ends all connections, and what waits for a password: those tasks hold sockets of the runtime.
  void close();

 private:
  Server(net::TaskLoop& loop, WorkPool& work, ServerOptions options, net::HttpHandler handler);
  Result<void> open(WorkPool& work, Fs& fs);
  Result<void> listen();
  net::Task<std::shared_ptr<const net::TlsServerContext>> tls_now();
  net::Task<net::HttpResponse> handle(net::HttpRequest request);
  net::Task<net::HttpResponse> guard(net::HttpRequest request, std::string* user);
  net::Task<net::HttpResponse> let_in(std::shared_ptr<const WebConfig> config, net::HttpRequest request,
                                      std::string* user);
  net::Task<net::HttpResponse> route(net::HttpRequest request);
  bool is_open_to_all(std::string_view path) const;
  void log_answer(AccessEntry entry, net::HttpResponse& response, MonoTime began);

  net::TaskLoop& loop_;
  const ServerOptions options_;
  const net::HttpHandler handler_;
  std::unique_ptr<ConfigFile> config_;
  Authenticator authenticator_;
  RateLimiter rate_limiter_;
  std::uint64_t rate_limited_ = 0;
  std::shared_ptr<const Cors> cors_;
  std::shared_ptr<LineLog> access_log_;
  std::unique_ptr<net::HttpServer> http_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace tocsin::web
