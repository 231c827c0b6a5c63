#pragma once
// The agent as a library: a test starts a whole one on port 0.

#include <memory>
#include <vector>

#include "agent/flags.hpp"
#include "agent/gatherer.hpp"
#include "base/fs.hpp"
#include "net/runtime.hpp"
#include "telemetry/registry.hpp"
#include "web/server.hpp"

namespace tocsin::agent {

/// Collectors, their page, and the servers that show it. Thread: the loop's.
class Agent {
 public:
  /// Binds the addresses; serves from then on. The runtime must outlive it.
  static Result<std::unique_ptr<Agent>> start(net::Runtime& runtime, const Flags& flags, Fs& fs);
  std::vector<std::uint16_t> ports() const { return server_->ports(); }
  /// No new connections; ends when those under way are answered, at the latest after `limit`.
  net::Task<void> drain(Duration limit) { return server_->drain(limit); }
  void reopen_access_log() { server_->reopen_access_log(); }
  /// Closes the server. Call when the loop has ended, before the runtime goes; requests that still wait go with the
  /// runtime, so this object must outlive it.
  void close() {
    server_->close();
    gatherer_.close();
  }

 private:
  Agent(net::Runtime& runtime, const Flags& flags, exporters::Collectors collectors, Fs& fs);
  net::Task<net::HttpResponse> metrics(net::HttpRequest request);
  net::Task<net::HttpResponse> gather_page(net::HttpRequest request);
  void add_routes();
  void add_build_info();

  Flags flags_;
  Gatherer gatherer_;
  telemetry::Registry registry_;
  expo::Page build_page_;
  std::shared_ptr<const expo::RenderedPage> build_info_;
  net::HttpRouter router_;
  std::unique_ptr<web::Server> server_;
  std::size_t in_flight_ = 0;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Gauge& in_flight_gauge_;
};

/// The whole process: flags, threads, signals. @return its exit status.
int run(int argc, const char* const* argv);

}  // namespace tocsin::agent
