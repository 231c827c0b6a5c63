#include "rules/manager.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/log.hpp"

namespace tocsin::rules {

Manager::Manager(ManagerDeps deps)
    : loop_(deps.loop),
      lane_(deps.work.lane(Lane::kRule)),
      deps_(std::make_shared<GroupDeps>(GroupDeps{std::move(deps.query), deps.queryable, deps.appendable, deps.alerts,
                                                  deps.state, deps.loop.clock(), durations_, std::move(deps.options)})),
      environment_(std::make_shared<Environment>()) {}

Manager::~Manager() {
  *alive_ = false;
  for (const TimerId timer : ending_) loop_.cancel(timer);
  for (const RunnerPtr& runner : live_) runner->abandon();
}

Result<void> Manager::load_state() {
  check(!applied_, "BUG: the state of rules is loaded after the rules");
  TOCSIN_TRY(auto alerts, deps_->state.load_rule_alerts());
  for (state::RuleAlert& alert : alerts) stored_[alert.rule_key].push_back(std::move(alert));
  return {};
}

void Manager::apply(std::vector<GroupSpec> groups, Environment environment, Duration interval) {
  if (stopping_) return;
  environment_ = std::make_shared<const Environment>(std::move(environment));
  std::map<Key, RunnerPtr> old_runners = std::exchange(runners_, {});
  for (GroupSpec& spec : groups) {
    Key key{spec.file, spec.name};
    RunnerPtr runner = make_runner(std::move(spec), interval);
    if (auto old = old_runners.extract(key)) {
      if (old.mapped()->group().equals(runner->group())) {
        runner = old.mapped();
      } else {
        live_.insert(runner);
        replace(old.mapped(), runner);
      }
    } else {
      live_.insert(runner);
      load_alerts(runner->group());
      if (started_) runner->start();
    }
    const bool unique = runners_.emplace(std::move(key), std::move(runner)).second;
    check(unique, "BUG: two rule groups of one file and name");
  }
  for (const auto& [key, runner] : old_runners) retire(runner);
  if (!applied_) drop_unclaimed_alerts();
  applied_ = true;
  publish();
  index_inputs();
}

void Manager::index_inputs() {
  scrape_index_.clear();
  scrape_readers_.clear();
  for (const auto& [key, runner] : runners_) {
    const Group& group = runner->group();
    if (!group.evaluates_on_scrape(*environment_)) continue;
    scrape_index_.add(static_cast<std::uint32_t>(scrape_readers_.size()), group.inputs());
    scrape_readers_.push_back(runner);
  }
}

void Manager::scraped(const Scraped& scraped) {
  if (scrape_index_.empty() || stopping_) return;
  for (const std::uint32_t reader : scrape_index_.find(scraped)) scrape_readers_[reader]->inputs_scraped();
}

Manager::RunnerPtr Manager::make_runner(GroupSpec spec, Duration interval) {
  const Duration own = spec.interval;
  auto group = std::make_shared<Group>(std::move(spec), own > Duration{0} ? own : interval, deps_, applied_);
  return std::make_shared<GroupRunner>(std::move(group), loop_, lane_, [this] { return environment_; });
}

void Manager::load_alerts(Group& group) {
  for (std::size_t i = 0; i < group.rule_count() && !stored_.empty(); ++i) {
    if (const auto stored = stored_.extract(group.rule_key(i))) group.load(i, stored.mapped());
  }
}

/// Stored alerts of rules that are no longer configured.
void Manager::drop_unclaimed_alerts() {
  for (const auto& [rule_key, alerts] : stored_) deps_->state.save_rule_alerts(rule_key, {});
  stored_.clear();
}

void Manager::replace(const RunnerPtr& old_runner, const RunnerPtr& new_runner) {
  new_runner->wait_for_predecessor();
  if (started_) new_runner->start();
  old_runner->stop([this, old_runner, new_runner] {
    new_runner->group().copy_state(old_runner->group());
    runner_stopped(old_runner);
    new_runner->predecessor_done();
  });
}

void Manager::retire(const RunnerPtr& runner) {
  runner->stop([this, runner] {
    runner->group().forget();
    if (!stopping_) end_series_later(runner->shared_group());
    runner_stopped(runner);
  });
}

/// Two intervals later, so that a renamed group that goes on with the series has written them by then.
void Manager::end_series_later(const std::shared_ptr<Group>& group) {
  auto series = group->series();
  if (series.empty()) return;
  const Timestamp t = group->sample_time(loop_.clock().now(), *environment_);
  auto timer = std::make_shared<TimerId>(0);
  *timer = loop_.call_after(2 * group->interval(), [this, group, timer, t, series = std::move(series)]() mutable {
    ending_.erase(*timer);
    end_series(group, std::move(series), t);
  });
  ending_.insert(*timer);
}

void Manager::end_series(const std::shared_ptr<Group>& group, std::vector<model::Labels> series, Timestamp t) {
  ++writing_;
  auto written = [this, alive = alive_] {
    if (!*alive) return;
    --writing_;
    finish_stop_if_idle();
  };
  lane_.post(
      [&loop = loop_, deps = deps_, group, t, series = std::move(series), written = std::move(written)]() mutable {
        if (auto result = write_stale_markers(deps->appendable, series, t); !result) {
          log::warn("rules", "ending the series of a removed group failed",
                    {{"file", group->file()}, {"group", group->name()}, {"err", result.error().message}});
        }
        loop.post(std::move(written));
      });
}

void Manager::start() {
  check(!started_, "BUG: the rules are started twice");
  started_ = true;
  if (stopping_) return;
  for (const auto& [key, runner] : runners_) runner->start();
}

void Manager::stop(Job done) {
  check(!stopping_, "BUG: the rules are stopped twice");
  stopping_ = true;
  on_stopped_ = std::move(done);
  for (const TimerId timer : std::exchange(ending_, {})) loop_.cancel(timer);
  for (const auto& entry : runners_) {
    const RunnerPtr& runner = entry.second;
    runner->stop([this, runner] { runner_stopped(runner); });
  }
  finish_stop_if_idle();
}

void Manager::runner_stopped(const RunnerPtr& runner) {
  live_.erase(runner);
  finish_stop_if_idle();
}

void Manager::finish_stop_if_idle() {
  if (on_stopped_ && live_.empty() && writing_ == 0) std::exchange(on_stopped_, nullptr)();
}

void Manager::publish() {
  std::vector<std::shared_ptr<Group>> groups;
  groups.reserve(runners_.size());
  for (const auto& [key, runner] : runners_) groups.push_back(runner->shared_group());
  const MutexLock lock(mutex_);
  groups_ = std::move(groups);
}

std::vector<std::shared_ptr<Group>> Manager::published() const {
  const MutexLock lock(mutex_);
  return groups_;
}

std::vector<GroupStatus> Manager::groups() const {
  std::vector<GroupStatus> out;
  for (const auto& group : published()) out.push_back(group->status());
  return out;
}

std::vector<AlertStatus> Manager::alerts() const {
  std::vector<AlertStatus> out;
  for (const auto& group : published()) std::ranges::move(group->active_alerts(), std::back_inserter(out));
  return out;
}

Metrics Manager::metrics() const {
  Metrics out;
  for (const auto& group : published()) out.groups.push_back(group->metrics());
  out.rule_duration = durations_.rules();
  out.group_duration = durations_.groups();
  out.start_delay = durations_.starts();
  return out;
}

}  // namespace tocsin::rules
