#pragma once
// The listeners of a process and the paths that every process has: health, readiness, metrics, reload, quit.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/flags.hpp"
#include "net/runtime.hpp"
#include "telemetry/registry.hpp"
#include "web/exposition.hpp"
#include "web/external_url.hpp"
#include "web/server.hpp"

namespace tocsin::app {

struct WebOptions {
  std::string healthy_text, ready_text;
  bool lifecycle = false;  // /-/reload and /-/quit
  std::function<net::Task<Result<void>>()> reload;
  std::function<void()> quit;  // nullptr: no /-/quit
  /// Lines behind the text of /-/ready: what works, but not as it should; nullptr: nothing.
  std::function<std::vector<std::string>()> troubles;
  /// Paths that answer 503 for now; nullptr: none do.
  std::function<bool(std::string_view path)> must_wait;
};

/// Thread: the loop's. Until ready(true), everything but health, metrics, notifications and the state of the replay
/// answers 503, as a Prometheus that starts does.
class Web {
 public:
  Web(net::Runtime& runtime, WebOptions options);
  net::HttpRouter& router() { return router_; }
  telemetry::Registry& registry() { return registry_; }
  /// What is below `prefix` ("/name") goes to `handler`, without the prefix.
  void mount(std::string prefix, net::HttpHandler handler) {
    mounts_.emplace_back(std::move(prefix), std::move(handler));
  }
  /// What the router answers, or 503 as long as the process starts.
  net::Task<net::HttpResponse> when_ready(net::HttpRequest request, const net::HttpRouter& router);
  /// The page of /metrics, in the format that the request accepts.
  net::Task<net::HttpResponse> metrics(net::HttpRequest request);
  static web::ServerOptions server_options(const Flags& flags);
  /// Reads the web configuration and binds all addresses.
  Result<void> listen(const Flags& flags, Fs& fs);
  void set_ready(bool ready) { ready_ = ready; }
  std::vector<std::uint16_t> ports() const { return server_->ports(); }
  net::Task<void> drain(Duration limit) { return server_->drain(limit); }
  void reopen_access_log() {
    if (server_) server_->reopen_access_log();
  }
  /// Closes the server, when the loop has ended and before the runtime goes.
  void close() {
    if (server_) server_->close();
  }

 private:
  net::Task<net::HttpResponse> handle(net::HttpRequest request);
  void add_process_metrics();

  net::Runtime& runtime_;
  WebOptions options_;
  net::HttpRouter router_;
  std::vector<std::pair<std::string, net::HttpHandler>> mounts_;
  telemetry::Registry registry_;
  expo::MergeOrder merge_order_;
  std::unique_ptr<web::Server> server_;
  bool ready_ = false;
};

/// The text, and a line for each trouble behind it.
std::string with_troubles(std::string text, const std::vector<std::string>& troubles);

/// --web.external-url, or a URL of this host and port.
inline Result<web::ExternalUrl> external_url(const Flags& flags) {
  return web::external_url(flags.external_url, flags.listen_addresses.front());
}

}  // namespace tocsin::app
