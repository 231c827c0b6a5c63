#pragma once
// What /api/v1/rules, /api/v1/alerts and /metrics show of rules: plain values.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_annotations.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"

namespace tocsin::rules {

enum class Health { kUnknown, kGood, kBad };
std::string_view health_text(Health health);  // "unknown", "ok", "err"

enum class AlertState { kUnknown, kInactive, kPending, kFiring };  // in the order of how bad
std::string_view alert_state_text(AlertState state);               // "unknown", "inactive", ...

/// An alert that is pending or firing.
struct AlertStatus {
  model::Labels labels;  // without external labels
  model::Labels annotations;
  AlertState state = AlertState::kPending;
  Timestamp active_at = 0;
  Timestamp keep_firing_since = 0;  // 0: its condition holds
  double value = 0;
};

struct RuleStatus {
  bool alerting = false;
  std::string name;
  std::string query;  // canonical
  model::Labels labels;
  Health health = Health::kUnknown;
  std::string last_error;
  Duration evaluation_time{0};
  Timestamp last_evaluation = 0;  // wall time of its begin; 0: never
  // Of alerting rules.
  AlertState state = AlertState::kUnknown;
  Duration hold{0};
  Duration keep_firing_for{0};
  model::Labels annotations;
  std::vector<AlertStatus> alerts;  // by labels
};

struct GroupStatus {
  std::string name;
  std::string file;
  Duration interval{0};
  std::int64_t limit = 0;
  Duration evaluation_time{0};
  Timestamp last_evaluation = 0;
  std::vector<RuleStatus> rules;
};

/// A classic histogram of durations.
struct DurationStats {
  static constexpr std::array kBounds{0.01, 0.1, 1.0, 10.0};  // seconds
  std::uint64_t count = 0;
  double sum_seconds = 0;
  std::array<std::uint64_t, kBounds.size()> buckets{};  // cumulative

  void observe(Duration duration);
};

/// How long evaluations took since the process began. Thread: any.
class DurationRecorder {
 public:
  void observe_rule(Duration duration);
  void observe_group(Duration duration);
  /// Of a group: how long after its slot it began.
  void observe_start(Duration delay);
  DurationStats rules() const;
  DurationStats groups() const;
  DurationStats starts() const;

 private:
  mutable Mutex mutex_;
  DurationStats rules_ TOCSIN_GUARDED_BY(mutex_);
  DurationStats groups_ TOCSIN_GUARDED_BY(mutex_);
  DurationStats starts_ TOCSIN_GUARDED_BY(mutex_);
};

/// The prometheus_rule_group_* and prometheus_rule_evaluation* values of one group.
struct GroupMetrics {
  std::string group;                      // label rule_group: "file;name"
  std::uint64_t iterations = 0;           // prometheus_rule_group_iterations_total
  std::uint64_t iterations_missed = 0;    // prometheus_rule_group_iterations_missed_total
  std::uint64_t evaluations = 0;          // prometheus_rule_evaluations_total
  std::uint64_t evaluation_failures = 0;  // prometheus_rule_evaluation_failures_total
  std::uint64_t scrape_triggers = 0;      // tocsin_rules_scrape_triggers_total
  std::uint64_t scrape_evaluations = 0;   // tocsin_rules_scrape_evaluations_total
  double interval_seconds = 0;            // prometheus_rule_group_interval_seconds
  double last_evaluation_seconds = 0;     // prometheus_rule_group_last_evaluation_timestamp_seconds
  double last_duration_seconds = 0;       // prometheus_rule_group_last_duration_seconds
  double last_rule_duration_sum_seconds = 0;
  double last_restore_duration_seconds = 0;
  std::uint64_t rules = 0;         // prometheus_rule_group_rules
  std::uint64_t last_samples = 0;  // prometheus_rule_group_last_evaluation_samples
};

struct Metrics {
  std::vector<GroupMetrics> groups;
  DurationStats rule_duration;   // prometheus_rule_evaluation_duration_histogram_seconds
  DurationStats group_duration;  // prometheus_rule_group_duration_histogram_seconds
  DurationStats start_delay;     // tocsin_rules_start_delay_seconds
};

}  // namespace tocsin::rules
