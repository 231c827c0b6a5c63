#pragma once
// The state of one target on the loop.

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "scrape/metadata.hpp"
#include "scrape/target.hpp"
#include "scrape/target_ingest.hpp"
#include "scrape/target_status.hpp"

namespace tocsin::scrape {

/// Thread: the loop's, but `ingest` belongs to the worker while `running`.
struct ScrapeTarget {
  std::uint64_t id = 0;
  std::string pool;
  TargetSpec spec;
  std::shared_ptr<const IngestRules> rules;
  TargetIngest ingest;
  bool running = false;

  std::optional<MonoTime> last_start;  // of a scrape
  std::size_t page_bytes = 0;          // of the last page, to expect the next by

  // The last scrape.
  Health health = Health::kUnknown;
  bool scraped = false;
  Timestamp last_scrape = 0;
  double last_duration_seconds = 0;
  std::string last_error;
  std::size_t cache_bytes = 0;
  MetadataPtr metadata;  // of the last good page

  // What was complained about already: each trouble is logged when it begins.
  bool out_of_order = false, duplicates = false, out_of_bounds = false, series_limit = false, commit_failed = false;

  TimerId end_timer = 0;  // of a target that went: when its series end

  TargetStatus status() const;
  /// Takes the outcome of a scrape over and logs what changed by it.
  void finish(Timestamp t, ScrapeOutcome outcome);
};

}  // namespace tocsin::scrape
