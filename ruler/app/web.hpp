#pragma once
// The listeners of a process and the paths that every process has: health, readiness, metrics, reload, quit.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/flags.hpp"
#include "net/runtime.hpp"
#include "telemetry/registry.hpp"

namespace tocsin::app {

struct WebOptions {
  std::string healthy_text, ready_text;
  bool lifecycle = false;                // /-/reload and /-/quit
  std::function<Result<void>()> reload;  // on the loop
  std::function<void()> quit;            // nullptr: no /-/quit
};

/// Thread: the loop's. Until ready(true), everything but health and metrics answers 503, as a Prometheus that starts
/// does.
class Web {
 public:
  Web(net::Runtime& runtime, WebOptions options);
  net::HttpRouter& router() { return router_; }
  telemetry::Registry& registry() { return registry_; }
  /// Binds all addresses.
  Result<void> listen(const Flags& flags);
  void set_ready(bool ready) { ready_ = ready; }
  std::vector<std::uint16_t> ports() const;
  net::Task<void> drain(Duration limit);
  /// Closes the servers, when the loop has ended and before the runtime goes.
  void close() { servers_.clear(); }

 private:
  net::Task<net::HttpResponse> handle(net::HttpRequest request);
  net::Task<net::HttpResponse> metrics();
  void add_process_metrics();

  net::Runtime& runtime_;
  WebOptions options_;
  net::HttpRouter router_;
  telemetry::Registry registry_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
  bool ready_ = false;
};

/// --web.external-url, or a URL of this host and port; no slash at the end. kInvalid if it is no http(s) URL.
Result<std::string> external_url(const Flags& flags);

}  // namespace tocsin::app
