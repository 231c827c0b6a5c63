#pragma once
// Which alerts of which group were told to whom, and when: what keeps a page from being sent twice and lets a resolve
// follow. Source: Alertmanager nflog/nflog.go, notify/dedup_stage.go.

#include <optional>
#include <vector>

#include "alerting/notification.hpp"
#include "base/result.hpp"
#include "state/notification_key.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

/// The alerts of a flush, as hashes, sorted.
struct AlertHashes {
  std::vector<std::uint64_t> firing, resolved;
};

/// Whether to notify, by what was told last. `entry` is nullptr if nothing was.
///   1. no entry: if something fires                          2. something fires that was not told: always
///   3. nothing fires: if something was told to fire, whatever send_resolved says (it clears the log)
///   4. send_resolved, and something is resolved that was not told      5. told longer than `repeat` ago, strictly
std::optional<NotifyReason> needs_notification(const state::NotificationLogEntry* entry, const AlertHashes& now_alerts,
                                               bool send_resolved, Duration repeat, Timestamp now);

/// In memory, with the store behind it. Thread: the loop's.
class NotificationLog {
 public:
  explicit NotificationLog(state::Store& store) : store_(&store) {}
  Result<void> load(Timestamp now);
  /// Null if there is none; else valid until the next put() of the key.
  const state::NotificationLogEntry* find(const state::NotificationKey& key) const;
  /// Keeps the entry and writes it behind.
  void put(state::NotificationLogEntry entry);
  /// What the note says may have been told: its firing alerts are owed a resolve from now on, unless something was told
  /// after it. @return whether anything is.
  bool owe(const state::UnderWayNote& note, Timestamp expires_at);
  /// Forgets what has expired.
  void collect(Timestamp now);
  std::size_t size() const { return entries_.size(); }

 private:
  void keep(state::NotificationLogEntryPtr entry);

  state::Store* store_;
  state::NotificationSet<state::NotificationLogEntryPtr> entries_;
};

}  // namespace tocsin::alerting
