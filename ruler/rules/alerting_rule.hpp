#pragma once
// alert: name. Source: Prometheus rules/alerting.go.
//
//   not active --true--> pending --true for `for`--> firing --false for keep_firing_for--> inactive --15 min--> gone
//                        pending --false--> gone             inactive --true--> pending (a new alert)
//
// 1. The state changes only in evaluate(), by the evaluation's slot, never by the wall clock.
// 2. An evaluation that fails changes nothing; one that exceeds the limit forgets all alerts of the rule.
// 3. A clock that went back neither ends nor delays an alert: times that are in the future by then become the slot.
// 4. An inactive alert is kept as long as its end is still being told to receivers.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_annotations.hpp"
#include "rules/rule.hpp"
#include "rules/status.hpp"
#include "state/store.hpp"
#include "template/prometheus.hpp"

namespace tocsin::rules {

/// One label set for which the expression is or was true. Times are 0 when they do not apply.
struct ActiveAlert {
  model::Labels labels;
  model::Labels annotations;
  AlertState state = AlertState::kPending;
  double value = 0;
  Timestamp active_at = 0, fired_at = 0, resolved_at = 0, last_sent_at = 0, valid_until = 0, keep_firing_since = 0;
};

/// Thread: evaluate(), take_due() and the others that change it from one at a time; status() from any.
class AlertingRule final : public Rule {
 public:
  /// @param restored  false: ALERTS and ALERTS_FOR_STATE are not written until set_restored(), so that what an earlier
  ///                  process wrote there can still be read.
  AlertingRule(const RuleSpec& spec, Texts label_texts, bool restored);

  /// ALERTS and ALERTS_FOR_STATE of the alerts that are pending or firing.
  Result<promql::Vector> evaluate(const Evaluation& evaluation) override;

  /// The alerts that are to be sent at this slot, and notes that they were: firing ones and resolved ones, each again
  /// after the resend delay. A firing one ends by itself after four times the larger of both durations.
  std::vector<model::AlertPtr> take_due(const Evaluation& evaluation, Duration resend_delay, Duration interval);

  /// True once after each change that a restart must not undo (values and annotations alone do not count).
  bool take_changed();
  std::vector<state::RuleAlert> save(const std::string& rule_key) const;
  void load(const std::vector<state::RuleAlert>& alerts);
  /// Takes over what another version of this rule knows.
  void copy_state(const AlertingRule& from);

  /// When the first `for` or keep_firing_for that ends behind `after` does: an evaluation at that time changes a state
  /// even if no sample came. 0: none does.
  Timestamp next_change(Timestamp after) const;

  /// The labels of the series that the alerts have now.
  std::vector<model::Labels> series() const;

  bool restored() const { return restored_; }
  void set_restored() { restored_ = true; }
  /// Calls `restore` with the labels of each alert and takes the begin that it answers; 0 changes nothing.
  template <typename F>
  void restore_active_at(F restore) {
    const MutexLock lock(mutex_);
    for (auto& [labels, alert] : alerts_) {
      const Timestamp t = restore(labels);
      if (t == 0 || t == alert.active_at) continue;
      alert.active_at = t;
      changed_ = true;
    }
  }

  Duration hold() const { return hold_; }
  Duration keep_firing_for() const { return keep_firing_for_; }
  const model::Labels& annotations() const { return annotations_; }
  /// Pending and firing ones, by labels.
  std::vector<AlertStatus> active() const;
  /// The worst state of its alerts; inactive if there is none.
  AlertState state() const;

 private:
  /// A label or an annotation and its text; the template is an error if it does not parse.
  struct TextTemplate {
    std::string name;
    Result<tmpl::PromTemplate> text;
    mutable std::string last_error;  // the one that was logged
  };
  using AlertMap = std::map<model::Labels, ActiveAlert>;

  std::vector<TextTemplate> parse_templates(const Texts& texts) const;
  std::string expand(const TextTemplate& text, const tmpl::PromTemplateData& data) const;
  Result<AlertMap> make_alerts(const Evaluation& evaluation, const promql::Vector& vector) const;
  /// @return false if the alert is over and to be forgotten.
  bool advance(ActiveAlert& alert, bool holds, Timestamp slot, bool& active) TOCSIN_REQUIRES(mutex_);
  bool keeps_firing(ActiveAlert& alert, Timestamp slot) TOCSIN_REQUIRES(mutex_);
  void follow_clock_back(ActiveAlert& alert, Timestamp slot) TOCSIN_REQUIRES(mutex_);
  promql::VectorSample sample(const ActiveAlert& alert, std::string_view metric, bool with_state, double value) const;

  const Duration hold_;
  const Duration keep_firing_for_;
  const model::Labels annotations_;
  const std::vector<TextTemplate> label_templates_;
  const std::vector<TextTemplate> annotation_templates_;
  bool restored_;

  mutable Mutex mutex_;
  AlertMap alerts_ TOCSIN_GUARDED_BY(mutex_);
  bool changed_ TOCSIN_GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin::rules
