// The targets of pools: made from what was found, joining and leaving.

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "scrape/scrape_core.hpp"

namespace tocsin::scrape {
namespace {

/// A set that costs more is made on a worker, and not more often than this.
constexpr std::size_t kLoopCost = 500;
constexpr Duration kSyncPause = std::chrono::seconds(1);

}  // namespace

TargetSource ScrapeCore::source_of(const Pool& pool) {
  return {pool.config, pool.discovery ? pool.discovery->groups() : std::vector<discovery::DiscovererSet::GroupPtr>()};
}

void ScrapeCore::sync(const std::string& name, Pool& pool) {
  if (pool.syncing) {
    pool.is_stale = true;
    return;
  }
  const TargetSource source = source_of(pool);
  if (source.cost() <= kLoopCost) {
    const MonoTime started = loop_.clock().mono();
    use_targets(name, pool, make_target_set(source), started);
    return;
  }
  pool.syncing = true;
  loop_.spawn("scrape: targets of a pool", sync_on_worker(shared_from_this(), name, pool.serial));
}

/// Until the targets are made from what is found now.
net::Task<void> ScrapeCore::sync_on_worker(std::shared_ptr<ScrapeCore> core, std::string name, std::uint64_t serial) {
  for (bool again = true; again;) {
    auto pool = core->pools_.find(name);
    if (core->closed_ || pool == core->pools_.end() || pool->second.serial != serial) co_return;
    pool->second.is_stale = false;
    const MonoTime started = core->loop_.clock().mono();
    auto make = [source = source_of(pool->second)] { return make_target_set(source); };
    TargetSet set = co_await net::run_on(core->loop_, core->work_.lane(Lane::kRule), std::move(make));
    pool = core->pools_.find(name);
    if (core->closed_ || pool == core->pools_.end() || pool->second.serial != serial) co_return;
    core->use_targets(name, pool->second, std::move(set), started);
    co_await net::sleep_for(core->loop_, kSyncPause);
    pool = core->pools_.find(name);
    if (core->closed_ || pool == core->pools_.end() || pool->second.serial != serial) co_return;
    again = pool->second.is_stale;
    pool->second.syncing = again;
  }
}

void ScrapeCore::use_targets(const std::string& name, Pool& pool, TargetSet set, MonoTime started) {
  for (auto target = pool.targets.begin(); target != pool.targets.end();) {
    if (set.targets.contains(target->first)) {
      ++target;
      continue;
    }
    leave(target->second);
    target = pool.targets.erase(target);
  }
  for (auto& [identity, spec] : set.targets) {
    TargetPtr& target = pool.targets[identity];
    const bool is_new = target == nullptr;
    if (is_new) target = join(name, identity);
    const bool is_moved = target->spec.interval != spec.interval;
    target->spec = std::move(spec);
    target->spec.histograms.starts = options_.starts;
    if (target->rules == nullptr || target->rules->config != pool.config ||
        target->rules->histograms != target->spec.histograms) {
      target->rules = std::make_shared<const IngestRules>(IngestRules{
          pool.config, target->spec.labels, target->spec.histograms, options_.type_and_unit_labels, options_.metadata});
    }
    if (is_new || is_moved) schedule(*target);
  }
  pool.dropped = std::move(set.dropped);
  pool.dropped_count = set.dropped_count;
  pool.sync_failures += set.failed;
  stats_.targets_failed += set.failed;
  pool.limit_error.clear();
  if (pool.config->target_limit > 0 && pool.targets.size() > pool.config->target_limit) {
    ++stats_.exceeded_target_limit;
    pool.limit_error = fmt::format("target_limit exceeded (number of targets: {}, limit: {})", pool.targets.size(),
                                   pool.config->target_limit);
  }
  ++pool.syncs;
  const MonoTime now = loop_.clock().mono();
  pool.sync_length.observe(now, to_seconds(now - started));
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
}

}  // namespace tocsin::scrape
