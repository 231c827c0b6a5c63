#pragma once
// All targets of a pool, made from what its discoverers found. Costs a relabelling for each, so that large sets are
// made on a worker.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/prometheus_config.hpp"
#include "discovery/discoverer.hpp"
#include "scrape/target.hpp"
#include "scrape/target_status.hpp"

namespace tocsin::scrape {

/// A snapshot that any thread may read.
struct TargetSource {
  std::shared_ptr<const config::ScrapeConfig> config;
  std::vector<std::shared_ptr<const discovery::TargetGroup>> groups;

  /// Rules to be applied: what making the set costs, in about as many microseconds.
  std::size_t cost() const;
};

struct TargetSet {
  std::map<std::string, TargetSpec> targets;  // by identity
  std::vector<DroppedTarget> dropped;         // keep_dropped_targets at most
  std::size_t dropped_count = 0;              // all
  std::uint64_t failed = 0;                   // labels that make no target: logged
};

/// Source: Prometheus scrape/scrape.go, scrapePool.Sync. Thread: any.
TargetSet make_target_set(const TargetSource& source);

}  // namespace tocsin::scrape
