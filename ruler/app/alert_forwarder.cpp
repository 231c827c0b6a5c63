#include "app/alert_forwarder.hpp"

namespace tocsin::app {
namespace {

/// @return nullptr if relabelling drops the alert.
model::AlertPtr as_sent(const model::AlertPtr& alert, const config::PrometheusConfig& config) {
  if (config.external_labels.empty() && config.alert_relabel_configs.empty()) return alert;
  model::LabelsBuilder builder(alert->labels);
  for (const model::LabelView label : config.external_labels) {
    if (!alert->labels.has(label.name)) builder.set(label.name, label.value);
  }
  auto labels = config::relabel(builder.build(), config.alert_relabel_configs);
  if (!labels || labels->empty()) return nullptr;
  auto sent = std::make_shared<model::Alert>(*alert);
  sent->labels = std::move(*labels);
  return sent;
}

}  // namespace

void AlertForwarder::apply(std::shared_ptr<const config::PrometheusConfig> config) {
  MutexLock lock(mutex_);
  config_ = std::move(config);
}

void AlertForwarder::post(std::vector<model::AlertPtr> alerts) {
  std::shared_ptr<const config::PrometheusConfig> config;
  {
    MutexLock lock(mutex_);
    config = config_;
    posted_ += alerts.size();
  }
  if (config) {
    const std::size_t before = alerts.size();
    for (model::AlertPtr& alert : alerts) alert = as_sent(alert, *config);
    std::erase(alerts, nullptr);
    MutexLock lock(mutex_);
    dropped_ += before - alerts.size();
  }
  if (alerts.empty()) return;
  for (const Target& target : targets_) target(alerts);
}

std::uint64_t AlertForwarder::posted() const {
  MutexLock lock(mutex_);
  return posted_;
}

std::uint64_t AlertForwarder::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace tocsin::app
