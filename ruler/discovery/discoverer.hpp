#pragma once
// Who finds out what there is to scrape. A discoverer gives groups of targets; what becomes of them is its listener's.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/result.hpp"
#include "config/discovery_config.hpp"
#include "discovery/stats.hpp"
#include "model/labels.hpp"
#include "net/dns_client.hpp"
#include "net/file_watcher.hpp"
#include "net/http.hpp"
#include "net/task.hpp"

namespace tocsin::discovery {

/// Targets with what they have in common. Source: Prometheus discovery/targetgroup/targetgroup.go.
struct TargetGroup {
  std::string source;                  // unique within a discoverer: a later group of the same source replaces it
  std::vector<model::Labels> targets;  // each with __address__ and what is known of it (__meta_*)
  model::Labels labels;                // of all targets; a target's own come first
  bool operator==(const TargetGroup&) const = default;
};

/// Groups that are new or changed; a group without targets is gone.
using GroupsListener = std::function<void(std::vector<TargetGroup>)>;

/// Thread: the loop's. Calls its listener on the loop from start() on, first with all that it knows; no more once it is
/// destroyed. A source that cannot be reached keeps its last groups: silence is not absence.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  /// Called once. The listener may be called before it returns.
  virtual void start(GroupsListener listener) = 0;
};

/// static_configs: one group each, sources "0", "1", ...
std::unique_ptr<Discoverer> make_static_discoverer(std::vector<config::StaticConfig> configs);

/// How files are watched; see net::make_file_watcher().
using WatchFiles = std::function<Result<std::shared_ptr<net::FileWatcher>>(net::TaskLoop&, std::function<void()>)>;

/// What discoverers need. The references outlive them and their tasks.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;
  net::HttpClient& client;
  Fs& fs;
  std::string config_name = {};                              // the scrape pool, for logs and metrics
  std::shared_ptr<Stats> stats = std::make_shared<Stats>();  // who wants to read them shares one
  WatchFiles watch_files = net::make_file_watcher;
  std::shared_ptr<net::DnsClient> dns = nullptr;  // null: each discoverer makes one
};

/// Shorter refresh intervals are taken as this; Prometheus stops with a panic at 0.
inline constexpr Duration kLeastInterval = std::chrono::milliseconds(100);

/// One question to a source: all groups that there are. Runs on the loop; answers within the interval.
using RefreshFn = std::function<net::Task<Result<std::vector<TargetGroup>>>()>;
/// Asks at once and then every `interval`, never twice at a time. Groups that changed are told; groups that are not in
/// a later answer, or have no targets in it, are told as gone. A failure is counted, logged once, and the last groups
/// stay. When the discoverer goes, a question under way is left to end by itself.
/// @param mechanism  "http", for logs and metrics.
std::unique_ptr<Discoverer> make_refresh_discoverer(const Services& services, std::string mechanism, Duration interval,
                                                    RefreshFn refresh);

// One kind each, in a file of its name.
std::unique_ptr<Discoverer> make_file_discoverer(config::FileSdConfig config, const Services& services);
std::unique_ptr<Discoverer> make_http_discoverer(config::HttpSdConfig config, const Services& services);
std::unique_ptr<Discoverer> make_dns_discoverer(config::DnsSdConfig config, const Services& services);
std::unique_ptr<Discoverer> make_docker_discoverer(config::DockerSdConfig config, const Services& services);
std::unique_ptr<Discoverer> make_consul_discoverer(config::ConsulSdConfig config, const Services& services);
std::unique_ptr<Discoverer> make_kubernetes_discoverer(config::KubernetesSdConfig config, const Services& services);

/// The discoverers of one place in the configuration, in a fixed order: the n-th replaces the n-th of the last
/// configuration.
std::vector<std::unique_ptr<Discoverer>> make_discoverers(const config::DiscoveryConfigs& configs,
                                                          const Services& services);

}  // namespace tocsin::discovery
