#include "scrape/target_set.hpp"

#include <utility>

#include "base/log.hpp"

namespace tocsin::scrape {

std::size_t TargetSource::cost() const {
  std::size_t targets = 0;
  for (const auto& group : groups) targets += group->targets.size();
  return targets * (config->relabel_configs.size() + 1);
}

TargetSet make_target_set(const TargetSource& source) {
  TargetSet out;
  const config::ScrapeConfig& config = *source.config;
  const auto drop = [&](const model::Labels& target, const model::Labels& group) {
    ++out.dropped_count;
    if (config.keep_dropped_targets > 0 && out.dropped.size() >= config.keep_dropped_targets) return;
    out.dropped.push_back({discovered_labels(config, target, group), config.job_name});
  };
  for (const auto& group : source.groups) {
    for (std::size_t i = 0; i < group->targets.size(); ++i) {
      auto made = make_target(config, group->targets[i], group->labels);
      if (!made) {
        ++out.failed;
        log::error("scrape", "creating a target failed",
                   {{"scrape_pool", config.job_name},
                    {"group", group->source},
                    {"instance", i},
                    {"err", made.error().message}});
      } else if (!*made) {
        drop(group->targets[i], group->labels);
      } else {
        std::string identity = (*made)->identity();
        out.targets.try_emplace(std::move(identity), std::move(**made));
      }
    }
  }
  return out;
}

}  // namespace tocsin::scrape
