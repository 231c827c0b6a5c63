#pragma once
// Alerting as a whole: alerts in, notifications out. Everything in this folder is wired here.
//   Alerting::make (reads the store) → apply(config) → post(alerts) …  → stop()

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alerting/metrics.hpp"
#include "alerting/notification.hpp"
#include "alerting/schedule.hpp"
#include "alerting/silences.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "config/alertmanager_config.hpp"
#include "model/alert.hpp"
#include "state/history.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

struct AlertingOptions {
  Duration retention = std::chrono::hours(120);           // --data.retention: log entries and expired silences
  Duration alert_gc_interval = std::chrono::minutes(30);  // --alerts.gc-interval
  Duration maintenance_interval = std::chrono::minutes(15);
  std::size_t max_alerts = 200'000;     // 0: none; here and below
  std::size_t max_alerts_per_name = 0;  // --alerts.per-alertname-limit
  std::size_t max_groups = 100'000;
  std::size_t max_silences = 0;
  std::size_t max_silence_bytes = 0;
  bool log_silences = false;                // --log.silences
  std::size_t max_queued = 100'000;         // alerts from other threads that the loop has not taken yet
  bool persist_alerts = true;               // alerts survive a restart; an Alertmanager's are lost
  bool guaranteed_resolve = true;           // see PipelineOptions
  std::shared_ptr<state::History> history;  // what is told of it; null: nothing
};

/// Makes a receiver's integrations of a configuration; an error keeps the old configuration.
using ReceiverFactory = std::function<Result<ReceiverMap>(const config::AlertmanagerConfig& config)>;

struct AlertView {
  model::AlertPtr alert;
  std::vector<std::string> receivers;                            // names, in the order of the tree
  std::vector<std::string> silenced_by, inhibited_by, muted_by;  // silence ids, fingerprints, interval names
  bool suppressed() const { return !silenced_by.empty() || !inhibited_by.empty() || !muted_by.empty(); }
};

struct GroupView {
  std::string receiver, key, route_id;
  model::Labels labels;
  std::vector<std::pair<std::string, std::string>> route_labels;  // templates
  std::vector<NotifiedAlert> rendered_of;  // what the templates see: resolved ones, too; empty without route labels
  std::vector<std::string> muted_by;
  std::vector<AlertView> alerts;  // firing ones, in the order of notifications
  MonoTime next_tick{0};
};

/// Thread: the loop's, but post(). Owned by ruler/app.
class Alerting {
 public:
  /// Reads alerts, notification log and silences; blocks for it. The store must outlive this, the loop too.
  static Result<std::unique_ptr<Alerting>> make(Loop& loop, state::Store& store, Rng rng, ReceiverFactory factory,
                                                AlertingOptions options = {});
  virtual ~Alerting() = default;

  /// Takes a configuration; the first one starts the groups. Groups that exist in both keep their timers and what they
  /// have still to tell. An error (of the factory) changes nothing.
  virtual Result<void> apply(std::shared_ptr<const config::AlertmanagerConfig> config) = 0;
  virtual std::shared_ptr<const config::AlertmanagerConfig> config() const = 0;

  /// Takes alerts, firing and resolved; labels must be valid. Without starts_at: now; without ends_at: now +
  /// resolve_timeout. Thread: any; does not block. The latest of each alert counts; beyond max_queued new ones are
  /// dropped and counted.
  virtual void post(std::vector<model::AlertPtr> alerts) = 0;
  /// The same at once, on the loop's thread: API v2.
  virtual void insert(const std::vector<model::AlertPtr>& alerts) = 0;
  virtual void count_invalid(std::size_t alerts) = 0;

  /// No more ticks and attempts; calls `done` when no attempt is under way, at the latest after `limit`.
  virtual void stop(Duration limit, Job done) = 0;

  /// Firing alerts by fingerprint; groups by labels, then receiver.
  virtual std::vector<AlertView> alerts() = 0;
  virtual std::vector<GroupView> groups() = 0;
  /// When each group tells whom next; by labels, then receiver. At most `limit` groups.
  virtual std::vector<GroupSchedule> schedule(std::size_t limit) = 0;
  virtual Silences& silences() = 0;
  /// Runs jobs, on another thread, when all that was changed before is on disk, or could not be written now. API v2
  /// waits for it with silences, which nobody sends again.
  virtual Executor& after_flush() = 0;
  /// The same when it survives the end of the process (Store::when_written). API v2 waits for it with alerts.
  virtual Executor& after_write() = 0;
  virtual const Metrics& metrics() = 0;
  virtual Counts counts() = 0;
  virtual Clock& clock() = 0;
};

}  // namespace tocsin::alerting
