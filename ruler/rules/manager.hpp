#pragma once
// Keeps the rule groups of the configuration evaluated. Takes functions and contracts, knows no component.
// Source: Prometheus rules/manager.go.
//
//   load_state() -> apply(groups) -> start() -> apply(other groups) ... -> stop(done)
//
// 1. Nothing is evaluated before start(): call it when the store answers for its whole look-back. An alert that was
// firing
//    and whose condition does not hold at the first evaluation is resolved by it.
// 2. apply() keeps a group that did not change: it misses no slot. A changed one goes on with the alerts and series of
// the
//    old one, where name and labels of a rule agree; the series of a removed one end after two intervals.
// 3. What a restart must know of alerts is in the state store at all times.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_annotations.hpp"
#include "rules/group.hpp"
#include "rules/group_runner.hpp"
#include "rules/rule_file.hpp"
#include "rules/scrape_index.hpp"
#include "rules/sinks.hpp"
#include "rules/status.hpp"
#include "state/store.hpp"

namespace tocsin::rules {

/// All outlive the manager.
struct ManagerDeps {
  QueryFn query;
  storage::Queryable& queryable;
  storage::Appendable& appendable;
  AlertSink& alerts;
  state::Store& state;
  Loop& loop;
  WorkPool& work;
  GroupOptions options;
};

/// Thread: the loop's, but for what says any. Destroy it on the loop's thread, when stop() is done, or when no worker
/// runs any more.
class Manager {
 public:
  explicit Manager(ManagerDeps deps);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// Reads the alerts of an earlier process. Blocks; before the first apply().
  Result<void> load_state();

  /// Makes these the groups. They are checked (rule_file.hpp); file and name are unique.
  /// @param interval  of groups that have none: global.evaluation_interval.
  void apply(std::vector<GroupSpec> groups, Environment environment, Duration interval);

  void start();
  /// A scrape was stored: groups that are evaluated on_scrape and may read what it brought follow soon.
  void scraped(const Scraped& scraped);
  /// Ends all evaluations; calls `done` on the loop when none is under way. apply() does nothing from then on.
  void stop(Job done);

  // Thread: any.

  /// Sorted by file and name.
  std::vector<GroupStatus> groups() const;
  /// All pending and firing alerts.
  std::vector<AlertStatus> alerts() const;
  Metrics metrics() const;

 private:
  using Key = std::pair<std::string, std::string>;  // file, name
  using RunnerPtr = std::shared_ptr<GroupRunner>;

  RunnerPtr make_runner(GroupSpec spec, Duration interval);
  void load_alerts(Group& group);
  void drop_unclaimed_alerts();
  void replace(const RunnerPtr& old_runner, const RunnerPtr& new_runner);
  void retire(const RunnerPtr& runner);
  void end_series_later(const std::shared_ptr<Group>& group);
  void end_series(const std::shared_ptr<Group>& group, std::vector<model::Labels> series, Timestamp t);
  void publish();
  void index_inputs();
  void runner_stopped(const RunnerPtr& runner);
  void finish_stop_if_idle();
  std::vector<std::shared_ptr<Group>> published() const;

  Loop& loop_;
  Executor& lane_;
  DurationRecorder durations_;
  const std::shared_ptr<const GroupDeps> deps_;
  std::shared_ptr<const Environment> environment_;
  std::map<std::string, std::vector<state::RuleAlert>> stored_;  // by rule key, until the first apply()
  std::map<Key, RunnerPtr> runners_;
  std::set<RunnerPtr> live_;  // all that are not stopped yet, those on their way out too
  ScrapeIndex scrape_index_;
  std::vector<RunnerPtr> scrape_readers_;  // what its numbers mean
  std::set<TimerId> ending_;               // timers of series that end later
  std::size_t writing_ = 0;                // stale markers being written
  bool applied_ = false, started_ = false, stopping_ = false;
  Job on_stopped_;
  /// False once this is destroyed; jobs on the loop look.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Group>> groups_ TOCSIN_GUARDED_BY(mutex_);  // of runners_, in its order
};

}  // namespace tocsin::rules
