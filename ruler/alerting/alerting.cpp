#include "alerting/alerting.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "alerting/alert_hub.hpp"
#include "alerting/dispatcher.hpp"
#include "alerting/history_recorder.hpp"
#include "alerting/identity.hpp"
#include "alerting/inbox.hpp"
#include "alerting/inhibitor.hpp"
#include "alerting/notification_log.hpp"
#include "alerting/pipeline.hpp"
#include "base/duration.hpp"
#include "base/fault_point.hpp"
#include "base/log.hpp"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kComponent = "alerting";
/// Before there is a configuration, and as the longest validity that is granted again after a restart.
constexpr Duration kDefaultResolveTimeout = std::chrono::minutes(5);
constexpr Duration kStopPoll = std::chrono::milliseconds(10);
constexpr Duration kSilenceEnds = std::chrono::minutes(1);  // how late the history is told that a silence has ended

/// Intervals that do not do what they say. Source: Alertmanager app/reloader.go.
void warn_of_repetition(const Route& route, Duration retention) {
  const RouteOptions& options = route.options();
  if (options.repeat_interval > retention) {
    log::warn(kComponent,
              "repeat_interval is greater than the data retention period. It can lead to notifications being repeated "
              "more often than expected.",
              {{"repeat_interval", format_go_duration(options.repeat_interval)},
               {"retention", format_go_duration(retention)},
               {"route", route.key()}});
  }
  if (options.repeat_interval < options.group_interval) {
    log::warn(kComponent,
              "repeat_interval is less than group_interval. Notifications will not repeat until the next "
              "group_interval.",
              {{"repeat_interval", format_go_duration(options.repeat_interval)},
               {"group_interval", format_go_duration(options.group_interval)},
               {"route", route.key()}});
  }
  for (const auto& child : route.children()) warn_of_repetition(*child, retention);
}

/// Jobs behind what was written.
class AfterStore final : public Executor {
 public:
  using When = void (state::Store::*)(std::function<void(bool)>);
  AfterStore(state::Store& store, When when) : store_(&store), when_(when) {}
  void post(Job job) override {
    const auto shared = std::make_shared<Job>(std::move(job));  // the store's callbacks are copyable
    (store_->*when_)([shared](bool) { (*shared)(); });
  }

 private:
  state::Store* store_;
  When when_;
};

class AlertingImpl final : public Alerting {
 public:
  AlertingImpl(Loop& loop, state::Store& store, Rng rng, ReceiverFactory factory, const AlertingOptions& options)
      : loop_(&loop),
        rng_(rng),
        factory_(std::move(factory)),
        options_(options),
        after_flush_(store, &state::Store::flush),
        after_write_(store, &state::Store::when_written),
        hub_(store, {options.max_alerts, options.max_alerts_per_name, options.persist_alerts}, *metrics_),
        log_(store),
        under_way_(loop, store),
        history_(std::make_shared<HistoryRecorder>(loop.clock(), options.history)),
        silences_(loop.clock(), rng_, store,
                  {options.max_silences, options.max_silence_bytes, options.retention, options.log_silences},
                  history_.get()),
        inhibitor_(hub_),
        pipeline_({loop,
                   rng_,
                   inhibitor_,
                   silences_,
                   log_,
                   under_way_,
                   metrics_,
                   history_,
                   {options.retention, options.guaranteed_resolve}}),
        dispatcher_(
            loop, options.max_groups,
            [this](Flush flush, Pipeline::Done done) { pipeline_.run(std::move(flush), std::move(done)); },
            [this](const std::vector<model::AlertPtr>& alerts) { hub_.settle(alerts); }, *metrics_),
        inbox_(std::make_shared<Inbox>(loop, options.max_queued,
                                       [this](const std::vector<model::AlertPtr>& alerts) { insert(alerts); })),
        alive_(std::make_shared<AlertingImpl*>(this)) {}

  ~AlertingImpl() override {
    *alive_ = nullptr;
    inbox_->close();
    for (const TimerId timer : {gc_timer_, maintenance_timer_, history_timer_}) loop_->cancel(timer);
  }

  Result<void> load() {
    const Timestamp now = loop_->clock().now();
    TOCSIN_OK(hub_.load(now, kDefaultResolveTimeout));
    hub_.each([this](const model::AlertPtr& alert) { history_->known(alert); });
    TOCSIN_OK(log_.load(now));
    TOCSIN_OK(under_way_.load(log_, now + to_ms(options_.retention)));
    return silences_.load();
  }

  Result<void> apply(std::shared_ptr<const config::AlertmanagerConfig> config) override {
    TOCSIN_TRY(ReceiverMap receivers, factory_(*config));
    const bool first = config_ == nullptr;
    dispatcher_.hold();
    config_ = config;
    inhibitor_.apply(config->inhibit_rules);
    auto shared = std::make_shared<const ReceiverMap>(std::move(receivers));
    receivers_ = shared;
    pipeline_.apply(config, std::move(shared));
    const Timestamp now = loop_->clock().now();
    std::vector<model::AlertPtr> alerts = hub_.all();
    // After a start, resolved ones were not told yet: those that were are no longer stored.
    if (!first) std::erase_if(alerts, [now](const model::AlertPtr& alert) { return alert->resolved_at(now); });
    const RoutePtr tree = make_route_tree(config->route);
    warn_of_repetition(*tree, options_.retention);
    dispatcher_.apply(tree, alerts);
    if (first) {
      gc_timer_ = every(options_.alert_gc_interval, &AlertingImpl::gc_timer_, &AlertingImpl::collect_alerts);
      maintenance_timer_ =
          every(options_.maintenance_interval, &AlertingImpl::maintenance_timer_, &AlertingImpl::maintain);
      if (options_.history) {
        history_timer_ = every(kSilenceEnds, &AlertingImpl::history_timer_, &AlertingImpl::look_for_silence_ends);
      }
    }
    return {};
  }

  std::shared_ptr<const config::AlertmanagerConfig> config() const override { return config_; }

  void post(std::vector<model::AlertPtr> alerts) override { inbox_->post(std::move(alerts)); }

  void insert(const std::vector<model::AlertPtr>& alerts) override {
    const Timestamp now = loop_->clock().now();
    for (const model::AlertPtr& alert : alerts) {
      fault_point(FaultPoint::kAlertReceived);
      const model::AlertPtr complete = completed(alert, now);
      ++(complete->resolved_at(now) ? metrics_->alerts_received_resolved : metrics_->alerts_received_firing);
      const std::optional<state::KeyedAlert> kept = hub_.put(complete, now);
      if (!kept) {
        if (options_.max_alerts > 0 && hub_.size() >= options_.max_alerts) tell_limit();
        continue;
      }
      history_->taken(kept->alert, kept->fingerprint);
      inhibitor_.insert(kept->alert);
      dispatcher_.insert(*kept);
    }
    hub_.save();
  }

  void count_invalid(std::size_t alerts) override { metrics_->alerts_invalid += alerts; }

  void stop(Duration limit, Job done) override {
    look_for_silence_ends();
    dispatcher_.stop();
    pipeline_.cancel();
    wait_idle(alive_, loop_->clock().mono() + limit, std::move(done));
  }

  std::vector<AlertView> alerts() override {
    const Timestamp now = loop_->clock().now();
    std::vector<AlertView> out;
    for (model::AlertPtr& alert : hub_.all()) {
      if (alert->resolved_at(now)) continue;
      AlertView view = view_of(alert, now);
      std::vector<const Route*> routes;
      if (dispatcher_.tree()) dispatcher_.tree()->match(alert->labels, routes);
      for (const Route* route : routes) view.receivers.push_back(route->options().receiver);
      out.push_back(std::move(view));
    }
    return out;
  }

  std::vector<GroupView> groups() override {
    const Timestamp now = loop_->clock().now();
    std::vector<GroupView> out;
    for (const auto& [id, group] : dispatcher_.groups()) {
      GroupView view = group_view(*group, now);
      if (!view.alerts.empty()) out.push_back(std::move(view));
    }
    add_receivers(out);
    std::sort(out.begin(), out.end(), [](const GroupView& a, const GroupView& b) {
      if (a.labels != b.labels) return label_set_before(a.labels, b.labels);
      return std::tie(a.receiver, a.route_id) < std::tie(b.receiver, b.route_id);
    });
    return out;
  }

  std::vector<GroupSchedule> schedule(std::size_t limit) override {
    const Timestamp now = loop_->clock().now();
    const MonoTime mono = loop_->clock().mono();
    std::vector<GroupSchedule> out;
    for (const auto& [id, group] : dispatcher_.groups()) {
      if (out.size() == limit) break;
      const Timestamp tick = group->has_tick() ? now + to_ms(group->next_tick - mono) : 0;
      out.push_back(pipeline_.schedule(Dispatcher::snapshot(*group, now), tick, !group->flushed));
      out.back().flushing = group->flushing;
    }
    std::sort(out.begin(), out.end(), [](const GroupSchedule& a, const GroupSchedule& b) {
      if (a.labels != b.labels) return label_set_before(a.labels, b.labels);
      return std::tie(a.receiver, a.key) < std::tie(b.receiver, b.key);
    });
    return out;
  }

  Silences& silences() override { return silences_; }

  Executor& after_flush() override { return after_flush_; }
  Executor& after_write() override { return after_write_; }

  const Metrics& metrics() override {
    metrics_->inbox_dropped = inbox_->dropped();
    return *metrics_;
  }

  Counts counts() override {
    Counts out;
    const Timestamp now = loop_->clock().now();
    hub_.each([&](const model::AlertPtr& alert) {
      if (!alert->resolved_at(now)) ++(view_of(alert, now).suppressed() ? out.alerts_suppressed : out.alerts_active);
    });
    out.alerts_per_name_limit = options_.max_alerts_per_name;
    out.groups = dispatcher_.groups().size();
    for (const auto& [id, group] : dispatcher_.groups()) {
      ++(group->flushing ? out.groups_flushing : group->flushed ? out.groups_interval : out.groups_wait);
    }
    out.failing = pipeline_.failing();
    out.silences_active = silences_.count(SilenceState::kActive);
    out.silences_pending = silences_.count(SilenceState::kPending);
    out.silences_expired = silences_.count(SilenceState::kExpired);
    out.log_entries = log_.size();
    out.receivers = config_ ? config_->receivers.size() : 0;
    out.inhibition_rules = inhibitor_.size();
    if (receivers_) {
      for (const auto& [name, integrations] : *receivers_) out.integrations += integrations.size();
    }
    out.deliveries = pipeline_.under_way();
    return out;
  }

  Clock& clock() override { return loop_->clock(); }

 private:
  model::AlertPtr completed(const model::AlertPtr& alert, Timestamp now) const {
    if (alert->starts_at != 0 && alert->ends_at != 0 && alert->updated_at != 0) return alert;
    model::Alert complete = *alert;
    if (complete.updated_at == 0) complete.updated_at = now;
    if (complete.starts_at == 0) complete.starts_at = complete.ends_at != 0 ? complete.ends_at : now;
    if (complete.ends_at == 0) {
      complete.ends_at = now + to_ms(config_ ? config_->global.resolve_timeout : kDefaultResolveTimeout);
      complete.timeout = true;
    }
    return std::make_shared<const model::Alert>(std::move(complete));
  }

  void tell_limit() {
    if (std::exchange(limit_told_, true)) return;
    log::error(kComponent, "too many alerts, new ones are not taken", {{"limit", options_.max_alerts}});
  }

  AlertView view_of(const model::AlertPtr& alert, Timestamp now) {
    AlertView view;
    view.alert = alert;
    view.silenced_by = silences_.matching(alert->labels, now);
    view.inhibited_by = inhibitor_.inhibited_by(alert->labels, now);
    return view;
  }

  GroupView group_view(const Dispatcher::Group& group, Timestamp now) {
    const RouteOptions& route = group.route->options();
    GroupView view;
    view.receiver = route.receiver;
    view.key = group.key;
    view.route_id = group.route->id();
    view.labels = group.labels;
    view.route_labels = route.labels;
    if (!route.labels.empty()) view.rendered_of = Dispatcher::snapshot(group, now).alerts;
    view.muted_by = Pipeline::muted_by(route, *config_, now);
    view.next_tick = group.next_tick;
    for (const auto& [fingerprint, alert] : group.alerts) {
      if (alert->resolved_at(now)) continue;
      view.alerts.push_back(view_of(alert, now));
      view.alerts.back().muted_by = view.muted_by;
    }
    std::sort(view.alerts.begin(), view.alerts.end(),
              [](const AlertView& a, const AlertView& b) { return alert_before(a.alert->labels, b.alert->labels); });
    return view;
  }

  /// To each alert the receivers of all groups that it is in.
  static void add_receivers(std::vector<GroupView>& groups) {
    std::map<std::uint64_t, std::vector<std::string>> receivers;
    for (const GroupView& group : groups) {
      for (const AlertView& view : group.alerts) {
        receivers[view.alert->labels.fingerprint()].push_back(group.receiver);
      }
    }
    for (auto& [fingerprint, names] : receivers) std::sort(names.begin(), names.end());
    for (GroupView& group : groups) {
      for (AlertView& view : group.alerts) view.receivers = receivers[view.alert->labels.fingerprint()];
    }
  }

  /// Arms a timer that calls `work` again and again.
  TimerId every(Duration interval, TimerId AlertingImpl::* timer, void (AlertingImpl::*work)()) {
    return loop_->call_after(interval, [alive = alive_, interval, timer, work] {
      AlertingImpl* const self = *alive;
      if (self == nullptr) return;
      self->*timer = self->every(interval, timer, work);
      (self->*work)();
    });
  }

  void collect_alerts() {
    const auto wanted = [this](std::uint64_t fingerprint) { return dispatcher_.holds(fingerprint); };
    for (const model::AlertPtr& gone : hub_.collect(loop_->clock().now(), wanted)) {
      history_->timed_out(gone);
      inhibitor_.remove(gone);
    }
    if (options_.max_alerts == 0 || hub_.size() < options_.max_alerts) limit_told_ = false;
  }

  void look_for_silence_ends() { history_->look_for_ends(silences_); }

  void maintain() {
    log_.collect(loop_->clock().now());
    silences_.collect();
  }

  static void wait_idle(const std::shared_ptr<AlertingImpl*>& alive, MonoTime until, Job done) {
    AlertingImpl* const self = *alive;
    if (self == nullptr || self->pipeline_.under_way() == 0 || self->loop_->clock().mono() >= until) {
      done();
      return;
    }
    self->loop_->call_after(
        kStopPoll, [alive, until, done = std::move(done)]() mutable { wait_idle(alive, until, std::move(done)); });
  }

  Loop* loop_;
  Rng rng_;
  ReceiverFactory factory_;
  AlertingOptions options_;
  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::shared_ptr<const config::AlertmanagerConfig> config_;
  std::shared_ptr<const ReceiverMap> receivers_;
  bool limit_told_ = false;
  AfterStore after_flush_, after_write_;
  AlertHub hub_;
  NotificationLog log_;
  UnderWay under_way_;
  std::shared_ptr<HistoryRecorder> history_;
  Silences silences_;
  Inhibitor inhibitor_;
  Pipeline pipeline_;
  Dispatcher dispatcher_;
  std::shared_ptr<Inbox> inbox_;
  TimerId gc_timer_ = 0, maintenance_timer_ = 0, history_timer_ = 0;
  std::shared_ptr<AlertingImpl*> alive_;  // null once this is destroyed
};

}  // namespace

Result<std::unique_ptr<Alerting>> Alerting::make(Loop& loop, state::Store& store, Rng rng, ReceiverFactory factory,
                                                 AlertingOptions options) {
  auto alerting = std::make_unique<AlertingImpl>(loop, store, rng, std::move(factory), options);
  TOCSIN_OK(alerting->load());
  return std::unique_ptr<Alerting>(std::move(alerting));
}

}  // namespace tocsin::alerting
