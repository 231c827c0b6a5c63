#pragma once
// The inside of ScrapeManager: pools, targets, slots, and the tasks that scrape. Shared with those tasks.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/line_log.hpp"
#include "discovery/discoverer_set.hpp"
#include "net/http.hpp"
#include "scrape/body_budget.hpp"
#include "scrape/page_work.hpp"
#include "scrape/scrape_manager.hpp"
#include "scrape/scrape_target.hpp"
#include "scrape/slot_scheduler.hpp"
#include "scrape/target_set.hpp"
#include "scrape/turnstile.hpp"

namespace tocsin::scrape {

/// Thread: the loop's.
class ScrapeCore : public std::enable_shared_from_this<ScrapeCore> {
 public:
  ScrapeCore(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
             ScrapeOptions options);

  void apply(const std::shared_ptr<const config::PrometheusConfig>& config);
  /// Begins nothing more.
  void close();
  /// Ends what waits and holds this: nobody waits for it.
  void abandon();
  std::size_t running() const { return running_; }
  net::TaskLoop& loop() { return loop_; }

  TargetsStatus status() const;
  std::vector<std::string> pools() const;
  std::vector<TargetMetadata> metadata() const;
  std::shared_ptr<const config::ScrapeConfig> pool_config(const std::string& name) const;
  ScrapeStats stats() const;
  std::vector<PoolStats> pool_stats() const;
  std::map<std::string, LengthStats> interval_lengths() const;
  std::map<std::string, LengthStats> reload_lengths() const;
  std::shared_ptr<const discovery::Stats> discovery_stats() const { return discovery_stats_; }

 private:
  using TargetPtr = std::shared_ptr<ScrapeTarget>;
  struct Pool {
    std::uint64_t serial = 0;  // tells it from an earlier pool of the same name
    std::shared_ptr<const config::ScrapeConfig> config;
    std::shared_ptr<net::HttpClient> client;
    std::shared_ptr<LineLog> failures;                    // nullptr: none
    std::unique_ptr<discovery::DiscovererSet> discovery;  // null once closed
    std::map<std::string, TargetPtr> targets;             // by identity
    std::vector<DroppedTarget> dropped;
    std::size_t dropped_count = 0;
    bool syncing = false;                     // a worker makes the targets
    bool is_stale = false;                    // what it makes them from has changed meanwhile
    std::string limit_error;                  // target_limit is exceeded: every scrape fails with it
    std::unordered_set<std::uint64_t> names;  // xxhash64 of the metric names that its targets ever wrote
    std::uint64_t names_version = 0;          // what a notice of its scrapes says
    std::uint64_t syncs = 0, sync_failures = 0;
    LengthSummary sync_length;
  };
  using PoolMap = std::map<std::string, Pool>;

  // Configuration (scrape_core.cpp).
  void apply_pool(const config::ScrapeConfig& config);
  std::unique_ptr<discovery::DiscovererSet> make_discovery(const std::string& name);
  void use_failure_logs(const config::PrometheusConfig& config);

  // Targets (scrape_targets.cpp).
  void sync(const std::string& name, Pool& pool);
  static net::Task<void> sync_on_worker(std::shared_ptr<ScrapeCore> core, std::string name, std::uint64_t serial);
  static TargetSource source_of(const Pool& pool);
  void use_targets(const std::string& name, Pool& pool, TargetSet set, MonoTime started);
  TargetPtr join(const std::string& name, const std::string& identity);
  void schedule(const ScrapeTarget& target);
  void leave(const TargetPtr& target);
  void drop_pool(Pool& pool);

  // Scraping (scrape_run.cpp).
  void begin(const std::vector<SlotScheduler::Due>& due);
  void note_start(ScrapeTarget& target, Timestamp slot);
  class Running;
  static net::Task<void> scrape(std::unique_ptr<Running> running, Timestamp t);
  static net::Task<void> fetch(std::shared_ptr<ScrapeCore> core, TargetPtr target, std::shared_ptr<PageWork> work);
  void note_failure(const ScrapeTarget& target, const PageWork& work);
  static net::Task<void> end_series(std::unique_ptr<Running> running, Timestamp t);
  void spawn_end(const TargetPtr& target, Timestamp t);
  const Pool* pool_of(const ScrapeTarget& target) const;
  Fs& fs() const { return options_.fs != nullptr ? *options_.fs : posix_fs(); }
  void count(const ScrapeOutcome& outcome);
  /// Of a scrape that was stored, or of the end of a target's series.
  void notify(const ScrapeTarget& target, const std::vector<std::uint64_t>& fresh_names);

  net::TaskLoop& loop_;
  WorkPool& work_;
  net::HttpClient& client_;
  storage::Appendable& storage_;
  const ScrapeOptions options_;
  SlotScheduler scheduler_;
  const std::shared_ptr<BodyBudget> body_budget_;
  const std::shared_ptr<Turnstile> heavy_;  // for pages that keep a worker busy
  const std::shared_ptr<discovery::Stats> discovery_stats_ = std::make_shared<discovery::Stats>();
  PoolMap pools_;
  std::map<std::string, std::shared_ptr<LineLog>> failure_logs_;      // by path
  std::map<std::uint64_t, TargetPtr> by_id_;                          // targets of the pools
  std::map<std::pair<std::string, std::string>, TargetPtr> leaving_;  // by pool and identity, until their series end
  std::uint64_t last_id_ = 0, last_serial_ = 0, last_names_version_ = 0;
  std::size_t running_ = 0;  // tasks
  bool closed_ = false;
  ScrapeStats stats_;
  std::map<std::string, LengthSummary> interval_lengths_;  // by interval, as Go writes it
  std::map<std::string, LengthSummary> reload_lengths_;
  LengthSummary start_delays_;
};

}  // namespace tocsin::scrape
