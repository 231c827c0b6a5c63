#pragma once
// Scrapes the targets of a configuration and appends what they say.
//
// One pool per scrape_config, one target state per distinct target in it. A target is scraped at fixed slots: offset (a
// hash of the target and the server's seed, rounded down to 100 ms) plus a multiple of the interval since the epoch, so
// that targets share wake-ups, and samples carry the slot's time. A scrape runs as a task on the loop: request, then
// one job on the scrape lane (parse, append, commit), then the status. Two scrapes of one target never overlap.
//
// apply() does not touch a pool whose configuration is what it was, and keeps the state of every target that is still
// there (same labels and URL): slots, series cache, last scrape. Discoverers go on unless their own configuration
// changed.
// A target that went gets its staleness markers after two intervals and a tenth, unless it came back, as in Prometheus.
//
// Source: Prometheus scrape/{manager,scrape,target}.go (3.14).

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "config/prometheus_config.hpp"
#include "discovery/stats.hpp"
#include "net/http.hpp"
#include "scrape/metadata.hpp"
#include "scrape/scrape_notice.hpp"
#include "scrape/stats.hpp"
#include "scrape/target_status.hpp"
#include "storage/storage.hpp"

namespace tocsin::scrape {

class ScrapeCore;

struct ScrapeOptions {
  std::uint64_t offset_seed = 0;  // differs between servers that scrape the same targets
  Duration slot = std::chrono::milliseconds(100);
  std::string external_url;       // for global URLs: "http://host:9090/"
  std::string listen_address;     // likewise: "127.0.0.1:9090", ":9090"
  Fs* fs = nullptr;               // for credentials, discovery and failure logs; nullptr: the system's
  bool adjust_timestamps = true;  // to the slot, if it was met
  Duration timestamp_tolerance = std::chrono::milliseconds(100);  // by how much a slot may be missed and still be met
  // Features of Prometheus (config/features.hpp).
  bool starts = false;                          // pages are read for start timestamps, and samples have them
  bool type_and_unit_labels = false;            // series get __type__ and __unit__
  bool metadata = false;                        // the store is told type, unit and help of series
  ScrapeNoticeFn on_stored;                     // may be empty
  std::size_t body_budget_bytes = 512U << 20U;  // of all pages under way together, beyond the first MiB of each
};

/// Thread: the loop's. What it is given must outlive it and the tasks that it spawned: await stop() before they go.
class ScrapeManager {
 public:
  ScrapeManager(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
                ScrapeOptions options);
  ~ScrapeManager();
  ScrapeManager(const ScrapeManager&) = delete;
  ScrapeManager& operator=(const ScrapeManager&) = delete;

  /// Makes pools and targets as the configuration says; called again on each reload.
  void apply(std::shared_ptr<const config::PrometheusConfig> config);
  /// Begins no more scrapes and waits for those under way, at most their timeouts. Writes no staleness markers: the
  /// next start goes on where this one ended.
  net::Task<void> stop();

  TargetsStatus status() const;
  /// Of every active target.
  std::vector<TargetMetadata> metadata() const;
  /// The configuration of a pool, or nullptr.
  std::shared_ptr<const config::ScrapeConfig> pool_config(const std::string& name) const;
  /// Names of the pools, sorted.
  std::vector<std::string> pools() const;
  ScrapeStats stats() const;
  std::vector<PoolStats> pool_stats() const;
  /// Between the starts of two scrapes of a target, by interval ("1m0s"); of reloads of a pool, likewise.
  std::map<std::string, LengthStats> interval_lengths() const;
  std::map<std::string, LengthStats> reload_lengths() const;
  std::shared_ptr<const discovery::Stats> discovery_stats() const;

 private:
  std::shared_ptr<ScrapeCore> core_;  // shared with the tasks that are under way
};

}  // namespace tocsin::scrape
