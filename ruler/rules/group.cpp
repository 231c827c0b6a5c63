#include "rules/group.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "rules/recording_rule.hpp"

namespace tocsin::rules {
namespace {

bool same_rule(const RuleSpec& a, const RuleSpec& b) {
  return a.record == b.record && a.alert == b.alert && a.hold == b.hold && a.keep_firing_for == b.keep_firing_for &&
         to_annotations(a.annotations) == to_annotations(b.annotations);
}

}  // namespace

Group::Group(GroupSpec spec, Duration interval, std::shared_ptr<const GroupDeps> deps, bool restored)
    : spec_(std::move(spec)), interval_(interval), deps_(std::move(deps)), needs_restore_(!restored) {
  std::map<std::string, std::size_t> occurrences;
  for (const RuleSpec& rule : spec_.rules) {
    RuleEntry entry;
    Texts labels = merge_labels(spec_.labels, rule.labels);
    if (rule.alert.empty()) {
      entry.rule = std::make_unique<RecordingRule>(rule, std::move(labels));
    } else {
      const bool looked_up = restored || rule.hold < deps_->options.restore.for_grace_period;
      auto alerting = std::make_unique<AlertingRule>(rule, std::move(labels), looked_up);
      entry.alerting = alerting.get();
      entry.rule = std::move(alerting);
    }
    entry.key = fmt::format("{} {} {}", go_quote(spec_.file), go_quote(spec_.name), entry.rule->identity());
    if (const std::size_t earlier = occurrences[entry.key]++; earlier > 0) entry.key += fmt::format(" {}", earlier);
    rules_.push_back(std::move(entry));
  }
  const MutexLock lock(mutex_);
  metrics_.group = key();
  metrics_.interval_seconds = to_seconds(interval_);
  metrics_.rules = rules_.size();
}

bool Group::equals(const Group& other) const {
  if (spec_.file != other.spec_.file || spec_.name != other.spec_.name || interval_ != other.interval_ ||
      spec_.limit != other.spec_.limit || spec_.query_offset != other.spec_.query_offset ||
      spec_.evaluation != other.spec_.evaluation ||
      spec_.evaluation_min_interval != other.spec_.evaluation_min_interval || rules_.size() != other.rules_.size()) {
    return false;
  }
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const Rule& mine = *rules_[i].rule;
    const Rule& theirs = *other.rules_[i].rule;
    if (!same_rule(spec_.rules[i], other.spec_.rules[i]) || mine.query_text() != theirs.query_text() ||
        mine.label_texts() != theirs.label_texts()) {
      return false;
    }
  }
  return true;
}

bool Group::evaluates_on_scrape(const Environment& environment) const {
  return spec_.has_alerts() && spec_.evaluation.value_or(environment.evaluation) == EvaluationMode::kOnScrape;
}

Duration Group::evaluation_min_interval(const Environment& environment) const {
  return spec_.evaluation_min_interval.value_or(environment.evaluation_min_interval);
}

std::vector<Input> Group::inputs() const {
  std::vector<Input> out;
  for (const RuleEntry& entry : rules_) std::ranges::move(inputs_of(entry.rule->expr()), std::back_inserter(out));
  return out;
}

std::string Group::rule_key(std::size_t index) const {
  return rules_[index].key;
}

void Group::load(std::size_t index, const std::vector<state::RuleAlert>& alerts) {
  AlertingRule* const rule = rules_[index].alerting;
  if (rule == nullptr) return;
  rule->load(alerts);
  rule->set_restored();
  for (model::Labels& labels : rule->series()) rules_[index].series.emplace(std::move(labels), 0);
}

void Group::copy_state(Group& from) {
  std::map<std::string, std::vector<RuleEntry*>> known;
  for (auto it = from.rules_.rbegin(); it != from.rules_.rend(); ++it) known[it->rule->identity()].push_back(&*it);
  for (RuleEntry& entry : rules_) {
    auto& candidates = known[entry.rule->identity()];
    if (candidates.empty()) continue;
    RuleEntry& old = *candidates.back();
    candidates.pop_back();
    entry.series = std::move(old.series);
    if (entry.alerting != nullptr && old.alerting != nullptr) entry.alerting->copy_state(*old.alerting);
  }
  stale_series_ = std::move(from.stale_series_);
  for (const auto& [identity, left_over] : known) {
    for (const RuleEntry* old : left_over) {
      for (const auto& [labels, ref] : old->series) stale_series_.push_back(labels);
      if (old->alerting != nullptr) deps_->state.save_rule_alerts(old->key, {});
    }
  }
  Duration evaluation_time{0};
  Timestamp last_evaluation = 0;
  {
    const MutexLock lock(from.mutex_);
    evaluation_time = from.evaluation_time_;
    last_evaluation = from.last_evaluation_;
  }
  const MutexLock lock(mutex_);
  evaluation_time_ = evaluation_time;
  last_evaluation_ = last_evaluation;
}

void Group::forget() {
  for (const RuleEntry& entry : rules_) {
    if (entry.alerting != nullptr) deps_->state.save_rule_alerts(entry.key, {});
  }
}

std::vector<model::Labels> Group::series() const {
  std::vector<model::Labels> out = stale_series_;
  for (const RuleEntry& entry : rules_) {
    for (const auto& [labels, ref] : entry.series) out.push_back(labels);
  }
  return out;
}

Duration Group::query_offset(const Environment& environment) const {
  return spec_.query_offset.value_or(environment.query_offset);
}

Timestamp Group::sample_time(Timestamp slot, const Environment& environment) const {
  return slot - to_ms(query_offset(environment));
}

Group::Run Group::begin_run(Timestamp slot, std::shared_ptr<const Environment> environment, bool scheduled) {
  Run run;
  run.slot = slot;
  run.scheduled = scheduled;
  run.environment = std::move(environment);
  run.began = deps_->clock.mono();
  run.began_wall = deps_->clock.now();
  return run;
}

bool Group::run_next_rule(Run& run) {
  if (stopping_ || run.next_rule >= rules_.size()) return false;
  RuleEntry& entry = rules_[run.next_rule];
  const Timestamp began_wall = deps_->clock.now();
  const MonoTime began = deps_->clock.mono();
  if (run.scheduled && run.next_rule == 0) {
    deps_->durations.observe_start(std::chrono::milliseconds(std::max<Timestamp>(began_wall - run.slot, 0)));
  }
  const Outcome outcome = evaluate_rule(run);
  const Duration took = deps_->clock.mono() - began;
  ++run.next_rule;
  set_result(entry, outcome);
  if (entry.alerting != nullptr) save_alerts(entry);
  run.samples += outcome.samples;
  run.rule_time += took;
  {
    const MutexLock lock(mutex_);
    entry.evaluation_time = took;
    entry.last_evaluation = began_wall;
  }
  deps_->durations.observe_rule(took);
  if (deps_->options.on_rule_evaluated) deps_->options.on_rule_evaluated(took);
  return true;
}

Group::Outcome Group::evaluate_rule(Run& run) {
  if (run.view == nullptr) {
    auto view = GroupView::pin(deps_->queryable);
    if (!view) return {0, fail(std::move(view).error())};
    run.view = std::move(*view);
  }
  const Evaluation evaluation{
      deps_->query, *run.view, *run.environment, run.slot, sample_time(run.slot, *run.environment), spec_.limit,
      file(),       name()};
  const bool last = run.next_rule + 1 == rules_.size();
  return evaluate(rules_[run.next_rule], evaluation, last ? nullptr : run.view.get());
}

/// @param later  the view of the rules behind this one, if there are any.
Group::Outcome Group::evaluate(RuleEntry& entry, const Evaluation& evaluation, GroupView* later) {
  const Result<promql::Vector> samples = entry.rule->evaluate(evaluation);
  if (!samples) return {0, fail(samples.error())};
  if (entry.alerting != nullptr) {
    auto due = entry.alerting->take_due(evaluation, deps_->options.resend_delay, interval_);
    if (!due.empty()) deps_->alerts.post(std::move(due));
  }
  std::vector<OwnSample> stored;
  auto written = write_samples(deps_->appendable, *samples, evaluation.query_time, entry.series,
                               later != nullptr ? &stored : nullptr);
  if (written && later != nullptr) later->add(std::move(stored));
  return {samples->size(), std::move(written)};
}

/// Samples that are refused make a rule unhealthy, but are no failed evaluation. Source: Prometheus rules/group.go,
/// Eval.
void Group::set_result(RuleEntry& entry, const Outcome& outcome) {
  const auto& written = outcome.written;
  const std::string error = written ? written->error : written.error().message;
  bool news = false;
  {
    const MutexLock lock(mutex_);
    ++metrics_.evaluations;
    metrics_.evaluation_failures += written ? 0 : 1;
    news = error != entry.last_error;
    entry.health = error.empty() ? Health::kGood : Health::kBad;
    entry.last_error = error;
  }
  if (news) tell_trouble(entry, outcome);
}

void Group::tell_trouble(const RuleEntry& entry, const Outcome& outcome) const {
  const auto& written = outcome.written;
  const auto tell = [&](std::string_view message, std::size_t refused) {
    if (refused == 0) return;
    log::warn("rules", message,
              {{"file", file()}, {"group", name()}, {"rule", entry.rule->name()}, {"num_dropped", refused}});
  };
  if (!written) {
    if (written.error().code == Errc::kCanceled) return;
    log::warn("rules", "evaluating a rule failed",
              {{"file", file()}, {"group", name()}, {"rule", entry.rule->name()}, {"err", written.error().message}});
    return;
  }
  if (written->error.empty()) {
    log::info("rules", "the rule works again", {{"file", file()}, {"group", name()}, {"rule", entry.rule->name()}});
    return;
  }
  tell("Error on ingesting out-of-order result from rule evaluation", written->out_of_order);
  tell("Error on ingesting too old result from rule evaluation", written->too_old);
  tell("Error on ingesting results from rule evaluation with different value but same timestamp", written->duplicates);
  if (written->others > 0) {
    log::warn("rules", "Rule evaluation result discarded",
              {{"file", file()},
               {"group", name()},
               {"rule", entry.rule->name()},
               {"num_dropped", written->others},
               {"err", written->error}});
  }
}

void Group::save_alerts(RuleEntry& entry) {
  if (!entry.alerting->take_changed()) return;
  deps_->state.save_rule_alerts(entry.key, entry.alerting->save(entry.key));
}

void Group::finish_run(Run& run) {
  if (!stopping_) write_stale_series(sample_time(run.slot, *run.environment));
  // Scrapes may ask twice within milliseconds: by then recording rules elsewhere have not seen the new samples.
  if (needs_restore_ && run.scheduled && --evaluations_before_restore_ == 0) restore_alerts();
  if (evaluates_on_scrape(*run.environment)) run.next_change = next_change(run.slot);
  const Duration took = deps_->clock.mono() - run.began;
  {
    const MutexLock lock(mutex_);
    evaluation_time_ = took;
    last_evaluation_ = run.began_wall;
    metrics_.last_evaluation_seconds = static_cast<double>(run.began_wall) / 1000;
    metrics_.last_duration_seconds = to_seconds(took);
    metrics_.last_rule_duration_sum_seconds = to_seconds(run.rule_time);
    metrics_.last_samples = run.samples;
  }
  deps_->durations.observe_group(took);
  if (deps_->options.on_group_evaluated) deps_->options.on_group_evaluated(took);
}

void Group::write_stale_series(Timestamp t) {
  if (stale_series_.empty()) return;
  if (auto written = write_stale_markers(deps_->appendable, stale_series_, t); !written) {
    log::warn("rules", "ending the series of rules that are gone failed",
              {{"file", file()}, {"group", name()}, {"err", written.error().message}});
    return;
  }
  stale_series_.clear();
}

void Group::restore_alerts() {
  needs_restore_ = false;
  const MonoTime began = deps_->clock.mono();
  for (RuleEntry& entry : rules_) {
    if (entry.alerting == nullptr || entry.alerting->restored()) continue;
    const auto restored =
        restore_for_state(deps_->queryable, *entry.alerting, deps_->clock.now(), deps_->options.restore);
    if (!restored) {
      log::warn("rules", "the begin of alerts could not be read from ALERTS_FOR_STATE",
                {{"file", file()}, {"group", name()}, {"rule", entry.rule->name()}, {"err", restored.error().message}});
    }
    entry.alerting->set_restored();
    save_alerts(entry);
  }
  const Duration took = deps_->clock.mono() - began;
  const MutexLock lock(mutex_);
  metrics_.last_restore_duration_seconds = to_seconds(took);
}

Timestamp Group::next_change(Timestamp after) const {
  Timestamp next = 0;
  for (const RuleEntry& entry : rules_) {
    const Timestamp t = entry.alerting != nullptr ? entry.alerting->next_change(after) : 0;
    if (t != 0) next = next == 0 ? t : std::min(next, t);
  }
  return next;
}

void Group::count_scrape_trigger() {
  const MutexLock lock(mutex_);
  ++metrics_.scrape_triggers;
}

void Group::count_scrape_evaluation() {
  const MutexLock lock(mutex_);
  ++metrics_.scrape_evaluations;
}

void Group::count_iterations(std::int64_t scheduled, std::int64_t missed) {
  const MutexLock lock(mutex_);
  metrics_.iterations += static_cast<std::uint64_t>(scheduled);
  metrics_.iterations_missed += static_cast<std::uint64_t>(missed);
}

GroupStatus Group::status() const {
  GroupStatus out;
  out.name = spec_.name;
  out.file = spec_.file;
  out.interval = interval_;
  out.limit = spec_.limit;
  for (const RuleEntry& entry : rules_) {
    RuleStatus rule;
    rule.name = entry.rule->name();
    rule.query = entry.rule->query_text();
    rule.labels = entry.rule->labels();
    {
      const MutexLock lock(mutex_);
      rule.health = entry.health;
      rule.last_error = entry.last_error;
      rule.evaluation_time = entry.evaluation_time;
      rule.last_evaluation = entry.last_evaluation;
    }
    if (const AlertingRule* alerting = entry.alerting; alerting != nullptr) {
      rule.alerting = true;
      rule.hold = alerting->hold();
      rule.keep_firing_for = alerting->keep_firing_for();
      rule.annotations = alerting->annotations();
      rule.alerts = alerting->active();
      rule.state = rule.last_evaluation == 0 ? AlertState::kUnknown : alerting->state();
    }
    out.rules.push_back(std::move(rule));
  }
  const MutexLock lock(mutex_);
  out.evaluation_time = evaluation_time_;
  out.last_evaluation = last_evaluation_;
  return out;
}

bool Group::has_errors() const {
  const MutexLock lock(mutex_);
  return std::ranges::any_of(rules_, [](const RuleEntry& entry) { return entry.health == Health::kBad; });
}

GroupMetrics Group::metrics() const {
  const MutexLock lock(mutex_);
  return metrics_;
}

std::vector<AlertStatus> Group::active_alerts() const {
  std::vector<AlertStatus> out;
  for (const RuleEntry& entry : rules_) {
    if (entry.alerting == nullptr) continue;
    std::ranges::move(entry.alerting->active(), std::back_inserter(out));
  }
  return out;
}

}  // namespace tocsin::rules
