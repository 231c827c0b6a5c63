#pragma once
// From the rules to those who route: external labels and alert_relabel_configs are applied here, as Prometheus'
// notifier does before it sends.

#include <functional>
#include <memory>
#include <vector>

#include "base/thread_annotations.hpp"
#include "config/prometheus_config.hpp"
#include "rules/sinks.hpp"

namespace tocsin::app {

/// Thread: any.
class AlertForwarder final : public rules::AlertSink {
 public:
  /// Takes the alerts as they are to be routed. Thread: any; must not block.
  using Target = std::function<void(std::vector<model::AlertPtr>)>;

  void add_target(Target target) { targets_.push_back(std::move(target)); }  // before the first post()
  void apply(std::shared_ptr<const config::PrometheusConfig> config) TOCSIN_EXCLUDES(mutex_);
  void post(std::vector<model::AlertPtr> alerts) override TOCSIN_EXCLUDES(mutex_);
  std::uint64_t posted() const TOCSIN_EXCLUDES(mutex_);
  std::uint64_t dropped() const TOCSIN_EXCLUDES(mutex_);  // by relabelling

 private:
  std::vector<Target> targets_;
  mutable Mutex mutex_;
  std::shared_ptr<const config::PrometheusConfig> config_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t posted_ TOCSIN_GUARDED_BY(mutex_) = 0, dropped_ TOCSIN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::app
