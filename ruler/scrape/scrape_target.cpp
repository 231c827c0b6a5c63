#include "scrape/scrape_target.hpp"

#include <utility>

#include "base/log.hpp"

namespace tocsin::scrape {
namespace {

constexpr std::string_view kComponent = "scrape";

/// Logs a trouble when it begins. @return whether it is there now.
bool complain(const ScrapeTarget& target, bool before, std::uint64_t count, std::string_view message) {
  if (count > 0 && !before) {
    log::warn(kComponent, message, {{"scrape_pool", target.pool}, {"target", target.spec.url}, {"num_dropped", count}});
  }
  return count > 0;
}

}  // namespace

std::string_view health_text(Health health) {
  switch (health) {
    case Health::kUp:
      return "up";
    case Health::kDown:
      return "down";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

TargetStatus ScrapeTarget::status() const {
  TargetStatus out;
  out.discovered_labels = spec.discovered;
  out.labels = spec.labels;
  out.scrape_pool = pool;
  out.scrape_url = spec.url;
  out.last_error = last_error;
  out.scraped = scraped;
  out.last_scrape = last_scrape;
  out.last_scrape_duration_seconds = last_duration_seconds;
  out.health = health;
  out.scrape_interval = spec.interval_text;
  out.scrape_timeout = spec.timeout_text;
  return out;
}

void ScrapeTarget::finish(Timestamp t, ScrapeOutcome outcome) {
  const Health now = outcome.error.empty() ? Health::kUp : Health::kDown;
  if (now == Health::kDown && health != now) {
    log::warn(kComponent, "target is down", {{"scrape_pool", pool}, {"target", spec.url}, {"err", outcome.error}});
  } else if (now == Health::kUp && health == Health::kDown) {
    log::info(kComponent, "target is up again", {{"scrape_pool", pool}, {"target", spec.url}});
  }
  const PageCounts& counts = outcome.counts;
  if (now == Health::kUp) {
    out_of_order = complain(*this, out_of_order, counts.out_of_order, "out-of-order samples are dropped");
    duplicates =
        complain(*this, duplicates, counts.duplicates, "samples with different value but same timestamp are dropped");
    out_of_bounds = complain(*this, out_of_bounds, counts.out_of_bounds,
                             "samples that are too old or too far into the future are dropped");
    series_limit = complain(*this, series_limit, counts.series_limit,
                            "the series budget is used up: samples of new series are dropped");
  }
  if (!outcome.commit_error.empty() && !commit_failed) {
    log::error(kComponent, "storing a scrape failed",
               {{"scrape_pool", pool}, {"target", spec.url}, {"err", outcome.commit_error}});
  }
  commit_failed = !outcome.commit_error.empty();
  health = now;
  scraped = true;
  last_scrape = t;
  last_duration_seconds = outcome.duration_seconds;
  last_error = std::move(outcome.error);
  cache_bytes = outcome.cache_bytes;
  if (outcome.metadata) metadata = std::move(outcome.metadata);
}

}  // namespace tocsin::scrape
