#pragma once
// What alerting counts; the names behind the fields are Alertmanager's, which public dashboards read.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "alerting/notification.hpp"

namespace tocsin::alerting {

/// Upper bounds in seconds of alertmanager_notification_latency_seconds.
inline constexpr std::array<double, 5> kLatencyBounds = {1, 5, 10, 15, 20};

/// Label `integration` of alertmanager_notification*.
struct IntegrationMetrics {
  std::uint64_t notifications = 0;                // alertmanager_notifications_total
  std::map<FailureReason, std::uint64_t> failed;  // alertmanager_notifications_failed_total{reason}
  std::uint64_t requests = 0;                     // alertmanager_notification_requests_total
  std::uint64_t requests_failed = 0;              // alertmanager_notification_requests_failed_total
  std::array<std::uint64_t, kLatencyBounds.size() + 1> latency_buckets{};  // not cumulative
  double latency_sum_seconds = 0;
};

/// Label `reason` of alertmanager_notifications_suppressed_total.
struct SuppressedMetrics {
  std::uint64_t silence = 0, inhibition = 0, mute_time_interval = 0, active_time_interval = 0;
};

/// Thread: the loop's.
struct Metrics {
  std::map<std::string, IntegrationMetrics> integrations;
  SuppressedMetrics suppressed;
  std::uint64_t alerts_received_firing = 0;    // alertmanager_alerts_received_total{status="firing"}
  std::uint64_t alerts_received_resolved = 0;  // …{status="resolved"}
  std::uint64_t alerts_invalid = 0;            // alertmanager_alerts_invalid_total
  std::uint64_t alerts_limited = 0;            // alertmanager_alerts_limited_total: new alerts beyond a limit
  std::uint64_t inbox_dropped = 0;             // tocsin_alerting_inbox_dropped_total
  std::uint64_t group_limit_reached = 0;       // alertmanager_dispatcher_aggregation_group_limit_reached_total
  std::uint64_t flushes = 0;                   // tocsin_alerting_flushes_total
  std::uint64_t fallbacks = 0;                 // tocsin_alerting_fallbacks_total
  std::uint64_t resolves_despite_mutes = 0;    // tocsin_alerting_resolves_despite_mutes_total
};

/// Gauges, counted when asked.
struct Counts {
  std::size_t alerts_active = 0, alerts_suppressed = 0;  // alertmanager_alerts{state}
  std::size_t alerts_per_name_limit = 0;                 // alertmanager_alerts_per_alert_limit
  std::size_t groups = 0;                                // alertmanager_dispatcher_aggregation_groups
  // tocsin_alerting_groups{state}: wait for their first flush, for the next, are in one
  std::size_t groups_wait = 0, groups_interval = 0, groups_flushing = 0;
  std::size_t failing = 0;                                                      // tocsin_alerting_integrations_failing
  std::size_t silences_active = 0, silences_pending = 0, silences_expired = 0;  // alertmanager_silences{state}
  std::size_t log_entries = 0;                                                  // tocsin_alerting_log_entries
  std::size_t receivers = 0, inhibition_rules = 0;  // alertmanager_receivers, alertmanager_inhibition_rules
  std::size_t integrations = 0;                     // alertmanager_integrations
  std::size_t deliveries = 0;                       // tocsin_alerting_deliveries: under way, back-off included
};

/// "clientError", "serverError", "contextCanceled", "contextDeadlineExceeded", "other".
std::string_view failure_reason_text(FailureReason reason);

}  // namespace tocsin::alerting
