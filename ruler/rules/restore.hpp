#pragma once
// The begin of pending alerts from ALERTS_FOR_STATE: what a Prometheus (or a ruler without its state file) left behind.
// Rules whose exact state was kept do not need it. Source: Prometheus rules/group.go (RestoreForState).

#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/alerting_rule.hpp"
#include "storage/storage.hpp"

namespace tocsin::rules {

struct RestoreOptions {
  Duration outage_tolerance = std::chrono::hours(1);     // --rules.alert.for-outage-tolerance
  Duration for_grace_period = std::chrono::minutes(10);  // --rules.alert.for-grace-period
};

/// Moves the begin of the rule's active alerts to where it was: as it was if `for` was over when the samples end; so
/// that the alert fires after the grace period if less than that was left; else shifted by the time without samples.
/// Series without a sample in the tolerance, or that ended, restore nothing.
Result<void> restore_for_state(storage::Queryable& store, AlertingRule& rule, Timestamp now,
                               const RestoreOptions& options);

}  // namespace tocsin::rules
