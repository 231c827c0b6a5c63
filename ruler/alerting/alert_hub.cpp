#include "alerting/alert_hub.hpp"

#include <algorithm>
#include <utility>

#include "base/fault_point.hpp"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";

bool overlap(const model::Alert& old, const model::Alert& fresh) {
  return (fresh.ends_at > old.starts_at && fresh.ends_at < old.ends_at) ||
         (fresh.starts_at > old.starts_at && fresh.starts_at < old.ends_at);
}

}  // namespace

model::Alert merge_alerts(const model::Alert& older, const model::Alert& younger, Timestamp now) {
  if (younger.updated_at < older.updated_at) return merge_alerts(younger, older, now);
  model::Alert merged = younger;
  merged.starts_at = std::min(older.starts_at, younger.starts_at);
  const bool later = older.ends_at > younger.ends_at;
  if (younger.resolved_at(now)) {
    if (older.resolved_at(now) && later) merged.ends_at = older.ends_at;
  } else if (later && !older.timeout) {
    merged.ends_at = older.ends_at;
  }
  return merged;
}

Result<void> AlertHub::load(Timestamp now, Duration longest) {
  TOCSIN_TRY(std::vector<model::Alert> stored, store_->load_alerts());
  if (!options_.persist) {
    std::vector<model::Labels> labels;
    for (model::Alert& alert : stored) labels.push_back(std::move(alert.labels));
    if (!labels.empty()) store_->remove_alerts(std::move(labels));
    return {};
  }
  Timestamp last_heard = 0;
  for (const model::Alert& alert : stored) last_heard = std::max(last_heard, alert.updated_at);
  for (model::Alert& alert : stored) {
    const Timestamp validity = alert.ends_at - alert.updated_at;
    if (validity > 0 && alert.ends_at > last_heard)
      alert.ends_at = std::max(alert.ends_at, now + std::min(validity, to_ms(longest)));
    const std::uint64_t fingerprint = alert.labels.fingerprint();
    if (name_limit_.limit() > 0) name_limit_.take(alert.labels.get(kAlertName), fingerprint, alert.ends_at, now);
    alerts_[fingerprint] = std::make_shared<const model::Alert>(std::move(alert));
  }
  return {};
}

std::optional<state::KeyedAlert> AlertHub::put(const model::AlertPtr& alert, Timestamp now) {
  state::KeyedAlert kept(alert);
  auto known = alerts_.find(kept.fingerprint);
  const bool is_new = known == alerts_.end();
  if (!is_new && overlap(*known->second, *alert)) {
    kept.alert = std::make_shared<const model::Alert>(merge_alerts(*known->second, *alert, now));
  }
  const bool too_many = is_new && options_.max_alerts > 0 && alerts_.size() >= options_.max_alerts;
  if (too_many || !within_name_limit(kept, now)) {
    ++metrics_->alerts_limited;
    return std::nullopt;
  }
  if (is_new) {
    alerts_.emplace(kept.fingerprint, alert);
  } else {
    known->second = kept.alert;
  }
  if (options_.persist) unsaved_.push_back(kept);
  return kept;
}

bool AlertHub::within_name_limit(const state::KeyedAlert& kept, Timestamp now) {
  return name_limit_.limit() == 0 ||
         name_limit_.take(kept.alert->labels.get(kAlertName), kept.fingerprint, kept.alert->ends_at, now);
}

void AlertHub::save() {
  if (!unsaved_.empty()) store_->save_alerts(std::exchange(unsaved_, {}));
}

model::AlertPtr AlertHub::find(std::uint64_t fingerprint) const {
  const auto found = alerts_.find(fingerprint);
  return found == alerts_.end() ? nullptr : found->second;
}

void AlertHub::settle(const std::vector<model::AlertPtr>& alerts) {
  if (!options_.persist) return;
  std::vector<model::Labels> labels;
  for (const model::AlertPtr& alert : alerts) {
    // One that fires again was put() anew.
    if (find(alert->labels.fingerprint()) == alert) labels.push_back(alert->labels);
  }
  if (!labels.empty()) store_->remove_alerts(std::move(labels));
  fault_point(FaultPoint::kResolveNoted);
}

std::vector<model::AlertPtr> AlertHub::collect(Timestamp now, const std::function<bool(std::uint64_t)>& wanted) {
  name_limit_.collect(now);
  std::vector<model::AlertPtr> gone;
  std::vector<model::Labels> labels;  // to be forgotten by the store, too
  std::vector<std::uint64_t> fingerprints;
  for (const auto& [fingerprint, alert] : alerts_) {
    if (!alert->resolved_at(now) || wanted(fingerprint)) continue;
    if (options_.persist) labels.push_back(alert->labels);
    gone.push_back(alert);
    fingerprints.push_back(fingerprint);
  }
  for (const std::uint64_t fingerprint : fingerprints) alerts_.erase(fingerprint);
  if (!labels.empty()) store_->remove_alerts(std::move(labels));
  return gone;
}

std::vector<model::AlertPtr> AlertHub::all() const {
  std::vector<std::pair<std::uint64_t, model::AlertPtr>> pairs(alerts_.begin(), alerts_.end());
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<model::AlertPtr> out;
  out.reserve(pairs.size());
  for (auto& [fingerprint, alert] : pairs) out.push_back(std::move(alert));
  return out;
}

}  // namespace tocsin::alerting
