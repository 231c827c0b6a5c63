#include "scrape/scrape_core.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "scrape/target.hpp"

namespace tocsin::scrape {
namespace {

constexpr std::string_view kComponent = "scrape";

}  // namespace

ScrapeCore::ScrapeCore(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
                       ScrapeOptions options)
    : loop_(loop),
      work_(work),
      client_(client),
      storage_(storage),
      options_(std::move(options)),
      scheduler_(loop, options_.slot, [this](const std::vector<SlotScheduler::Due>& due) { begin(due); }) {}

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
  for (const auto& scrape : config->scrape_configs) {
    apply_pool(scrape.job_name, std::shared_ptr<const config::ScrapeConfig>(config, &scrape));
  }
}

void ScrapeCore::apply_pool(const std::string& name, std::shared_ptr<const config::ScrapeConfig> config) {
  const auto [place, is_new] = pools_.try_emplace(name);
  Pool& pool = place->second;
  ++(is_new ? stats_.pools : stats_.pool_reloads);
  pool.config = std::move(config);
  pool.generation = ++last_generation_;
  pool.discoverers = discovery::make_discoverers(pool.config->discovery, {loop_, work_, client_, fs()});
  pool.found.resize(pool.discoverers.size());
  pool.applying = true;
  for (std::size_t i = 0; i < pool.discoverers.size(); ++i) {
    pool.discoverers[i]->start(
        [this, name, i, generation = pool.generation](std::vector<discovery::TargetGroup> groups) {
          take_groups(name, i, generation, std::move(groups));
        });
  }
  pool.applying = false;
  sync(name, pool);
}

void ScrapeCore::take_groups(const std::string& name, std::size_t discoverer, std::uint64_t generation,
                             std::vector<discovery::TargetGroup> groups) {
  const auto place = pools_.find(name);
  if (closed_ || place == pools_.end() || place->second.generation != generation) return;
  Found& found = place->second.found[discoverer];
  if (found.generation != generation) found = {generation, {}};
  for (auto& group : groups) {
    if (group.targets.empty()) {
      found.groups.erase(group.source);
    } else {
      std::string source = group.source;
      found.groups.insert_or_assign(std::move(source), std::move(group));
    }
  }
  if (!place->second.applying) sync(name, place->second);
}

std::map<std::string, TargetSpec> ScrapeCore::make_targets(const std::string& name, Pool& pool) {
  std::map<std::string, TargetSpec> out;
  pool.dropped.clear();
  for (const Found& found : pool.found) {
    for (const auto& [source, group] : found.groups) {
      for (std::size_t i = 0; i < group.targets.size(); ++i) {
        auto made = make_target(*pool.config, group.targets[i], group.labels);
        if (!made) {
          ++stats_.targets_failed;
          log::error(kComponent, "creating a target failed",
                     {{"scrape_pool", name}, {"group", source}, {"instance", i}, {"err", made.error().message}});
        } else if (!*made) {
          pool.dropped.push_back({discovered_labels(*pool.config, group.targets[i], group.labels), name});
        } else {
          std::string identity = (*made)->identity();
          out.try_emplace(std::move(identity), std::move(**made));
        }
      }
    }
  }
  return out;
}

void ScrapeCore::sync(const std::string& name, Pool& pool) {
  auto wanted = make_targets(name, pool);
  for (auto target = pool.targets.begin(); target != pool.targets.end();) {
    if (wanted.contains(target->first)) {
      ++target;
      continue;
    }
    leave(target->second);
    target = pool.targets.erase(target);
  }
  for (auto& [identity, spec] : wanted) {
    TargetPtr& target = pool.targets[identity];
    const bool is_new = target == nullptr;
    if (is_new) target = join(name, identity);
    const bool is_moved = target->spec.interval != spec.interval;
    target->spec = std::move(spec);
    target->rules = std::make_shared<const IngestRules>(IngestRules{pool.config, target->spec.labels});
    if (is_new || is_moved) schedule(*target);
  }
  pool.limit_error.clear();
  if (pool.config->target_limit > 0 && pool.targets.size() > pool.config->target_limit) {
    ++stats_.exceeded_target_limit;
    pool.limit_error = fmt::format("target_limit exceeded (number of targets: {}, limit: {})", pool.targets.size(),
                                   pool.config->target_limit);
  }
}

/// A new target, or one that left a while ago and comes back with all that is known of it.
ScrapeCore::TargetPtr ScrapeCore::join(const std::string& name, const std::string& identity) {
  TargetPtr target;
  if (auto left = leaving_.extract({name, identity}); !left.empty()) {
    target = std::move(left.mapped());
    loop_.cancel(target->end_timer);
    target->end_timer = 0;
  } else {
    target = std::make_shared<ScrapeTarget>();
    target->id = ++last_id_;
    target->pool = name;
  }
  by_id_[target->id] = target;
  return target;
}

void ScrapeCore::schedule(const ScrapeTarget& target) {
  const std::int64_t interval_ms = std::max<std::int64_t>(to_ms(target.spec.interval), 1);
  const std::int64_t slot_ms = std::max<std::int64_t>(to_ms(options_.slot), 1);
  const std::uint64_t hash = xxhash64(fmt::format("{}\n{}", target.spec.identity(), options_.offset_seed));
  const auto spread_ms = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval_ms));
  scheduler_.add(target.id, interval_ms, spread_ms - spread_ms % slot_ms);
}

void ScrapeCore::leave(const TargetPtr& target) {
  const Timestamp slot = scheduler_.next_slot(target->id);
  scheduler_.remove(target->id);
  by_id_.erase(target->id);
  if (!target->scraped && !target->running) return;
  // The series end at the slot that would have been next, but it is told later: the target may come back, or its series
  // may go on under another.
  const Duration wait =
      std::chrono::milliseconds(slot - loop_.clock().now()) + target->spec.interval + target->spec.interval / 10;
  target->end_timer = loop_.call_after(wait, [this, target, slot] {
    target->end_timer = 0;
    leaving_.erase({target->pool, target->spec.identity()});
    spawn_end(target, slot);
  });
  leaving_[{target->pool, target->spec.identity()}] = target;
}

void ScrapeCore::drop_pool(Pool& pool) {
  for (const auto& [identity, target] : pool.targets) leave(target);
  --stats_.pools;
}

void ScrapeCore::close() {
  closed_ = true;
  scheduler_.stop();
  for (const auto& [key, target] : leaving_) loop_.cancel(target->end_timer);
  leaving_.clear();
  for (auto& [name, pool] : pools_) pool.discoverers.clear();
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
    out.dropped_counts[name] = pool.dropped.size();
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
  for (const auto& [id, target] : by_id_) out.cache_bytes += target->cache_bytes;
  return out;
}

}  // namespace tocsin::scrape
