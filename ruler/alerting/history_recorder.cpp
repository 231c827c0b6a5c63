#include "alerting/history_recorder.hpp"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "base/strings.hpp"

namespace tocsin::alerting {

using state::HistoryEvent;
using state::HistoryKind;

namespace {

std::string matcher_text(const SilenceMatcher& matcher) {
  const std::string_view op = matcher.is_regex ? (matcher.is_equal ? "=~" : "!~") : (matcher.is_equal ? "=" : "!=");
  return fmt::format("{}{}{}", matcher.name, op, go_quote(matcher.value));
}

}  // namespace

HistoryEvent HistoryRecorder::event(HistoryKind kind) const {
  HistoryEvent out;
  out.at = clock_->now();
  out.kind = kind;
  return out;
}

void HistoryRecorder::record(const model::AlertPtr& alert, HistoryKind kind) {
  history_->record_turn({clock_->now(), kind, alert});
}

void HistoryRecorder::known(const model::AlertPtr& alert) {
  if (!history_ || alert->resolved_at(clock_->now())) return;
  firing_[alert->labels.fingerprint()] = {alert, alert, clock_->now(), {}};
}

void HistoryRecorder::taken(const model::AlertPtr& alert, std::uint64_t fingerprint) {
  if (!history_) return;
  const Timestamp now = clock_->now();
  auto found = firing_.find(fingerprint);
  if (alert->resolved_at(now)) {
    if (found != firing_.end()) end(found, alert->ends_at, now);
    return;
  }
  if (found != firing_.end() && found->second.last->ends_at <= alert->starts_at &&
      found->second.last->resolved_at(now)) {  // its time was over, and it is a new one
    end(found, found->second.last->ends_at, found->second.last->ends_at);
    found = firing_.end();
  }
  if (found == firing_.end()) {
    record(alert, HistoryKind::kAlertFiring);
    firing_.emplace(fingerprint, Firing{alert, alert, now, {}});
    return;
  }
  Firing& firing = found->second;
  firing.last = alert;
  if (now - firing.recorded_at < to_ms(kLeastBetweenChanges) || firing.recorded->annotations == alert->annotations) {
    return;
  }
  record(alert, HistoryKind::kAlertChanged);
  firing.recorded = alert;
  firing.recorded_at = now;
}

void HistoryRecorder::timed_out(const model::AlertPtr& alert) {
  if (!history_) return;
  const auto found = firing_.find(alert->labels.fingerprint());
  if (found != firing_.end()) end(found, alert->ends_at, std::min(alert->ends_at, clock_->now()));
}

void HistoryRecorder::end(FiringMap::iterator firing, Timestamp ends_at, Timestamp at) {
  const model::Alert& alert = *firing->second.last;
  HistoryEvent out = event(HistoryKind::kAlertResolved);
  out.at = at;
  out.labels = alert.labels;
  out.starts_at = alert.starts_at;
  out.ends_at = ends_at;
  suppressions_ -= firing->second.suppressions.size();
  firing_.erase(firing);
  history_->record(std::move(out));
}

void HistoryRecorder::record(const Suppression& suppression, const model::Alert& alert, const std::string& receiver,
                             HistoryKind kind) {
  HistoryEvent out = event(kind);
  out.labels = alert.labels;
  out.starts_at = alert.starts_at;
  out.group_key = suppression.group_key;
  out.receiver = receiver;
  out.reason = suppression.reason;
  out.text = suppression.by;
  history_->record(std::move(out));
}

void HistoryRecorder::suppressed(const model::AlertPtr& alert, const std::string& group_key,
                                 const std::string& receiver, std::string_view reason,
                                 const std::vector<std::string>& by) {
  if (!history_) return;
  const auto found = firing_.find(alert->labels.fingerprint());
  if (found == firing_.end()) return;  // resolved: its end was told
  std::vector<Suppression>& all = found->second.suppressions;
  const auto known = std::ranges::find(all, group_key, &Suppression::group_key);
  Suppression now{group_key, std::string(reason), fmt::format("{}", fmt::join(by, ", "))};
  if (known != all.end() && known->reason == now.reason && known->by == now.by) return;
  record(now, *alert, receiver, HistoryKind::kAlertSuppressed);
  if (known != all.end()) {
    *known = std::move(now);
  } else {
    all.push_back(std::move(now));
    ++suppressions_;
  }
}

void HistoryRecorder::unsuppressed(const model::AlertPtr& alert, const std::string& group_key,
                                   const std::string& receiver) {
  const auto found = firing_.find(alert->labels.fingerprint());
  if (found == firing_.end()) return;
  std::vector<Suppression>& all = found->second.suppressions;
  const auto known = std::ranges::find(all, group_key, &Suppression::group_key);
  if (known == all.end()) return;
  record(*known, *alert, receiver, HistoryKind::kAlertUnsuppressed);
  all.erase(known);
  --suppressions_;
}

void HistoryRecorder::record(const Notification& notification, HistoryKind kind, const DeliveryResult* result,
                             unsigned attempts, Duration took) {
  if (!history_) return;
  HistoryEvent out = event(kind);
  out.group_key = notification.group_key;
  out.receiver = notification.receiver;
  out.integration = notification.integration;
  out.index = notification.index;
  out.reason = notify_reason_text(notification.reason);
  if (result != nullptr) out.text = result->error;
  out.attempts = attempts;
  out.duration = took;
  std::vector<state::ToldAlert> alerts;
  alerts.reserve(std::min(notification.alerts.size(), state::History::kMostAlerts));
  for (const NotifiedAlert& one : notification.alerts) {
    ++(one.resolved ? out.resolved : out.firing);
    if (alerts.size() < state::History::kMostAlerts) alerts.push_back({one.alert, one.resolved});
  }
  history_->record_notification(std::move(out), std::move(alerts));
}

void HistoryRecorder::attempted(const Notification& notification, const DeliveryResult& result, unsigned attempts,
                                Duration took) {
  record(notification, HistoryKind::kNotificationAttempted, &result, attempts, took);
}

void HistoryRecorder::delivered(const Notification& notification, unsigned attempts, Duration took) {
  record(notification, HistoryKind::kNotificationDelivered, nullptr, attempts, took);
}

void HistoryRecorder::failed(const Notification& notification, const DeliveryResult& result, unsigned attempts,
                             Duration took) {
  record(notification, HistoryKind::kNotificationFailed, &result, attempts, took);
}

namespace {

HistoryEvent silence_event(const Silence& silence, HistoryKind kind, Timestamp at) {
  HistoryEvent out;
  out.at = at;
  out.kind = kind;
  std::vector<model::LabelView> labels;
  for (const SilenceMatcher& matcher : silence.matchers) {
    if (matcher.is_equal && !matcher.is_regex) labels.push_back({matcher.name, matcher.value});
    out.text += (out.text.empty() ? "" : " ") + matcher_text(matcher);
  }
  out.labels = model::Labels::from(std::move(labels));
  out.starts_at = silence.starts_at;
  out.ends_at = silence.ends_at;
  out.id = silence.id;
  out.author = silence.created_by;
  out.comment = silence.comment;
  return out;
}

}  // namespace

void HistoryRecorder::set(const Silence& silence, bool created) {
  if (!history_) return;
  history_->record(
      silence_event(silence, created ? HistoryKind::kSilenceCreated : HistoryKind::kSilenceChanged, clock_->now()));
}

void HistoryRecorder::look_for_ends(const Silences& silences) {
  if (!history_) return;
  const Timestamp from = std::exchange(silences_until_, clock_->now());
  for (const Silence* silence : silences.all()) {
    if (silence->ends_at > from && silence->ends_at <= silences_until_) {
      history_->record(silence_event(*silence, HistoryKind::kSilenceExpired, silence->ends_at));
    }
  }
}

}  // namespace tocsin::alerting
