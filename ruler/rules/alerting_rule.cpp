#include "rules/alerting_rule.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace tocsin::rules {
namespace {

constexpr std::string_view kAlertsMetric = "ALERTS";
constexpr std::string_view kForStateMetric = "ALERTS_FOR_STATE";
constexpr std::int64_t kResolvedRetentionMs = 15 * 60 * 1000;

/// What `query` in a template answers: at the slot itself, whatever the query offset.
tmpl::TemplateQueryFn template_query(const Evaluation& evaluation) {
  return [&evaluation](const std::string& text) -> Result<std::vector<tmpl::QuerySample>> {
    TOCSIN_TRY(const auto expr, promql::parser::parse_expr(text, evaluation.environment.parser));
    TOCSIN_TRY(const auto vector, query_vector(evaluation, *expr, text, evaluation.slot));
    std::vector<tmpl::QuerySample> samples;
    samples.reserve(vector.size());
    for (const auto& sample : vector) samples.push_back({sample.labels, sample.v, sample.h});
    return samples;
  };
}

model::AlertPtr to_message(const ActiveAlert& alert, const Evaluation& evaluation, const std::string& query_text) {
  const Environment& environment = evaluation.environment;
  auto message = std::make_shared<model::Alert>();
  model::LabelsBuilder labels(alert.labels);
  for (const auto& label : environment.external_labels) {
    if (!alert.labels.has(label.name)) labels.set(label.name, label.value);
  }
  message->labels = labels.build();
  message->annotations = alert.annotations;
  message->starts_at = alert.fired_at;
  message->ends_at = alert.resolved_at != 0 ? alert.resolved_at : alert.valid_until;
  message->updated_at = evaluation.slot;
  message->generator_url =
      fmt::format("{}/graph?g0.expr={}&g0.tab=1", environment.external_url, query_escape(query_text));
  return message;
}

bool needs_sending(const ActiveAlert& alert, Timestamp slot, std::int64_t resend_ms) {
  if (alert.state == AlertState::kPending) return false;
  if (alert.last_sent_at == 0 || alert.resolved_at > alert.last_sent_at) return true;
  return alert.last_sent_at + resend_ms < slot;
}

state::RuleAlertState to_stored(AlertState state) {
  switch (state) {
    case AlertState::kFiring:
      return state::RuleAlertState::kFiring;
    case AlertState::kInactive:
      return state::RuleAlertState::kInactive;
    default:
      return state::RuleAlertState::kPending;
  }
}

AlertState from_stored(state::RuleAlertState state) {
  switch (state) {
    case state::RuleAlertState::kFiring:
      return AlertState::kFiring;
    case state::RuleAlertState::kInactive:
      return AlertState::kInactive;
    case state::RuleAlertState::kPending:
      break;
  }
  return AlertState::kPending;
}

}  // namespace

AlertingRule::AlertingRule(const RuleSpec& spec, Texts label_texts, bool restored)
    : Rule(spec, std::move(label_texts)),
      hold_(spec.hold),
      keep_firing_for_(spec.keep_firing_for),
      annotations_(to_annotations(spec.annotations)),
      label_templates_(parse_templates(this->label_texts())),
      annotation_templates_(parse_templates(spec.annotations)),
      restored_(restored) {}

std::vector<AlertingRule::TextTemplate> AlertingRule::parse_templates(const Texts& texts) const {
  std::vector<TextTemplate> templates;
  for (const auto& [label, text] : texts) {
    templates.push_back({label, tmpl::PromTemplate::parse("__alert_" + name(), text), {}});
  }
  return templates;
}

std::string AlertingRule::expand(const TextTemplate& text, const tmpl::PromTemplateData& data) const {
  auto expanded = text.text ? text.text->expand(data) : Result<std::string>(fail(text.text.error()));
  if (expanded) return std::move(*expanded);
  const std::string& error = expanded.error().message;
  if (error != text.last_error) {
    text.last_error = error;
    log::warn("rules", "expanding an alert's template failed",
              {{"alert", name()}, {"text", text.name}, {"err", error}});
  }
  return fmt::format("<error expanding template: {}>", error);
}

Result<AlertingRule::AlertMap> AlertingRule::make_alerts(const Evaluation& evaluation,
                                                         const promql::Vector& vector) const {
  AlertMap alerts;
  tmpl::PromTemplateData data;
  data.external_labels = evaluation.environment.external_labels;
  data.external_url = evaluation.environment.external_url;
  data.query = template_query(evaluation);
  data.now = evaluation.slot;
  for (const promql::VectorSample& sample : vector) {
    data.labels = sample.labels;
    data.value = sample.v;
    data.histogram = sample.h;
    model::LabelsBuilder labels(sample.labels);
    labels.remove(model::kMetricName);
    for (const TextTemplate& text : label_templates_) labels.set(text.name, expand(text, data));
    labels.set(model::kAlertName, name());
    Texts annotations;
    for (const TextTemplate& text : annotation_templates_) annotations.emplace_back(text.name, expand(text, data));

    ActiveAlert alert;
    alert.labels = labels.build();
    alert.annotations = to_annotations(annotations);
    alert.value = sample.h ? 0 : sample.v;  // an alert's value is a number, as there
    alert.active_at = evaluation.slot;
    auto key = alert.labels;
    if (!alerts.emplace(std::move(key), std::move(alert)).second) {
      return fail(Errc::kExecution, "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  return alerts;
}

Result<promql::Vector> AlertingRule::evaluate(const Evaluation& evaluation) {
  TOCSIN_TRY(const promql::Vector vector, query_vector(evaluation, expr(), query_text(), evaluation.query_time));
  TOCSIN_TRY(AlertMap current, make_alerts(evaluation, vector));

  const MutexLock lock(mutex_);
  for (const auto& [labels, alert] : current) {
    const auto known = alerts_.find(labels);
    if (known != alerts_.end() && known->second.state != AlertState::kInactive) {
      known->second.value = alert.value;
      known->second.annotations = alert.annotations;
    } else {
      alerts_.insert_or_assign(labels, alert);
      changed_ = true;
    }
  }

  promql::Vector samples;
  std::size_t active_count = 0;
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    ActiveAlert& alert = it->second;
    bool active = false;
    if (!advance(alert, current.contains(it->first), evaluation.slot, active)) {
      it = alerts_.erase(it);
      changed_ = true;
      continue;
    }
    ++it;
    if (!active) continue;
    ++active_count;
    if (!restored_) continue;
    samples.push_back(sample(alert, kAlertsMetric, true, 1));
    samples.push_back(sample(alert, kForStateMetric, false, static_cast<double>(alert.active_at / 1000)));
  }
  if (evaluation.limit > 0 && active_count > static_cast<std::size_t>(evaluation.limit)) {
    alerts_.clear();
    changed_ = true;
    return fail(Errc::kLimit, "exceeded limit of {} with {} alerts", evaluation.limit, active_count);
  }
  return samples;
}

bool AlertingRule::keeps_firing(ActiveAlert& alert, Timestamp slot) {
  if (alert.state != AlertState::kFiring || keep_firing_for_ <= Duration{0}) return false;
  if (alert.keep_firing_since == 0) {
    alert.keep_firing_since = slot;
    changed_ = true;
  }
  return slot - alert.keep_firing_since < to_ms(keep_firing_for_);
}

/// Else a firing alert would fall back to pending, and none would be sent, until the clock is where it was.
void AlertingRule::follow_clock_back(ActiveAlert& alert, Timestamp slot) {
  const bool in_future = alert.active_at > slot || alert.last_sent_at > slot || alert.resolved_at > slot;
  if (!in_future) return;
  const bool fired = alert.state != AlertState::kPending;
  alert.active_at = std::min(alert.active_at, fired ? slot - to_ms(hold_) : slot);
  alert.fired_at = std::min(alert.fired_at, slot);
  alert.resolved_at = std::min(alert.resolved_at, slot);
  alert.keep_firing_since = std::min(alert.keep_firing_since, slot);
  alert.last_sent_at = 0;
  changed_ = true;
}

bool AlertingRule::advance(ActiveAlert& alert, bool holds, Timestamp slot, bool& active) {
  follow_clock_back(alert, slot);
  if (holds) {
    changed_ |= alert.keep_firing_since != 0;
    alert.keep_firing_since = 0;
  } else {
    if (alert.state == AlertState::kPending) return false;
    if (alert.resolved_at != 0 && slot - alert.resolved_at > kResolvedRetentionMs) return false;
    if (!keeps_firing(alert, slot)) {
      if (alert.state != AlertState::kInactive) {
        alert.state = AlertState::kInactive;
        alert.resolved_at = slot;
        changed_ = true;
      }
      return true;
    }
  }
  active = true;
  const bool held = slot - alert.active_at >= to_ms(hold_);
  if (alert.state == AlertState::kPending && held) {
    alert.state = AlertState::kFiring;
    alert.fired_at = slot;
    changed_ = true;
  } else if (alert.state == AlertState::kFiring && !held) {
    // `for` was raised while it fired.
    alert.state = AlertState::kPending;
    alert.fired_at = alert.last_sent_at = alert.keep_firing_since = 0;
    changed_ = true;
  }
  return true;
}

promql::VectorSample AlertingRule::sample(const ActiveAlert& alert, std::string_view metric, bool with_state,
                                          double value) const {
  model::LabelsBuilder builder(labels());
  for (const auto& label : alert.labels) builder.set(label.name, label.value);
  builder.set(model::kMetricName, metric);
  builder.set(model::kAlertName, name());
  if (with_state) builder.set("alertstate", alert_state_text(alert.state));
  promql::VectorSample out;
  out.labels = builder.build();
  out.v = value;
  return out;
}

std::vector<model::AlertPtr> AlertingRule::take_due(const Evaluation& evaluation, Duration resend_delay,
                                                    Duration interval) {
  std::vector<model::AlertPtr> due;
  const MutexLock lock(mutex_);
  for (auto& [labels, alert] : alerts_) {
    if (!needs_sending(alert, evaluation.slot, to_ms(resend_delay))) continue;
    alert.last_sent_at = evaluation.slot;
    alert.valid_until = evaluation.slot + 4 * to_ms(std::max(interval, resend_delay));
    changed_ = true;
    due.push_back(to_message(alert, evaluation, query_text()));
  }
  return due;
}

bool AlertingRule::take_changed() {
  const MutexLock lock(mutex_);
  return std::exchange(changed_, false);
}

std::vector<state::RuleAlert> AlertingRule::save(const std::string& rule_key) const {
  std::vector<state::RuleAlert> out;
  const MutexLock lock(mutex_);
  out.reserve(alerts_.size());
  for (const auto& [labels, alert] : alerts_) {
    out.push_back({rule_key, labels, alert.annotations, to_stored(alert.state), alert.value, alert.active_at,
                   alert.fired_at, alert.resolved_at, alert.last_sent_at, alert.valid_until, alert.keep_firing_since});
  }
  return out;
}

void AlertingRule::load(const std::vector<state::RuleAlert>& alerts) {
  const MutexLock lock(mutex_);
  for (const state::RuleAlert& stored : alerts) {
    alerts_.insert_or_assign(stored.labels,
                             ActiveAlert{stored.labels, stored.annotations, from_stored(stored.state), stored.value,
                                         stored.active_at, stored.fired_at, stored.resolved_at, stored.last_sent_at,
                                         stored.valid_until, stored.keep_firing_since});
  }
}

void AlertingRule::copy_state(const AlertingRule& from) {
  AlertMap copy;
  {
    const MutexLock lock(from.mutex_);
    copy = from.alerts_;
  }
  const MutexLock lock(mutex_);
  alerts_ = std::move(copy);
  changed_ = true;
}

Timestamp AlertingRule::next_change(Timestamp after) const {
  Timestamp next = 0;
  const auto take = [&next, after](Timestamp t) {
    if (t > after) next = next == 0 ? t : std::min(next, t);
  };
  const MutexLock lock(mutex_);
  for (const auto& [labels, alert] : alerts_) {
    if (alert.state == AlertState::kPending) take(alert.active_at + to_ms(hold_));
    if (alert.state == AlertState::kFiring && alert.keep_firing_since != 0) {
      take(alert.keep_firing_since + to_ms(keep_firing_for_));
    }
  }
  return next;
}

std::vector<model::Labels> AlertingRule::series() const {
  std::vector<model::Labels> out;
  const MutexLock lock(mutex_);
  for (const auto& [labels, alert] : alerts_) {
    if (alert.state == AlertState::kInactive) continue;
    out.push_back(sample(alert, kAlertsMetric, true, 1).labels);
    out.push_back(sample(alert, kForStateMetric, false, 0).labels);
  }
  return out;
}

std::vector<AlertStatus> AlertingRule::active() const {
  std::vector<AlertStatus> out;
  const MutexLock lock(mutex_);
  for (const auto& [labels, alert] : alerts_) {
    if (alert.resolved_at != 0) continue;
    out.push_back({labels, alert.annotations, alert.state, alert.active_at, alert.keep_firing_since, alert.value});
  }
  return out;
}

AlertState AlertingRule::state() const {
  AlertState worst = AlertState::kInactive;
  const MutexLock lock(mutex_);
  for (const auto& [labels, alert] : alerts_) worst = std::max(worst, alert.state);
  return worst;
}

}  // namespace tocsin::rules
