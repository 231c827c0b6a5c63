#pragma once
// /api/v1/status/{buildinfo,config,flags,runtimeinfo,tsdb,tsdb/blocks,walreplay,self_metrics}, /api/v1/alertmanagers,
// /version: what this process is, how it was started, what it holds.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/query_lane.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace tocsin::api {

/// What changes while the process runs.
struct RuntimeStatus {
  bool reload_ok = true;
  Timestamp last_reload = 0;  // of the configuration in force
  std::string config_text;    // of prometheus.yml, as read
  std::string retention;      // "32d"
};

/// The shape of /api/v1/status/tsdb.
struct TsdbStatus {
  struct Item {
    std::string name;
    std::uint64_t value = 0;
  };
  using Items = std::vector<Item>;
  std::uint64_t series = 0, label_pairs = 0, chunks = 0;
  Timestamp min_time = 0, max_time = 0;
  Items series_by_metric, values_by_label, bytes_by_label, series_by_label_pair;
  /// Ours alone, told if there is a budget: how much of it is used, and which jobs were refused series.
  struct Job {
    std::string job;
    std::uint64_t series = 0, limit = 0, shed = 0;  // limit 0: none of its own
    bool shedding = false;                          // it is refused series now
  };
  std::uint64_t series_limit = 0, series_limit_per_job = 0, series_shed = 0;  // limit 0: none
  std::vector<Job> jobs;
};

struct StatusSource {
  Timestamp started = 0;
  std::vector<std::pair<std::string, std::string>> flags;  // name without dashes, value
  /// Segments of the write-ahead log that the start reads.
  struct WalReplay {
    std::uint32_t first = 0, last = 0, current = 0;
  };
  std::function<WalReplay()> wal_replay;              // thread: the loop's
  std::function<RuntimeStatus()> now;                 // thread: the loop's
  std::function<TsdbStatus(std::size_t limit)> tsdb;  // at most `limit` of each list; thread: any
  /// meta.json of each block, in order of time. Thread: the loop's. May be empty.
  std::function<std::vector<std::string>()> blocks;
  struct Alertmanagers {
    std::vector<std::string> active, dropped;  // URLs
  };
  std::function<Alertmanagers()> alertmanagers;  // thread: the loop's
  /// The page of /metrics; owns or shares its text. Thread: the loop's.
  std::function<std::shared_ptr<const std::string>()> metrics_page;
};

/// buildinfo gives a version that Grafana takes for a Prometheus of the language level that we have, and no `features`,
/// which would make it a Mimir. The lane must outlive the router. Thread: the loop's.
/// Source: Prometheus web/api/v1/api.go, serveRuntimeInfo() and what follows it.
void add_status_api(net::HttpRouter& router, QueryLane& lane, StatusSource source);

}  // namespace tocsin::api
