#pragma once
// What /api/v1/targets says of each target. Values only: made on the loop, read anywhere.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/labels.hpp"

namespace tocsin::scrape {

enum class Health { kUnknown, kUp, kDown };
std::string_view health_text(Health health);  // "unknown", "up", "down"

struct TargetStatus {
  model::Labels discovered_labels;  // before relabelling
  model::Labels labels;             // public ones, as its series carry them
  std::string scrape_pool;          // the job_name of its configuration
  std::string scrape_url;
  std::string global_url;  // with the external host where the URL names this machine
  std::string last_error;
  bool scraped = false;       // false: last_scrape and the duration mean nothing yet
  Timestamp last_scrape = 0;  // the slot of the last scrape
  double last_scrape_duration_seconds = 0;
  Health health = Health::kUnknown;
  std::string scrape_interval;  // as durations of Prometheus: "15s"
  std::string scrape_timeout;
};

struct DroppedTarget {
  model::Labels discovered_labels;
  std::string scrape_pool;
};

struct TargetsStatus {
  std::vector<TargetStatus> active;  // by pool, then URL
  std::vector<DroppedTarget> dropped;
  std::map<std::string, std::size_t> dropped_counts;  // every pool has an entry
};

}  // namespace tocsin::scrape
