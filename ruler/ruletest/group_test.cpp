#include "ruletest/group_test.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "promqltest/histogram_expression.hpp"
#include "ruletest/json_diff.hpp"

namespace tocsin::ruletest {
namespace {

bool same_samples(const std::vector<SampleTexts>& a, const std::vector<SampleTexts>& b, bool fuzzy) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [fuzzy](const SampleTexts& x, const SampleTexts& y) {
    return x.labels == y.labels && x.histogram == y.histogram && same_value(x.value, y.value, fuzzy);
  });
}

void sort_by_labels(std::vector<SampleTexts>& samples) {
  std::ranges::sort(samples, {}, &SampleTexts::labels);
}

Result<SampleTexts> read_sample(const ExpectedSample& sample) {
  SampleTexts out;
  out.value = sample.value;
  if (!trim(sample.labels).empty()) {
    std::string_view rest;
    TOCSIN_TRY(const model::Labels labels, promqltest::parse_metric(trim(sample.labels), rest));
    if (!trim(rest).empty()) return fail(Errc::kInvalid, "unexpected text {} behind the labels", go_quote(rest));
    out.labels = to_texts(labels);
  }
  if (sample.histogram.empty()) return out;
  promqltest::Budget budget;
  TOCSIN_TRY(const auto line, promqltest::parse_series_line("{} " + sample.histogram, budget));
  if (line.values.size() != 1) return fail(Errc::kInvalid, "expected 1 value, got {}", line.values.size());
  if (line.values.front().histogram == nullptr) {
    return fail(Errc::kInvalid, "expected histogram, got {}", sample.histogram);
  }
  out.histogram = promqltest::histogram_expression(*line.values.front().histogram);
  return out;
}

}  // namespace

GroupTest::GroupTest(const TestGroup& test, const TestEnvironment& environment)
    : test_(test), environment_(environment) {}

std::vector<std::string> GroupTest::run() {
  if (auto prepared = prepare(); !prepared) {
    errors_.push_back(std::move(prepared.error().message));
  } else if (run_rules()) {
    for (const ExprTest& test : test_.expr_tests) compare(test);
  }
  return std::move(errors_);
}

Result<void> GroupTest::prepare() {
  TOCSIN_TRY(points_, read_series());
  TOCSIN_TRY(store_, environment_.make_store());
  for (const AlertTest& test : test_.alert_tests) {
    if (!test.alertname.empty()) continue;
    return fail(Errc::kInvalid, "an item under alert_rule_test misses required attribute alertname at eval_time {}{}",
                format_duration(test.eval_time),
                test_.name.empty() ? "" : fmt::format(" (in TestGroup {})", test_.name));
  }
  make_groups();
  return {};
}

/// The series are the lines of a `load` command.
Result<promqltest::LoadPoints> GroupTest::read_series() const {
  std::string text = fmt::format("load {}\n", format_duration(test_.interval));
  for (const auto& [series, values] : test_.input_series) text += fmt::format("  {} {}\n", series, values);
  const auto commands = promqltest::parse_script(text, environment_.engine.options().parser);
  if (!commands) {
    const auto index = static_cast<std::size_t>(std::max(commands.error().line - 2, 0));
    if (index >= test_.input_series.size()) return fail(Errc::kInvalid, "{}", commands.error().message);
    return fail(Errc::kInvalid, "input_series {}: {}", go_quote(test_.input_series[index].series),
                commands.error().message);
  }
  const auto* load = commands->size() == 1 ? std::get_if<promqltest::LoadCommand>(&commands->front()) : nullptr;
  if (load == nullptr) return fail(Errc::kInvalid, "input_series hold something else than series");
  return promqltest::expand_load(*load, test_.begin());
}

void GroupTest::make_groups() {
  const promql::Engine& engine = environment_.engine;
  auto query = [&engine](storage::Queryable& store, const rules::RuleQuery& asked) {
    return engine.instant(store, asked.expr, asked.at);
  };
  const auto deps = std::make_shared<const rules::GroupDeps>(
      rules::GroupDeps{std::move(query), store_->queryable(), store_->appendable(), sink_, state_, system_clock(),
                       durations_, rules::GroupOptions{}});
  rule_environment_ = std::make_shared<const rules::Environment>(
      rules::Environment{test_.external_labels, test_.external_url, Duration{0}, engine.options().parser});
  for (const rules::GroupSpec& spec : environment_.groups) {
    const Duration interval = spec.interval > Duration{0} ? spec.interval : test_.interval;
    groups_.push_back(std::make_unique<rules::Group>(spec, interval, deps, true));
  }
}

/// @return false if a rule failed: then nothing more is compared.
bool GroupTest::run_rules() {
  for (const AlertTest& test : test_.alert_tests) alert_times_.insert(test.eval_time);
  // In milliseconds, which hold the sum of two durations.
  const std::int64_t last = to_ms(test_.last_eval_time()), interval = to_ms(environment_.file.evaluation_interval);
  for (std::int64_t at = 0; at <= last; at += interval) {
    if (!evaluate(test_.begin() + at, true)) return false;
    if (!evaluate_between(at, std::min(at + interval, last + 1))) return false;
    compare_alerts(at + interval);
  }
  return true;
}

/// The evaluations on_scrape within (from, to).
bool GroupTest::evaluate_between(std::int64_t from, std::int64_t to) {
  const auto is_on_scrape = [this](const auto& group) { return group->evaluates_on_scrape(*rule_environment_); };
  if (std::ranges::none_of(groups_, is_on_scrape)) return true;
  while ((from = next_between(test_.begin() + from) - test_.begin()) < to) {
    compare_alerts(from);
    if (!evaluate(test_.begin() + from, false)) return false;
  }
  return true;
}

Timestamp GroupTest::next_between(Timestamp after) const {
  const std::int64_t step = std::max<std::int64_t>(to_ms(test_.interval), 1);
  const Timestamp sample = test_.begin() + ((after - test_.begin()) / step + 1) * step;
  return next_change_ > after ? std::min(next_change_, sample) : sample;
}

bool GroupTest::evaluate(Timestamp t, bool all) {
  if (auto stored = writer_.write(store_->appendable(), points_, t); !stored) {
    errors_.push_back(std::move(stored.error().message));
    return true;
  }
  bool good = true;
  next_change_ = 0;
  for (const auto& group : groups_) {
    if (all || group->evaluates_on_scrape(*rule_environment_)) good &= evaluate_group(*group, t);
  }
  return good;
}

bool GroupTest::evaluate_group(rules::Group& group, Timestamp t) {
  rules::Group::Run run = group.begin_run(t, rule_environment_);
  while (group.run_next_rule(run)) {
  }
  group.finish_run(run);
  if (run.next_change != 0)
    next_change_ = next_change_ == 0 ? run.next_change : std::min(next_change_, run.next_change);
  if (!group.has_errors()) return true;
  add_rule_errors(group, t);
  return false;
}

void GroupTest::add_rule_errors(const rules::Group& group, Timestamp t) {
  for (const rules::RuleStatus& rule : group.status().rules) {
    if (rule.last_error.empty()) continue;
    errors_.push_back(fmt::format("    rule: {}, time: {}, err: {}", rule.name,
                                  format_go_duration(std::chrono::milliseconds(t)), rule.last_error));
  }
}

/// Those whose eval_time lies before a time since the begin.
void GroupTest::compare_alerts(std::int64_t before) {
  while (!alert_times_.empty() && to_ms(*alert_times_.begin()) < before) {
    const Duration eval_time = *alert_times_.begin();
    alert_times_.erase(alert_times_.begin());
    for (const AlertTest& test : test_.alert_tests) {
      if (test.eval_time == eval_time) compare(test);
    }
  }
}

/// Of all groups.
std::vector<AlertTexts> GroupTest::firing(const std::string& alertname) const {
  std::vector<AlertTexts> out;
  for (const auto& group : groups_) {
    for (const rules::RuleStatus& rule : group->status().rules) {
      if (!rule.alerting || rule.name != alertname) continue;
      for (const rules::AlertStatus& alert : rule.alerts) {
        if (alert.state != rules::AlertState::kFiring) continue;
        out.push_back({to_texts(alert.labels), to_texts(alert.annotations)});
      }
    }
  }
  std::ranges::sort(out);
  return out;
}

void GroupTest::compare(const AlertTest& test) {
  std::vector<AlertTexts> expected;
  for (const ExpectedAlert& alert : test.expected) {
    expected.push_back({alert.labels, alert.annotations});
    expected.back().labels[std::string(model::kAlertName)] = test.alertname;
  }
  std::ranges::sort(expected);
  const std::vector<AlertTexts> found = firing(test.alertname);
  if (expected == found) return;
  constexpr std::string_view kIndent = "            ";
  std::string text = test_.name.empty() ? "" : fmt::format("    name: {},\n", test_.name);
  text += fmt::format("    alertname: {}, time: {}, \n", test.alertname, format_duration(test.eval_time));
  if (environment_.diff) {
    text += fmt::format("        diff: {}", indent_lines(diff_alerts(expected, found), kIndent));
  } else {
    text += fmt::format("        exp:{}, \n        got:{}", indent_lines(to_string(expected), kIndent),
                        indent_lines(to_string(found), kIndent));
  }
  errors_.push_back(std::move(text));
}

void GroupTest::fail_expr(const ExprTest& test, std::string_view what) {
  errors_.push_back(
      fmt::format("    expr: {}, time: {}, err: {}", go_quote(test.expr), format_duration(test.eval_time), what));
}

Result<std::vector<SampleTexts>> GroupTest::query(const ExprTest& test) const {
  const Timestamp t = test_.begin() + to_ms(test.eval_time);
  TOCSIN_TRY(const auto result, environment_.engine.instant(store_->queryable(), std::string_view(test.expr), t));
  std::vector<SampleTexts> out;
  if (const auto* scalar = std::get_if<promql::Scalar>(&result.value)) {
    out.push_back({{}, scalar->v, {}});
    return out;
  }
  const auto* vector = std::get_if<promql::Vector>(&result.value);
  if (vector == nullptr) return fail(Errc::kExecution, "rule result is not a vector or scalar");
  for (const promql::VectorSample& sample : *vector) {
    out.push_back({to_texts(sample.labels), sample.h == nullptr ? sample.v : 0,
                   sample.h == nullptr ? std::string() : promqltest::histogram_expression(*sample.h)});
  }
  sort_by_labels(out);
  return out;
}

void GroupTest::compare(const ExprTest& test) {
  const auto found = query(test);
  if (!found) return fail_expr(test, found.error().message);
  std::vector<SampleTexts> expected;
  for (const ExpectedSample& sample : test.expected) {
    auto read = read_sample(sample);
    if (!read) return fail_expr(test, fmt::format("labels {}: {}", go_quote(sample.labels), read.error().message));
    expected.push_back(std::move(*read));
  }
  sort_by_labels(expected);
  if (same_samples(expected, *found, environment_.file.fuzzy_compare)) return;
  errors_.push_back(fmt::format("    expr: {}, time: {},\n        exp: {}\n        got: {}", go_quote(test.expr),
                                format_duration(test.eval_time), to_string(expected), to_string(*found)));
}

std::string GroupTest::dump() const {
  if (store_ == nullptr) return {};
  const auto querier = store_->queryable().querier(storage::kOldestTime, storage::kNewestTime);
  if (!querier) return querier.error().message;
  storage::SelectHints hints;
  hints.start = storage::kOldestTime;
  hints.end = storage::kNewestTime;
  hints.sorted = true;
  const auto set = (*querier)->select(hints, {});
  std::vector<std::string> series;
  storage::SampleColumns samples;
  while (set->next()) {
    if (!set->read(hints.start, hints.end, samples)) continue;
    std::string text = set->labels().to_series() + " =>";
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (model::is_stale(samples.values[i])) continue;
      const bool histogram = !samples.histograms.empty() && samples.histograms[i] != nullptr;
      text += fmt::format(
          "\n{} @[{}]",
          histogram ? promqltest::histogram_expression(*samples.histograms[i]) : format_float_f(samples.values[i]),
          samples.times[i]);
    }
    series.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(series, "\n"));
}

}  // namespace tocsin::ruletest
