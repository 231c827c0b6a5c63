#pragma once
// The history of alerts and notifications: what happened, for people who look back. Nothing depends on it: it never
// holds up a page, and what it cannot take is counted. Own file beside the state store, because it grows to a hundred
// times its size, is searched, and may be lost.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/alert.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"

namespace tocsin::state {

/// Stored as numbers: never renumbered.
enum class HistoryKind : std::uint8_t {
  kAlertFiring = 1,
  kAlertChanged = 2,  // its annotations
  kAlertResolved = 3,
  kAlertSuppressed = 4,        // its notifications are, by what `text` names, from a flush on
  kAlertUnsuppressed = 5,      // they are not any more
  kNotificationAttempted = 6,  // in vain, another attempt follows
  kNotificationDelivered = 7,
  kNotificationFailed = 8,
  kSilenceCreated = 9,
  kSilenceChanged = 10,
  kSilenceExpired = 11,
};
inline constexpr std::uint8_t kLastHistoryKind = 11;
/// "alert_firing", …, "silence_expired".
std::string_view history_kind_text(HistoryKind kind);
std::optional<HistoryKind> parse_history_kind(std::string_view text);

/// An alert of a notification.
struct HistoryAlert {
  model::Labels labels;
  bool resolved = false;
};

/// One line. Fields that a kind does not have are empty.
struct HistoryEvent {
  Timestamp at = 0;
  HistoryKind kind = HistoryKind::kAlertFiring;
  model::Labels labels;                          // of the alert; of a silence: its equality matchers
  model::Labels annotations;                     // kAlertFiring, kAlertChanged
  Timestamp starts_at = 0;                       // of an alert or a silence
  Timestamp ends_at = 0;                         // kAlertResolved, silences
  std::string group_key, receiver, integration;  // notifications; suppression: group and receiver
  std::uint32_t index = 0;                       // of the integration
  std::string reason;   // why a notification is sent; what suppresses: "silence", "inhibition", …
  std::string text;     // the error of an attempt; ids or names of what suppresses; a silence's matchers
  std::string id;       // of a silence
  std::string author;   // of a silence
  std::string comment;  // of a silence
  unsigned attempts = 0;
  Duration duration{0};                    // of a delivery, attempts and waits included
  std::vector<HistoryAlert> alerts;        // at most kMostAlerts are kept
  std::uint64_t firing = 0, resolved = 0;  // all alerts of the notification
};

/// What happened to an alert, with the alert that routing has: its texts are not copied.
struct AlertTurn {
  Timestamp at = 0;
  HistoryKind kind = HistoryKind::kAlertFiring;  // or kAlertChanged
  model::AlertPtr alert;

  HistoryEvent event() const;
};

/// An alert that a notification told.
struct ToldAlert {
  model::AlertPtr alert;
  bool resolved = false;
};

/// What is looked for: all that is given must hold.
struct HistoryQuery {
  Timestamp from = 0, to = 0;      // both included
  std::vector<HistoryKind> kinds;  // one of them; none: all
  /// Each set is ANDed, the sets are ORed. Of an alert's labels, of those of any alert of a notification (of the first
  /// kMostAlerts), of a silence's equality matchers.
  std::vector<std::vector<model::Matcher>> matchers;
  std::string receiver;  // "": any; events without one do not match
  std::string text;      // within annotations, errors, comments; case of ASCII letters does not count
  std::size_t limit = 100;
  std::int64_t before = 0;  // a cursor: only what is older; 0: begin with the newest
};

struct HistoryPage {
  std::vector<HistoryEvent> events;  // newest first
  /// Where the next page begins; 0: there is no more. A page may have less than `limit` events, or none, and be
  /// followed by more: a search ends after kLongestSearch.
  std::int64_t next = 0;
};

struct HistoryStats {
  std::uint64_t recorded = 0, written = 0, dropped = 0, failures = 0, deleted = 0;
  std::size_t queued = 0;
  std::uint64_t bytes = 0;  // of the file
};

struct HistoryHealth {
  std::string set_aside;  // where a damaged file was put; "": none was
  std::string failure;    // why nothing can be written now; "": it can
};

/// Thread: any.
class History {
 public:
  static constexpr std::size_t kMostAlerts = 500;
  static constexpr Duration kLongestSearch = std::chrono::seconds(2);

  virtual ~History() = default;
  /// Returns at once. Beyond the bound of the queue the event is dropped and counted.
  virtual void record(HistoryEvent event) = 0;
  /// The same, for what there may be ten thousand of in a second.
  virtual void record_turn(AlertTurn turn) { record(turn.event()); }
  /// @param event   without its alerts.
  /// @param alerts  all, or the first kMostAlerts.
  virtual void record_notification(HistoryEvent event, std::vector<ToldAlert> alerts);
  /// Calls `done` on the history's thread; sees all that was recorded before. Errors: kUnavailable (too many searches
  /// wait), and those of the file.
  virtual void search(HistoryQuery query, std::function<void(Result<HistoryPage>)> done) = 0;
  virtual HistoryStats stats() = 0;
  virtual HistoryHealth health() = 0;
};

struct HistoryOptions {
  Duration retention = std::chrono::hours(24 * 90);
  /// The oldest events go when the file would grow beyond it; 0: none.
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
  std::size_t max_queued = 50'000;
  /// What is recorded waits so long for company, unless a search wants it.
  Duration batch_delay = std::chrono::seconds(1);
  Duration retention_interval = std::chrono::minutes(1);
};

/// Starts the history's thread, which opens the file (and checks it, which may take a while: events wait in the queue).
/// A file that is damaged is set aside, as the state store's; one that cannot be opened is tried again.
/// Destruction writes what is queued and joins.
std::shared_ptr<History> open_history(const std::string& path, Clock& clock, const HistoryOptions& options = {});

}  // namespace tocsin::state
