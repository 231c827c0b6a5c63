#pragma once
// The agent as a library: a test starts a whole one on port 0.

#include <memory>
#include <optional>
#include <vector>

#include "agent/config.hpp"
#include "agent/flags.hpp"
#include "agent/gatherer.hpp"
#include "agent/health_check.hpp"
#include "agent/listeners.hpp"
#include "agent/originals.hpp"
#include "agent/prober.hpp"
#include "agent/scrape_endpoint.hpp"
#include "agent/source_set.hpp"
#include "base/fs.hpp"
#include "net/runtime.hpp"
#include "telemetry/registry.hpp"
#include "web/server.hpp"

namespace tocsin::agent {

/// Collectors and servers, their pages, and the addresses that show them. Thread: the loop's.
class Agent {
 public:
  /// Reads agent.yml if the flags name one, and binds the addresses; serves from then on. The runtime must outlive it.
  /// @param kinds  of servers: known_sources(), or a test's own.
  static Result<std::unique_ptr<Agent>> start(net::Runtime& runtime, const Flags& flags, Fs& fs,
                                              std::vector<exporters::SourceInfo> kinds);
  /// A source of a program that embeds the agent: on /metrics from now on, forgotten when it dies. Its Collect() is
  /// called on the loop for each scrape, so it must not wait for anything.
  void add(std::weak_ptr<prometheus::Collectable> collectable) { custom_.add(std::move(collectable)); }
  std::vector<std::uint16_t> ports() const { return server_->ports(); }
  /// Of the addresses that a kind of servers has of its own.
  std::vector<std::uint16_t> ports(std::string_view kind) const { return listeners_.ports(kind); }
  /// Reads agent.yml again. All or nothing: an error leaves the former one in force; it is logged, too. Sections that
  /// say the same as before keep their connections and last values.
  net::Task<Result<void>> reload();
  /// No new connections; ends when those under way are answered, at the latest after `limit` for each kind of address.
  net::Task<void> drain(Duration limit);
  void reopen_access_log() { server_->reopen_access_log(); }
  /// Closes the addresses. Call when the loop has ended, before the runtime goes; requests that still wait go with the
  /// runtime, so this object must outlive it.
  void close();

 private:
  /// What can be done on any thread.
  struct Prepared {
    AgentConfig config;
    std::optional<exporters::Collectors> collectors;  // nothing: as before
  };
  Agent(net::Runtime& runtime, const Flags& flags, Fs& fs, std::vector<exporters::SourceInfo> kinds);
  /// @param before  the node's section in force; kMissing and `first` at the start.
  static Result<Prepared> prepare(Fs& fs, const Flags& flags, std::span<const exporters::SourceInfo> kinds,
                                  const yaml::Node& before, bool first);
  Result<void> apply(Prepared prepared);
  Result<void> open();
  net::Task<net::HttpResponse> reload_now();
  net::Task<Result<Pages>> all_pages(net::HttpRequest request);
  net::Task<Result<Pages>> pages_of(std::string name, net::HttpRequest request);
  net::Task<net::HttpResponse> health(HealthCheck::Parts parts, HealthBody (*body)(const HealthReport&));
  net::Task<net::HttpResponse> landing_page();
  void add_probes();
  void add_build_info();
  void add_routes();
  void add_health_routes();

  net::Runtime& runtime_;
  Flags flags_;
  Fs& fs_;
  std::vector<exporters::SourceInfo> kinds_;
  std::shared_ptr<exporters::LoopAnchor> anchor_;
  Gatherer gatherer_;
  SourceSet sources_;
  Prober prober_;
  Originals originals_;
  Listeners listeners_;
  HealthCheck health_;
  ScrapeEndpoint endpoint_;     // /metrics: everything
  ScrapeEndpoint parts_;        // /metrics/<source>, /<kind>/metrics
  telemetry::Registry custom_;  // what add() was given
  std::shared_ptr<const expo::RenderedPage> build_info_;
  net::HttpRouter router_;
  int scrapes_ = 0;  // of everything, counted up to the first few
  std::unique_ptr<web::Server> server_;
  yaml::Node node_section_;  // in force
  bool reloading_ = false, reload_ok_ = true, draining_ = false;
  Timestamp reloaded_at_ = 0;
};

using Collectables = std::vector<std::shared_ptr<prometheus::Collectable>>;

/// The whole process: flags, threads, signals. @return its exit status.
/// @param custom  sources to show beside the agent's own; see Agent::add().
int run(int argc, const char* const* argv, const Collectables& custom = {});

}  // namespace tocsin::agent
