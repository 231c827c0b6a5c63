#pragma once
// One test of a file: its series and the rules over an empty store, evaluation by evaluation, on the test's own clock.
// Source: cmd/promtool/unittest.go (testGroup.test).
//
//   for each time from the begin to the last eval_time, evaluation_interval apart:
//     series up to that time come into the store -> all groups are evaluated -> alerts whose eval_time lies before the
//     next evaluation are compared
//
// Groups that say `evaluation: on_scrape` (not promtool's) are also evaluated at the times between of the series'
// values, and when a `for` or keep_firing_for is over.
//   then expressions are evaluated over what is in the store

#include <set>
#include <span>
#include <string>
#include <vector>

#include "promql/engine.hpp"
#include "promqltest/loader.hpp"
#include "promqltest/runner.hpp"
#include "rules/group.hpp"
#include "rules/rule_file.hpp"
#include "ruletest/test_file.hpp"
#include "ruletest/texts.hpp"
#include "state/null_store.hpp"

namespace tocsin::ruletest {

/// What the tests of a file share. All outlive them.
struct TestEnvironment {
  const TestFile& file;
  const std::vector<rules::GroupSpec>& groups;  // in the order of evaluation
  const promql::Engine& engine;
  const promqltest::MakeStore& make_store;
  bool diff = false;  // differences of alerts in colours
};

/// Runs one test, once. Thread: any, one at a time.
class GroupTest {
 public:
  GroupTest(const TestGroup& test, const TestEnvironment& environment);

  /// What is wrong, promtool's texts; empty if all is as expected.
  std::vector<std::string> run();
  /// All that is in the store after run(): "metric =>\nvalue @[ms]" for each series.
  std::string dump() const;

 private:
  class NoSink final : public rules::AlertSink {
   public:
    void post(std::vector<model::AlertPtr>) override {}
  };

  Result<void> prepare();
  Result<promqltest::LoadPoints> read_series() const;
  void make_groups();
  bool run_rules();
  bool evaluate(Timestamp t, bool all);
  bool evaluate_group(rules::Group& group, Timestamp t);
  bool evaluate_between(std::int64_t from, std::int64_t to);
  Timestamp next_between(Timestamp after) const;
  void add_rule_errors(const rules::Group& group, Timestamp t);
  void compare_alerts(std::int64_t before);
  std::vector<AlertTexts> firing(const std::string& alertname) const;
  void compare(const AlertTest& test);
  void compare(const ExprTest& test);
  Result<std::vector<SampleTexts>> query(const ExprTest& test) const;
  void fail_expr(const ExprTest& test, std::string_view what);

  const TestGroup& test_;
  const TestEnvironment& environment_;
  std::vector<std::string> errors_;

  std::unique_ptr<promqltest::Store> store_;
  promqltest::LoadPoints points_;  // that are not in the store yet
  promqltest::LoadWriter writer_;
  state::NullStore state_;
  NoSink sink_;
  rules::DurationRecorder durations_;
  std::shared_ptr<const rules::Environment> rule_environment_;
  std::vector<std::unique_ptr<rules::Group>> groups_;
  Timestamp next_change_ = 0;       // of a group that is evaluated on_scrape; 0: none
  std::set<Duration> alert_times_;  // that are not compared yet
};

}  // namespace tocsin::ruletest
