#pragma once
// What must survive `kill -9`: the exact state of alerts, the alerts of the hub, the notification log, silences.
// One interface; SQLite is the embedded backend (sqlite_store.hpp). PostgreSQL shares it between rulers later.
//
// Writes are values: they are queued, in order, to the one state thread and committed in groups (a transaction per
// drained queue). What is committed survives the end of the process at once, and a loss of power 200 ms later: syncs
// are grouped, too. flush() syncs, and tells when everything queued before it is on disk.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/alert.hpp"
#include "model/labels.hpp"

namespace tocsin::state {

enum class RuleAlertState { kPending, kFiring, kInactive };  // kInactive: resolved, still being sent

/// One active alert of an alerting rule, exactly.
struct RuleAlert {
  std::string rule_key;  // rules::RuleKey: file, group, rule name, labels, expression
  model::Labels labels;
  model::Labels annotations;
  RuleAlertState state = RuleAlertState::kPending;
  double value = 0;
  Timestamp active_at = 0, fired_at = 0, resolved_at = 0, last_sent_at = 0, valid_until = 0, keep_firing_since = 0;
};

/// One line of the notification log. Source: Alertmanager nflog.
struct NotificationLogEntry {
  std::string group_key;
  std::string receiver;     // name
  std::string integration;  // "slack", "webhook", ...
  std::uint32_t index = 0;  // which of that integration's configurations in the receiver
  Timestamp sent_at = 0;
  Timestamp expires_at = 0;
  std::vector<std::uint64_t> firing;                 // alert hashes, sorted
  std::vector<std::uint64_t> resolved;               // alert hashes, sorted
  std::vector<std::uint64_t> owed;                   // told as firing, not told as resolved since: alert hashes, sorted
  std::map<std::string, std::string> receiver_data;  // what an integration remembers, such as a Slack message's ts
};
/// Shared by the log in memory and what writes it.
using NotificationLogEntryPtr = std::shared_ptr<const NotificationLogEntry>;

/// Firing alerts that a message is about to tell an integration of for the first time.
struct UnderWayNote {
  std::string group_key;
  std::string receiver;
  std::string integration;
  std::uint32_t index = 0;
  Timestamp noted_at = 0;
  std::vector<std::uint64_t> firing;  // alert hashes, sorted
};
struct StoredUnderWay {
  std::uint64_t batch = 0;
  UnderWayNote note;
};

/// An alert with its fingerprint, which takes a while to compute.
struct KeyedAlert {
  KeyedAlert(model::AlertPtr a)  // NOLINT(google-explicit-constructor): where speed is no matter, an alert is enough
      : alert(std::move(a)), fingerprint(alert->labels.fingerprint()) {}
  KeyedAlert(model::AlertPtr a, std::uint64_t f) : alert(std::move(a)), fingerprint(f) {}

  model::AlertPtr alert;
  std::uint64_t fingerprint;
};

struct StoredSilence {
  std::string id;
  std::string json;  // API v2 form
  Timestamp ends_at = 0;
};

/// How long what is written may wait until it is on disk for sure.
inline constexpr Duration kLongestUnsynced = std::chrono::milliseconds(200);

struct StoreStats {
  std::uint64_t writes = 0, transactions = 0, failures = 0;
  std::size_t queued = 0;
};

/// What an operator has to know about the store.
struct StoreHealth {
  /// Where a damaged store was set aside at the start; "": it was whole.
  std::string set_aside;
  std::size_t salvaged = 0;  // rows that were read from it
  bool incomplete = false;   // some could not be
  /// Why changes cannot be written now; they wait in memory. "": they can.
  std::string failure;
};

/// Thread: any. load_*() block and are meant for the start; save_*() return at once.
class Store {
 public:
  virtual ~Store() = default;

  /// Replaces the alerts of one rule (an empty list removes them).
  virtual void save_rule_alerts(std::string rule_key, std::vector<RuleAlert> alerts) = 0;
  virtual Result<std::vector<RuleAlert>> load_rule_alerts() = 0;

  /// Upserts by fingerprint of the labels.
  virtual void save_alerts(std::vector<KeyedAlert> alerts) = 0;
  virtual void remove_alerts(std::vector<model::Labels> labels) = 0;
  virtual Result<std::vector<model::Alert>> load_alerts() = 0;

  virtual void save_notification(NotificationLogEntryPtr entry) = 0;
  virtual void remove_notifications_before(Timestamp expires_at) = 0;
  virtual Result<std::vector<NotificationLogEntry>> load_notifications() = 0;

  /// Notes that are removed together. A batch's number is used once.
  virtual void save_under_way(std::uint64_t batch, std::vector<UnderWayNote> notes) = 0;
  virtual void remove_under_way(std::uint64_t batch) = 0;
  virtual Result<std::vector<StoredUnderWay>> load_under_way() = 0;

  virtual void save_silence(StoredSilence silence) = 0;
  virtual void remove_silence(std::string id) = 0;
  virtual Result<std::vector<StoredSilence>> load_silences() = 0;

  /// Calls `done` on the state thread once all that was queued before is on disk (true) or failed (false).
  virtual void flush(std::function<void(bool)> done) = 0;
  /// The same once it is written: it survives the end of the process; a loss of power may take what was written in the
  /// last kLongestUnsynced.
  virtual void when_written(std::function<void(bool)> done) { flush(std::move(done)); }
  virtual StoreStats stats() = 0;
  virtual StoreHealth health() = 0;
};

}  // namespace tocsin::state
