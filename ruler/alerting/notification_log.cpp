#include "alerting/notification_log.hpp"

#include <algorithm>
#include <iterator>

#include "base/fault_point.hpp"

namespace tocsin::alerting {
namespace {

bool subset(const std::vector<std::uint64_t>& of, const std::vector<std::uint64_t>& what) {
  return std::includes(of.begin(), of.end(), what.begin(), what.end());
}

}  // namespace

std::optional<NotifyReason> needs_notification(const state::NotificationLogEntry* entry, const AlertHashes& now_alerts,
                                               bool send_resolved, Duration repeat, Timestamp now) {
  if (entry == nullptr) {
    if (now_alerts.firing.empty()) return std::nullopt;
    return NotifyReason::kFirst;
  }
  if (!subset(entry->firing, now_alerts.firing)) {
    return entry->firing.empty() ? NotifyReason::kFirst : NotifyReason::kNewAlerts;
  }
  if (now_alerts.firing.empty()) {
    if (entry->firing.empty()) return std::nullopt;
    return NotifyReason::kAllResolved;
  }
  if (send_resolved && !subset(entry->resolved, now_alerts.resolved)) return NotifyReason::kSomeResolved;
  if (entry->sent_at < now - to_ms(repeat)) return NotifyReason::kRepeat;
  return std::nullopt;
}

Result<void> NotificationLog::load(Timestamp now) {
  TOCSIN_TRY(std::vector<state::NotificationLogEntry> entries, store_->load_notifications());
  for (state::NotificationLogEntry& entry : entries) {
    if (entry.expires_at < now && entry.owed.empty()) continue;  // what is owed: its group may live again
    keep(std::make_shared<const state::NotificationLogEntry>(std::move(entry)));
  }
  return {};
}

const state::NotificationLogEntry* NotificationLog::find(const state::NotificationKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->get();
}

void NotificationLog::put(state::NotificationLogEntry entry) {
  auto shared = std::make_shared<const state::NotificationLogEntry>(std::move(entry));
  store_->save_notification(shared);
  fault_point(FaultPoint::kLogEntryQueued);
  keep(std::move(shared));
}

void NotificationLog::keep(state::NotificationLogEntryPtr entry) {
  if (const auto older = entries_.find(state::key_of(entry)); older != entries_.end()) entries_.erase(older);
  entries_.insert(std::move(entry));
}

bool NotificationLog::owe(const state::UnderWayNote& note, Timestamp expires_at) {
  const auto* const known = find(state::NotificationKey{note.group_key, note.receiver, note.integration, note.index});
  if (known != nullptr && known->sent_at >= note.noted_at) return false;  // delivered, and logged
  state::NotificationLogEntry entry{note.group_key, note.receiver, note.integration, note.index, 0, 0, {}, {}, {}, {}};
  if (known != nullptr) entry = *known;
  std::vector<std::uint64_t> owed;
  std::ranges::set_union(entry.owed, note.firing, std::back_inserter(owed));
  entry.owed = std::move(owed);
  entry.expires_at = std::max(entry.expires_at, expires_at);
  put(std::move(entry));
  return true;
}

void NotificationLog::collect(Timestamp now) {
  const std::size_t before = entries_.size();
  std::erase_if(entries_, [now](const auto& entry) { return entry->expires_at < now; });
  if (entries_.size() != before) store_->remove_notifications_before(now);
}

}  // namespace tocsin::alerting
