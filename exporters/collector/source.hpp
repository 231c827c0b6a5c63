#pragma once
// Sources of metrics that are servers: databases, brokers, web servers.
//
// A Source is a kind of server ("redis"). It reads its section of agent.yml and makes a Target of each server named
// there, and of the parameters of a request to its probe path. The agent asks the targets, keeps their last good pages
// and shows them; it owns deadlines, the limit of series, the label `server`, addresses and paths.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/result.hpp"
#include "config/environment.hpp"
#include "expo/writer.hpp"
#include "exporters/collector/loop_anchor.hpp"
#include "net/http.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters {

/// What the process lends to its sources. All of it outlives them.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;
  net::HttpClient& http;
  std::shared_ptr<net::Resolver> resolver;
  Fs& fs;
  config::Environment environment = config::process_environment();
  std::shared_ptr<LoopAnchor> anchor;  // the way back to the loop for threads that may hang beyond its end
};

/// One server. Thread: the loop's; owned by shared_ptr.
class Target {
 public:
  virtual ~Target() = default;
  /// Puts the server's values of now into the page; begin() and end() of the page are the caller's. Never called while
  /// a call is under way. Ends by the deadline, unless a foreign library hangs: the agent goes on without it then.
  /// A server that does not answer is an error with the reason, and "<kind>_up 0" or what the original has is put by
  /// the target itself: what was put is served in any case. The page is shared because a thread may still hold it when
  /// the task is gone; nobody else looks at it before the call has ended.
  virtual net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) = 0;
};

/// What every section of agent.yml may say.
struct SectionOptions {
  std::string listen;                           // an address of its own for this source; "": none
  std::string web_config_file;                  // TLS and users of that address
  Duration deadline = std::chrono::seconds(5);  // of one target
  Duration min_interval = Duration::zero();     // between two questions to a server; in between, its last values
  std::uint64_t series_limit = 10'000;          // of one target; 0: none

  /// Takes its keys: listen, web_config_file, deadline, min_interval, series_limit.
  void read(yaml::Fields& fields);
};

/// A kind of server. Made when the configuration is read, again at each reload. Thread: the loop's.
class Source {
 public:
  struct Named {
    std::string server;  // value of the label `server` when the source has several targets, and of `target` in our own
    std::shared_ptr<Target> target;
  };

  virtual ~Source() = default;
  virtual const SectionOptions& options() const = 0;
  /// The servers of the configuration, in its order; may be none (a source that only answers probes).
  virtual const std::vector<Named>& targets() const = 0;
  /// Below /<kind> on the main address, and at the root of its own: "/probe", "/scrape"; "" if there is none.
  virtual std::string_view probe_path() const { return {}; }
  /// A target for such a request ("?target=&auth_module="), asked once and forgotten. kInvalid is answered with 400.
  virtual Result<std::shared_ptr<Target>> probe(const net::HttpRequest& request);
};

/// Reads the section `kind:` of agent.yml, unknown keys being errors with their position.
struct SourceInfo {
  std::string_view kind;  // as in agent.yml, in /metrics/<kind> and in the label `collector`
  Result<std::unique_ptr<Source>> (*make)(const yaml::Node& section, const Services& services);
};

}  // namespace tocsin::exporters
