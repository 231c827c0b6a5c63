#pragma once
// The inside of ScrapeManager: pools, targets, slots, and the tasks that scrape. Shared with those tasks.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discovery/discoverer.hpp"
#include "net/http.hpp"
#include "scrape/scrape_manager.hpp"
#include "scrape/scrape_target.hpp"
#include "scrape/slot_scheduler.hpp"

namespace tocsin::scrape {

/// Thread: the loop's.
class ScrapeCore : public std::enable_shared_from_this<ScrapeCore> {
 public:
  ScrapeCore(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
             ScrapeOptions options);

  void apply(const std::shared_ptr<const config::PrometheusConfig>& config);
  /// Begins nothing more.
  void close();
  std::size_t running() const { return running_; }
  net::TaskLoop& loop() { return loop_; }

  TargetsStatus status() const;
  std::vector<std::string> pools() const;
  std::vector<TargetMetadata> metadata() const;
  std::shared_ptr<const config::ScrapeConfig> pool_config(const std::string& name) const;
  ScrapeStats stats() const;

 private:
  using TargetPtr = std::shared_ptr<ScrapeTarget>;
  /// What one discoverer of a pool found: groups by source. A reload's new discoverer takes the place over with its
  /// first word, so that targets stay until then.
  struct Found {
    std::uint64_t generation = 0;
    std::map<std::string, discovery::TargetGroup> groups;
  };
  struct Pool {
    std::shared_ptr<const config::ScrapeConfig> config;
    std::uint64_t generation = 0;
    std::vector<std::unique_ptr<discovery::Discoverer>> discoverers;
    std::vector<Found> found;
    std::map<std::string, TargetPtr> targets;  // by identity
    std::vector<DroppedTarget> dropped;
    bool applying = false;    // discoverers are being started: targets are made when all have had their first word
    std::string limit_error;  // target_limit is exceeded: every scrape fails with it
  };
  using PoolMap = std::map<std::string, Pool>;

  // Configuration (scrape_core.cpp).
  void apply_pool(const std::string& name, std::shared_ptr<const config::ScrapeConfig> config);
  void take_groups(const std::string& name, std::size_t discoverer, std::uint64_t generation,
                   std::vector<discovery::TargetGroup> groups);
  void sync(const std::string& name, Pool& pool);
  std::map<std::string, TargetSpec> make_targets(const std::string& name, Pool& pool);
  TargetPtr join(const std::string& name, const std::string& identity);
  void schedule(const ScrapeTarget& target);
  void leave(const TargetPtr& target);
  void drop_pool(Pool& pool);

  // Scraping (scrape_run.cpp).
  void begin(const std::vector<SlotScheduler::Due>& due);
  class Running;
  static net::Task<void> scrape(std::unique_ptr<Running> running, Timestamp t);
  static net::Task<void> end_series(std::unique_ptr<Running> running, Timestamp t);
  void spawn_end(const TargetPtr& target, Timestamp t);
  std::string refusal(const ScrapeTarget& target) const;
  Fs& fs() const { return options_.fs != nullptr ? *options_.fs : posix_fs(); }
  void count(const ScrapeOutcome& outcome);

  net::TaskLoop& loop_;
  WorkPool& work_;
  net::HttpClient& client_;
  storage::Appendable& storage_;
  const ScrapeOptions options_;
  SlotScheduler scheduler_;
  PoolMap pools_;
  std::map<std::uint64_t, TargetPtr> by_id_;                          // targets of the pools
  std::map<std::pair<std::string, std::string>, TargetPtr> leaving_;  // by pool and identity, until their series end
  std::uint64_t last_id_ = 0, last_generation_ = 0;
  std::size_t running_ = 0;  // tasks
  bool closed_ = false;
  ScrapeStats stats_;
};

}  // namespace tocsin::scrape
