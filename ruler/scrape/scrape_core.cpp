#include "scrape/scrape_core.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "client/client.hpp"
#include "scrape/target.hpp"

namespace tocsin::scrape {
namespace {

std::map<std::string, LengthStats> stats_of(const std::map<std::string, LengthSummary>& lengths, MonoTime now) {
  std::map<std::string, LengthStats> out;
  for (const auto& [interval, summary] : lengths) out.emplace(interval, summary.stats(now));
  return out;
}

}  // namespace

ScrapeCore::ScrapeCore(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
                       ScrapeOptions options)
    : loop_(loop),
      work_(work),
      client_(client),
      storage_(storage),
      options_(std::move(options)),
      scheduler_(loop, options_.timestamp_tolerance,
                 [this](const std::vector<SlotScheduler::Due>& due) { begin(due); }),
      body_budget_(std::make_shared<BodyBudget>(options_.body_budget_bytes)),
      heavy_(std::make_shared<Turnstile>(loop)) {}

void ScrapeCore::apply(const std::shared_ptr<const config::PrometheusConfig>& config) {
  if (closed_) return;
  const auto is_configured = [&config](const std::string& name) {
    return std::any_of(config->scrape_configs.begin(), config->scrape_configs.end(),
                       [&name](const auto& scrape) { return scrape.job_name == name; });
  };
  for (auto pool = pools_.begin(); pool != pools_.end();) {
    if (is_configured(pool->first)) {
      ++pool;
      continue;
    }
    drop_pool(pool->second);
    pool = pools_.erase(pool);
  }
  use_failure_logs(*config);
  for (const auto& scrape : config->scrape_configs) apply_pool(scrape);
}

/// A file is opened again by each reload: that is how its rotation is told. Source: Prometheus scrape/manager.go.
void ScrapeCore::use_failure_logs(const config::PrometheusConfig& config) {
  std::map<std::string, std::shared_ptr<LineLog>> wanted;
  for (const auto& scrape : config.scrape_configs) {
    const std::string& path = scrape.scrape_failure_log_file;
    if (path.empty() || wanted.contains(path)) continue;
    if (const auto known = failure_logs_.find(path); known != failure_logs_.end()) {
      wanted[path] = known->second;
      known->second->reopen();
    } else {
      wanted[path] =
          std::make_shared<LineLog>(fs(), work_.lane(Lane::kQuery), path, "scrape", "the scrape failure log");
    }
  }
  for (const auto& [path, log] : failure_logs_) {
    if (!wanted.contains(path)) stats_.failure_log_dropped += log->dropped();
  }
  failure_logs_ = std::move(wanted);
}

void ScrapeCore::apply_pool(const config::ScrapeConfig& config) {
  const std::string& name = config.job_name;
  const auto [place, is_new] = pools_.try_emplace(name);
  Pool& pool = place->second;
  const auto log = failure_logs_.find(config.scrape_failure_log_file);
  pool.failures = log == failure_logs_.end() ? nullptr : log->second;
  if (!is_new && *pool.config == config) return;
  const MonoTime started = loop_.clock().mono();
  ++(is_new ? stats_.pools : stats_.pool_reloads);
  if (is_new) pool.serial = ++last_serial_;
  pool.config = std::make_shared<const config::ScrapeConfig>(config);
  pool.names_version = ++last_names_version_;
  pool.client = client::make_client(config.http, {loop_, work_, client_, fs()});
  if (is_new) pool.discovery = make_discovery(name);
  pool.discovery->apply(config.discovery);
  sync(name, pool);
  if (!is_new) {
    const MonoTime now = loop_.clock().mono();
    reload_lengths_[format_go_duration(config.scrape_interval)].observe(now, to_seconds(now - started));
  }
}

std::unique_ptr<discovery::DiscovererSet> ScrapeCore::make_discovery(const std::string& name) {
  discovery::Services services{loop_, work_, client_, fs(), name, discovery_stats_};
  return std::make_unique<discovery::DiscovererSet>(std::move(services), [this, name] {
    const auto pool = pools_.find(name);
    if (!closed_ && pool != pools_.end()) sync(name, pool->second);
  });
}

void ScrapeCore::close() {
  closed_ = true;
  scheduler_.stop();
  for (const auto& [key, target] : leaving_) loop_.cancel(target->end_timer);
  leaving_.clear();
  for (auto& [name, pool] : pools_) pool.discovery = nullptr;
}

void ScrapeCore::abandon() {
  heavy_->close();
}

TargetsStatus ScrapeCore::status() const {
  TargetsStatus out;
  for (const auto& [name, pool] : pools_) {
    const std::size_t first = out.active.size();
    for (const auto& [identity, target] : pool.targets) {
      out.active.push_back(target->status());
      auto& status = out.active.back();
      status.global_url = global_url(status.scrape_url, options_.external_url, options_.listen_address);
    }
    std::sort(out.active.begin() + static_cast<std::ptrdiff_t>(first), out.active.end(),
              [](const TargetStatus& a, const TargetStatus& b) {
                return a.scrape_url != b.scrape_url ? a.scrape_url < b.scrape_url : a.labels < b.labels;
              });
    out.dropped.insert(out.dropped.end(), pool.dropped.begin(), pool.dropped.end());
    out.dropped_counts[name] = pool.dropped_count;
  }
  return out;
}

std::vector<std::string> ScrapeCore::pools() const {
  std::vector<std::string> out;
  for (const auto& [name, pool] : pools_) out.push_back(name);
  return out;
}

std::vector<TargetMetadata> ScrapeCore::metadata() const {
  std::vector<TargetMetadata> out;
  for (const auto& [name, pool] : pools_) {
    for (const auto& [identity, target] : pool.targets) {
      out.push_back({target->spec.labels, name, target->metadata});
    }
  }
  return out;
}

std::shared_ptr<const config::ScrapeConfig> ScrapeCore::pool_config(const std::string& name) const {
  const auto pool = pools_.find(name);
  return pool == pools_.end() ? nullptr : pool->second.config;
}

ScrapeStats ScrapeCore::stats() const {
  ScrapeStats out = stats_;
  out.targets = by_id_.size();
  out.body_bytes = body_budget_->used();
  out.start_delay = start_delays_.stats(loop_.clock().mono());
  for (const auto& [id, target] : by_id_) out.cache_bytes += target->cache_bytes;
  for (const auto& [path, log] : failure_logs_) out.failure_log_dropped += log->dropped();
  return out;
}

std::vector<PoolStats> ScrapeCore::pool_stats() const {
  std::vector<PoolStats> out;
  for (const auto& [name, pool] : pools_) {
    PoolStats stats{.name = name, .targets = pool.targets.size(), .target_limit = pool.config->target_limit};
    for (const auto& group : source_of(pool).groups) stats.discovered += group->targets.size();
    stats.syncs = pool.syncs;
    stats.sync_failures = pool.sync_failures;
    stats.sync_length = pool.sync_length.stats(loop_.clock().mono());
    for (const auto& [identity, target] : pool.targets) {
      if (target->metadata == nullptr) continue;
      stats.metadata_entries += target->metadata->size();
      for (const MetricMetadata& metric : *target->metadata) {
        stats.metadata_bytes += metric.help.size() + metric.unit.size() + model::metric_type_text(metric.type).size();
      }
    }
    out.push_back(std::move(stats));
  }
  return out;
}

std::map<std::string, LengthStats> ScrapeCore::interval_lengths() const {
  return stats_of(interval_lengths_, loop_.clock().mono());
}

std::map<std::string, LengthStats> ScrapeCore::reload_lengths() const {
  return stats_of(reload_lengths_, loop_.clock().mono());
}

}  // namespace tocsin::scrape
