#pragma once
// The way of a flush: inhibition → active intervals → mute intervals → silences → for each integration of the receiver:
// deduplication → delivery → log. Source: Alertmanager notify/notify.go.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "alerting/courier.hpp"
#include "alerting/dispatcher.hpp"
#include "alerting/inhibitor.hpp"
#include "alerting/notification_log.hpp"
#include "alerting/schedule.hpp"
#include "alerting/silences.hpp"
#include "alerting/under_way.hpp"
#include "config/alertmanager_config.hpp"

namespace tocsin::alerting {

struct PipelineOptions {
  Duration log_retention = std::chrono::hours(120);
  /// What was delivered as firing is told as resolved, once, even if it is muted then. Without it such a resolve is
  /// lost, as in Alertmanager.
  bool guaranteed_resolve = true;
};

/// Thread: the loop's. One integration that fails does not stop its siblings; the flush is done when the last one is,
/// and well done if all are.
class Pipeline {
 public:
  using Done = std::move_only_function<void(bool)>;

  struct Parts {
    Loop& loop;
    Rng& rng;
    Inhibitor& inhibitor;
    Silences& silences;
    NotificationLog& log;
    UnderWay& under_way;
    std::shared_ptr<Metrics> metrics;
    std::shared_ptr<HistoryRecorder> history;
    PipelineOptions options;
  };
  explicit Pipeline(Parts parts);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// What later flushes use. Deliveries under way make no further attempt.
  void apply(std::shared_ptr<const config::AlertmanagerConfig> config, std::shared_ptr<const ReceiverMap> receivers);
  void run(Flush flush, Done done);
  /// Deliveries make no further attempt; those in the middle of one end by themselves.
  void cancel();
  std::size_t under_way() const { return couriers_.size(); }
  /// Integrations whose last delivery failed.
  std::size_t failing() const { return failing_.size(); }
  /// What became of the flush if it were at its deadline's tick: mutes, integrations. Changes nothing.
  /// @param flush  of the group as it is now.
  /// @param tick   when it is flushed next, and whether that is its first time.
  GroupSchedule schedule(Flush flush, Timestamp tick, bool first) const;

  /// Names of the intervals that mute the route at the time; empty if it is not muted.
  static std::vector<std::string> muted_by(const RouteOptions& route, const config::AlertmanagerConfig& config,
                                           Timestamp now);

 private:
  /// Why an integration takes part in a flush.
  enum class Duty {
    kOwn,       // the route's receiver has it
    kFallback,  // it stands in for a receiver that fails
    kEnd,       // it stood in, and is told nothing but the end of that
  };

  /// What the integrations of one flush share.
  struct FanOut {
    Flush flush;
    std::vector<std::string> told;     // receivers that take part: the route's, and those that stand in
    AlertHashes hashes;                // of flush.alerts
    std::vector<NotifiedAlert> muted;  // resolved alerts that are not told to those whom nothing is owed
    std::size_t left = 0;
    bool ok = true;
    Done done;
  };
  using FanOutPtr = std::shared_ptr<FanOut>;

  /// A message of a flush to one integration.
  struct Message {
    FanOutPtr fan;
    std::string receiver;  // whose integration it is
    IntegrationPtr integration;
    Duty duty = Duty::kOwn;
    AlertHashes hashes;  // of what is told, those that send_resolved leaves out included
    NotificationPtr notification;
    Timestamp began = 0;
    MonoTime deadline{0};
  };
  using MessagePtr = std::shared_ptr<const Message>;

  /// What an integration is to be told, if anything.
  struct Due {
    std::optional<NotifyReason> reason;
    AlertHashes hashes;
    std::vector<NotifiedAlert> owed;  // muted, and told nevertheless
  };

  /// Takes muted alerts out of the flush and counts them. @return those of them that are resolved.
  /// @param history  is told; null: it is not a real flush.
  std::vector<NotifiedAlert> mute(Flush& flush, SuppressedMetrics& suppressed, HistoryRecorder* history) const;
  Due due(const FanOut& fan, const Integration& integration, const state::NotificationLogEntry* entry) const;
  IntegrationSchedule schedule(const FanOut& fan, const Integration& integration, Timestamp tick, bool first,
                               const SuppressedMetrics& muted) const;
  void start(const FanOutPtr& fan, const std::string& receiver, const IntegrationPtr& integration, Duty duty);
  void send(const MessagePtr& message);
  /// Notes alerts whose firing is told for the first time. @return what UnderWay::note() did; 0: there are none.
  std::uint64_t note(const Message& message);

  // Fallbacks: another receiver is told when deliveries of one have failed for a while.
  struct Start {
    std::string receiver;
    IntegrationPtr integration;
    Duty duty;
  };
  const config::FallbackConfig* fallback_of(const std::string& receiver) const;
  /// An integration of the receiver has failed for that long, with this group or with all.
  bool has_failed_for(Duration limit, const std::string& receiver, const Flush& flush) const;
  /// An integration of the receivers as they are now, which keeps them.
  IntegrationPtr share(const Integration& integration) const { return {receivers_, &integration}; }
  /// Who stands in from the beginning, or stood in before.
  void add_fallbacks(FanOut& fan, const std::string& receiver, std::vector<Start>& starts) const;
  /// Stands in later, if the message is not delivered by then.
  void arm_fallback(const MessagePtr& message);
  void fall_back(const MessagePtr& message);
  /// Of the muted alerts those whose resolve is owed to the integration.
  std::vector<NotifiedAlert> owed_alerts(const FanOut& fan, const state::NotificationLogEntry& entry) const;
  void keep_owed(const state::NotificationLogEntry& entry, const Flush& flush);
  Duration log_lifetime(const RouteOptions& route) const;
  void log_delivered(const Message& message, std::map<std::string, std::string> data);
  void delivered(const MessagePtr& message, DeliveryResult result, unsigned attempts);
  void tell(const Message& message, const DeliveryResult& result, unsigned attempts);
  static void end_one(const FanOutPtr& fan, bool ok);

  Parts parts_;
  std::shared_ptr<const config::AlertmanagerConfig> config_;
  std::shared_ptr<const ReceiverMap> receivers_;
  std::set<std::shared_ptr<Courier>> couriers_;
  struct Failing {
    std::string error;    // the last one: the log tells changes only
    Timestamp since = 0;  // the first flush that failed
  };
  using Key = std::tuple<std::string, std::string, std::string, std::uint32_t>;  // group, receiver, integration, index
  std::map<Key, Failing> failing_;                                               // by integration: the group is ""
  std::map<Key, Timestamp> failing_groups_;  // since when; of integrations with a fallback
  std::map<const Message*, TimerId> fallback_timers_;
  std::shared_ptr<Pipeline*> self_;  // null once this is destroyed
};

}  // namespace tocsin::alerting
