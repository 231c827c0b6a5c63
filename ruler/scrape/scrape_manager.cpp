#include "scrape/scrape_manager.hpp"

#include <utility>

#include "scrape/scrape_core.hpp"

namespace tocsin::scrape {

ScrapeManager::ScrapeManager(net::TaskLoop& loop, WorkPool& work, net::HttpClient& client, storage::Appendable& storage,
                             ScrapeOptions options)
    : core_(std::make_shared<ScrapeCore>(loop, work, client, storage, std::move(options))) {}

ScrapeManager::~ScrapeManager() {
  core_->close();
  core_->abandon();
}

void ScrapeManager::apply(std::shared_ptr<const config::PrometheusConfig> config) {
  core_->apply(config);
}

namespace {

net::Task<void> wait_until_idle(std::shared_ptr<ScrapeCore> core) {
  while (core->running() > 0) co_await net::sleep_for(core->loop(), std::chrono::milliseconds(10));
}

}  // namespace

net::Task<void> ScrapeManager::stop() {
  core_->close();
  return wait_until_idle(core_);
}

TargetsStatus ScrapeManager::status() const {
  return core_->status();
}
std::vector<TargetMetadata> ScrapeManager::metadata() const {
  return core_->metadata();
}
std::shared_ptr<const config::ScrapeConfig> ScrapeManager::pool_config(const std::string& name) const {
  return core_->pool_config(name);
}
std::vector<std::string> ScrapeManager::pools() const {
  return core_->pools();
}
ScrapeStats ScrapeManager::stats() const {
  return core_->stats();
}
std::vector<PoolStats> ScrapeManager::pool_stats() const {
  return core_->pool_stats();
}
std::map<std::string, LengthStats> ScrapeManager::interval_lengths() const {
  return core_->interval_lengths();
}
std::map<std::string, LengthStats> ScrapeManager::reload_lengths() const {
  return core_->reload_lengths();
}
std::shared_ptr<const discovery::Stats> ScrapeManager::discovery_stats() const {
  return core_->discovery_stats();
}

}  // namespace tocsin::scrape
