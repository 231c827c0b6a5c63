#pragma once
// A rule group: rules that are evaluated one after the other at the same slot, each seeing what the ones before stored.
// Source: Prometheus rules/group.go.
//
// A group does not know when its time is (group_runner.hpp) nor on which thread it runs.
//
// 1. One evaluation at a time; between begin_run() and finish_run() the rules in their order.
// 2. Each rule's samples are committed before the next rule is evaluated, which sees them; what others store meanwhile
// is
//    not seen (group_view.hpp).
// 3. A series that a rule stored last time and does not answer now gets a stale marker; after an error it does not.
// 4. The exact state of alerts goes to the state store after each rule whose alerts changed.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_annotations.hpp"
#include "rules/alerting_rule.hpp"
#include "rules/group_view.hpp"
#include "rules/inputs.hpp"
#include "rules/restore.hpp"
#include "rules/rule.hpp"
#include "rules/series_writer.hpp"
#include "rules/sinks.hpp"
#include "rules/status.hpp"
#include "state/store.hpp"

namespace tocsin::rules {

struct GroupOptions {
  Duration resend_delay = std::chrono::minutes(1);  // --rules.alert.resend-delay
  RestoreOptions restore;
  /// Called with the duration of each rule's and each group's evaluation, on the worker; may be empty.
  std::function<void(Duration)> on_rule_evaluated, on_group_evaluated;
};

/// What a group works with. All outlive it.
struct GroupDeps {
  QueryFn query;
  storage::Queryable& queryable;
  storage::Appendable& appendable;
  AlertSink& alerts;
  state::Store& state;
  Clock& clock;
  DurationRecorder& durations;
  GroupOptions options;
};

class Group {
 public:
  /// @param interval  of the group, or the configuration's if it has none.
  /// @param restored  false only for groups of a start: the begin of alerts is looked up in ALERTS_FOR_STATE after the
  ///                  second evaluation, for rules that load() knows nothing of.
  Group(GroupSpec spec, Duration interval, std::shared_ptr<const GroupDeps> deps, bool restored);

  const std::string& name() const { return spec_.name; }
  const std::string& file() const { return spec_.file; }
  Duration interval() const { return interval_; }
  /// "file;name".
  std::string key() const { return spec_.file + ";" + spec_.name; }
  std::size_t rule_count() const { return rules_.size(); }
  /// Scrapes that bring what it reads let it be evaluated, besides its slots.
  bool evaluates_on_scrape(const Environment& environment) const;
  /// From the begin of one evaluation to the next, at least, if it is a scrape that asks.
  Duration evaluation_min_interval(const Environment& environment) const;
  Duration query_offset(const Environment& environment) const;
  /// What its rules read.
  std::vector<Input> inputs() const;
  /// Nothing that matters for evaluation differs.
  bool equals(const Group& other) const;

  // State at a start and at a change. Thread: while no evaluation is under way, one at a time.

  /// By what the state store knows a rule: file, group, name, labels, and which of equal ones it is.
  std::string rule_key(std::size_t index) const;
  /// Takes the stored alerts of a rule, and their series as written before. Does nothing for a recording rule.
  void load(std::size_t index, const std::vector<state::RuleAlert>& alerts);
  /// Takes over alerts and series from an earlier version of this group, rule by rule where name and labels agree; what
  /// is left over gets stale markers at the next evaluation and leaves the state store.
  void copy_state(Group& from);
  /// Forgets the alerts in the state store; the group is gone.
  void forget();
  /// The series that the last evaluation stored, and those that still wait for their stale marker.
  std::vector<model::Labels> series() const;

  // An evaluation. Thread: a worker, one at a time.

  struct Run {
    Timestamp slot = 0;
    bool scheduled = true;  // at a slot of the group; false: a scrape asked for it
    std::shared_ptr<const Environment> environment;
    MonoTime began{0};
    Timestamp began_wall = 0;
    std::unique_ptr<GroupView> view;  // pinned by the first rule
    std::size_t next_rule = 0;
    std::size_t samples = 0;
    Duration rule_time{0};
    Timestamp next_change = 0;  // set by finish_run(): when a `for` or keep_firing_for is over; 0: none
  };
  Run begin_run(Timestamp slot, std::shared_ptr<const Environment> environment, bool scheduled = true);
  /// Evaluates the next rule. @return false if there is none left, or the group was told to stop.
  bool run_next_rule(Run& run);
  void finish_run(Run& run);

  // Thread: any.

  /// The evaluation under way ends after the rule that it is at.
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }
  void count_iterations(std::int64_t scheduled, std::int64_t missed);
  void count_scrape_trigger();
  void count_scrape_evaluation();
  GroupStatus status() const;
  /// The last evaluation of a rule failed, or samples of it were refused.
  bool has_errors() const;
  GroupMetrics metrics() const;
  std::vector<AlertStatus> active_alerts() const;

  /// When the samples of an evaluation are: the slot minus the query offset.
  Timestamp sample_time(Timestamp slot, const Environment& environment) const;

 private:
  struct RuleEntry {
    std::unique_ptr<Rule> rule;
    AlertingRule* alerting = nullptr;  // the same rule, if it is one
    std::string key;
    WrittenSeries series;  // of the last result
    // Guarded by mutex_.
    Health health = Health::kUnknown;
    std::string last_error;
    Duration evaluation_time{0};
    Timestamp last_evaluation = 0;
  };

  /// What an evaluation came to.
  struct Outcome {
    std::size_t samples = 0;  // of the answer, stored or not
    Result<WriteReport> written;
  };
  Outcome evaluate_rule(Run& run);
  Outcome evaluate(RuleEntry& entry, const Evaluation& evaluation, GroupView* later);
  void write_stale_series(Timestamp t);
  void restore_alerts();
  Timestamp next_change(Timestamp after) const;
  void save_alerts(RuleEntry& entry);
  void set_result(RuleEntry& entry, const Outcome& outcome);
  void tell_trouble(const RuleEntry& entry, const Outcome& outcome) const;

  const GroupSpec spec_;
  const Duration interval_;
  const std::shared_ptr<const GroupDeps> deps_;
  std::vector<RuleEntry> rules_;
  std::vector<model::Labels> stale_series_;  // of rules that are gone
  bool needs_restore_;
  int evaluations_before_restore_ = 2;
  std::atomic<bool> stopping_{false};

  mutable Mutex mutex_;
  GroupMetrics metrics_ TOCSIN_GUARDED_BY(mutex_);
  Duration evaluation_time_ TOCSIN_GUARDED_BY(mutex_){0};
  Timestamp last_evaluation_ TOCSIN_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::rules
