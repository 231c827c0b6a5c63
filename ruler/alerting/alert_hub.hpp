#pragma once
// All alerts that alerting knows, by fingerprint, firing and lately resolved. Source: Alertmanager provider/mem,
// alert/alert.go.

#include <functional>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "alerting/metrics.hpp"
#include "alerting/name_limit.hpp"
#include "base/result.hpp"
#include "model/alert.hpp"
#include "state/store.hpp"

namespace tocsin::alerting {

/// Joins what was known with what came: the earliest start; an explicit later end rules over a timeout's; of two
/// resolved ones the later end. Annotations and the rest are the younger one's.
model::Alert merge_alerts(const model::Alert& older, const model::Alert& younger, Timestamp now);

struct AlertHubOptions {
  std::size_t max_alerts = 0;           // 0: no limit
  std::size_t max_alerts_per_name = 0;  // 0: no limit
  bool persist = true;                  // without it the store has no alerts, and forgets those that it had
};

/// Thread: the loop's. Owns nothing but pointers; every change is written behind to the store: what was put, with
/// save().
class AlertHub {
 public:
  AlertHub(state::Store& store, AlertHubOptions options, Metrics& metrics)
      : store_(&store), options_(options), metrics_(&metrics), name_limit_(options.max_alerts_per_name) {}

  /// Reads the stored alerts. One that was firing when it was last heard of keeps its validity from now on, but no
  /// longer than `longest`: its sender was away just as long as we were, and must get the chance to repeat it.
  Result<void> load(Timestamp now, Duration longest);

  /// Takes one alert, complete (starts_at, ends_at and updated_at set), and merges it if the times overlap. The store
  /// has it after save().
  /// @return the alert as it is known now, or none if it is a new one beyond a limit.
  std::optional<state::KeyedAlert> put(const model::AlertPtr& alert, Timestamp now);
  /// Hands all that was put since the last time to the store.
  void save();

  model::AlertPtr find(std::uint64_t fingerprint) const;
  /// The resolve of these was sent: they need not survive a crash any more. They stay known until collect().
  void settle(const std::vector<model::AlertPtr>& alerts);
  /// Forgets resolved alerts that `wanted` does not want any more (groups still want those whose resolve is not sent).
  std::vector<model::AlertPtr> collect(Timestamp now, const std::function<bool(std::uint64_t)>& wanted);
  /// In no order.
  template <typename Visit>
  void each(Visit visit) const {
    for (const auto& [fingerprint, alert] : alerts_) visit(alert);
  }
  /// Sorted by fingerprint.
  std::vector<model::AlertPtr> all() const;
  std::size_t size() const { return alerts_.size(); }

 private:
  bool within_name_limit(const state::KeyedAlert& kept, Timestamp now);

  state::Store* store_;
  AlertHubOptions options_;
  Metrics* metrics_;
  NameLimit name_limit_;
  boost::unordered_flat_map<std::uint64_t, model::AlertPtr> alerts_;  // by fingerprint
  std::vector<state::KeyedAlert> unsaved_;
};

}  // namespace tocsin::alerting
