#pragma once
// The agent as a library: a test starts a whole one on port 0.

#include <memory>
#include <vector>

#include "agent/config.hpp"
#include "agent/flags.hpp"
#include "agent/gatherer.hpp"
#include "agent/prober.hpp"
#include "agent/scrape_endpoint.hpp"
#include "agent/source_set.hpp"
#include "base/fs.hpp"
#include "net/runtime.hpp"
#include "web/server.hpp"

namespace tocsin::agent {

/// Collectors and servers, their pages, and the addresses that show them. Thread: the loop's.
class Agent {
 public:
  /// Reads agent.yml if the flags name one, and binds the addresses; serves from then on. The runtime must outlive it.
  /// @param kinds  of servers: known_sources(), or a test's own.
  static Result<std::unique_ptr<Agent>> start(net::Runtime& runtime, const Flags& flags, Fs& fs,
                                              std::vector<exporters::SourceInfo> kinds);
  std::vector<std::uint16_t> ports() const { return server_->ports(); }
  /// No new connections; ends when those under way are answered, at the latest after `limit`.
  net::Task<void> drain(Duration limit) { return server_->drain(limit); }
  void reopen_access_log() { server_->reopen_access_log(); }
  /// Closes the server. Call when the loop has ended, before the runtime goes; requests that still wait go with the
  /// runtime, so this object must outlive it.
  void close();

 private:
  Agent(net::Runtime& runtime, const Flags& flags, Fs& fs, std::vector<exporters::SourceInfo> kinds);
  Result<void> configure();
  net::Task<Result<Pages>> all_pages(net::HttpRequest request);
  net::Task<Result<Pages>> pages_of(std::string name, net::HttpRequest request);
  net::Task<Result<Pages>> original_pages(std::string kind, net::HttpRequest request);
  net::Task<net::HttpResponse> below_kind(net::HttpRequest request, std::string kind, std::string rest);
  void add_probes();
  void add_build_info();
  void add_routes();

  net::Runtime& runtime_;
  Flags flags_;
  Fs& fs_;
  std::vector<exporters::SourceInfo> kinds_;
  std::shared_ptr<exporters::LoopAnchor> anchor_;
  Gatherer gatherer_;
  SourceSet sources_;
  Prober prober_;
  ScrapeEndpoint endpoint_;   // everything
  ScrapeEndpoint originals_;  // /<kind>/metrics
  std::shared_ptr<const expo::RenderedPage> build_info_;
  net::HttpRouter router_;
  std::unique_ptr<web::Server> server_;
};

/// The whole process: flags, threads, signals. @return its exit status.
int run(int argc, const char* const* argv);

}  // namespace tocsin::agent
