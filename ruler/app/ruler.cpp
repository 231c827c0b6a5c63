#include "app/ruler.hpp"

#include <algorithm>
#include <thread>

#include "app/discovery_watch_metrics.hpp"
#include "app/metrics.hpp"
#include "app/retention.hpp"
#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "config/checksum.hpp"
#include "ui/start_page.hpp"

namespace tocsin::app {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(20);  // whether the store is whole
constexpr Duration kLookForTroubles = std::chrono::seconds(1);
constexpr Duration kDrainLimit = std::chrono::seconds(5);
constexpr Duration kGoodbyeLimit = std::chrono::seconds(1);  // for subscribers of notifications that do not read

promql::EngineOptions engine_options(const Flags& flags, Helpers& helpers) {
  promql::EngineOptions options;
  options.helpers = &helpers;
  options.lookback_delta = flags.lookback_delta;
  options.timeout = flags.query_timeout;
  options.max_samples = flags.query_max_samples;
  options.delayed_name_removal = flags.features.promql_delayed_name_removal;
  options.use_start_timestamps = flags.features.use_start_timestamps;
  options.per_step_stats = flags.features.promql_per_step_stats;
  options.type_and_unit_labels = flags.features.type_and_unit_labels;
  options.parser = parser_options(flags.features);
  return options;
}

/// Differs between rulers, stays for one: two that scrape the same targets do not do so at the same time.
std::uint64_t offset_seed(const std::string& external_url) {
  return std::hash<std::string>()(external_url);
}

}  // namespace

Ruler::Ruler(net::Runtime& runtime, const Flags& flags, Fs& fs)
    : runtime_(runtime),
      flags_(flags),
      fs_(fs),
      started_(system_clock().now()),
      engine_(engine_options(flags, runtime.helpers()), system_clock()),
      queries_(system_clock()) {}

Result<std::unique_ptr<Ruler>> Ruler::start(net::Runtime& runtime, const Flags& flags, Fs& fs) {
  std::unique_ptr<Ruler> ruler(new Ruler(runtime, flags, fs));
  if (auto opened = ruler->open(); !opened) {
    ruler->close();
    return fail(std::move(opened).error());
  }
  return ruler;
}

Result<void> Ruler::open() {
  TOCSIN_TRY(const web::ExternalUrl url, external_url(flags_));
  external_url_ = url.text;
  // A configuration that cannot be read ends the start before anything is touched.
  if (!flags_.web_config_file.empty()) TOCSIN_OK(web::load_web_config(fs_, flags_.web_config_file));
  make_reloader();
  TOCSIN_TRY(Configuration loaded, load_configuration(fs_, runtime_.work().lane(Lane::kQuery), flags_));
  AlertingPart::Loaded alertmanager = AlertingPart::load(fs_, flags_);
  if (!alertmanager) return fail(std::move(alertmanager).error());

  tsdb::TsdbOptions tsdb_options;
  tsdb_options.path = flags_.tsdb_path;
  const RetentionLimits limits = retention_of(flags_, loaded.prometheus.get());
  tsdb_options.retention = limits.time;
  tsdb_options.retention_bytes = limits.bytes;
  tsdb_options.retention_percentage = limits.percentage;
  tsdb_options.min_block_duration = flags_.min_block_duration;
  tsdb_options.max_block_duration =
      flags_.max_block_duration > Duration{0} ? flags_.max_block_duration : longest_block(limits);
  // As Prometheus: what is cut must not be appended to any more.
  tsdb_options.max_age = std::min<Duration>(tsdb_options.max_age, flags_.min_block_duration / 2);
  tsdb_options.block_interval = std::max<Duration>(flags_.block_reload_interval, std::chrono::seconds(1));
  tsdb_options.out_of_order_window = loaded.prometheus->storage.out_of_order_time_window;
  if (const auto exemplars = loaded.prometheus->storage.max_exemplars) {
    tsdb_options.exemplars = static_cast<std::size_t>(std::max<std::int64_t>(*exemplars, 0));
  }
  tsdb_options.wal_sync_interval = flags_.wal_fsync_interval;
  tsdb_options.series_limits = flags_.series_limits;
  tsdb_options.store_starts = flags_.features.st_storage;
  tsdb_options.start_zeros = flags_.features.created_timestamp_zero_ingestion;
  tsdb_options.fs = &fs_;
  TOCSIN_TRY(db_, tsdb::Db::open(tsdb_options));
  open_active_query_log();
  TOCSIN_TRY(alerting_, AlertingPart::open(runtime_, flags_, external_url_, fs_));

  net::HttpClientOptions client_options;
  client_options.user_agent = "Prometheus/tocsin-" + std::string(version());
  client_options.work = &runtime_.work();
  client_options.max_idle_per_host = 1000;  // Prometheus'; many targets may stand behind one proxy
  scrape_client_ = net::make_http_client(runtime_.loop(), client_options);
  scrape::ScrapeOptions scrape_options;
  scrape_options.offset_seed = offset_seed(external_url_);
  scrape_options.external_url = external_url_;
  scrape_options.listen_address = flags_.listen_addresses.front();
  scrape_options.adjust_timestamps = flags_.adjust_scrape_timestamps;
  scrape_options.timestamp_tolerance = flags_.scrape_timestamp_tolerance;
  scrape_options.body_budget_bytes = flags_.scrape_body_budget_bytes;
  scrape_options.starts = flags_.features.reads_starts();
  scrape_options.type_and_unit_labels = flags_.features.type_and_unit_labels;
  scrape_options.metadata = flags_.features.metadata_wal_records;
  scrape_options.on_stored = [this](const scrape::ScrapeNotice& notice) {
    rules_->scraped({notice.target, notice.labels, notice.names, notice.names_version});
  };
  scrapes_ =
      std::make_unique<scrape::ScrapeManager>(runtime_.loop(), runtime_.work(), *scrape_client_, *db_, scrape_options);

  forwarder_.add_target([this](std::vector<model::AlertPtr> alerts) {
    if (alerting_->has_receivers()) alerting_->alerting().post(std::move(alerts));
  });
  sender_ = std::make_unique<remote::AlertmanagerSender>(
      remote::Services{runtime_.loop(), runtime_.work(), *scrape_client_, fs_}, flags_.sender);
  forwarder_.add_target([this](std::vector<model::AlertPtr> alerts) { sender_->post(std::move(alerts)); });
  rules::QueryFn query = [this](storage::Queryable& store, const rules::RuleQuery& asked) {
    return answer_rule(store, asked);
  };
  rules::ManagerDeps deps{std::move(query), *db_, *db_, forwarder_, alerting_->store(), runtime_.loop(),
                          runtime_.work(),  {}};
  deps.options.resend_delay = flags_.resend_delay;
  deps.options.restore.outage_tolerance = flags_.for_outage_tolerance;
  deps.options.restore.for_grace_period = flags_.for_grace_period;
  rules_ = std::make_unique<rules::Manager>(std::move(deps));
  TOCSIN_OK(rules_->load_state());

  WebOptions web_options;
  web_options.healthy_text = "Prometheus Server is Healthy.\n";
  web_options.ready_text = "Prometheus Server is Ready.\n";
  web_options.lifecycle = flags_.enable_lifecycle;
  web_options.reload = [this] { return reload_all(); };
  web_options.quit = [this] { shut_down(); };
  web_options.troubles = [this] { return alerting_->troubles(); };
  web_options.must_wait = [this](std::string_view path) { return !db_->whole() && asks_for_samples(path); };
  web_ = std::make_unique<Web>(runtime_, std::move(web_options));
  add_api(url);
  add_metrics();
  alertmanager_web_ = std::make_unique<AlertmanagerWeb>(
      runtime_, flags_, *alerting_, *web_, [this] { return reloader_->reload_only(flags_.alertmanager_config_file); });
  TOCSIN_OK(web_->listen(flags_, fs_));
  TOCSIN_OK(alertmanager_web_->listen(fs_));
  apply(std::move(loaded));
  TOCSIN_OK(alerting_->apply(std::move(alertmanager)));
  web_->set_ready(true);
  runtime_.loop().spawn("rules", start_rules());
  runtime_.loop().spawn("troubles", tell_troubles());
  if (flags_.config_auto_reload) reloader_->watch(flags_.config_auto_reload_interval);
  log::info("app", "ready", {{"targets", scrapes_->status().active.size()}, {"url", external_url_}});
  return {};
}

/// With as many slots as there are threads for queries of the API, and of rules. Paging does not depend on it: a file
/// that cannot be made is told, and done without.
void Ruler::open_active_query_log() {
  const std::size_t rule_threads = std::max(2U, std::thread::hardware_concurrency());
  const std::size_t slots = std::min(flags_.query_max_concurrency, kMostQueryThreads) + rule_threads;
  auto opened = promql::ActiveQueryLog::open(fs_, system_clock(), flags_.tsdb_path, slots);
  if (opened) {
    active_queries_ = std::move(*opened);
  } else {
    log::warn("promql", "queries under way are not noted", {{"err", opened.error().message}});
  }
}

Result<promql::QueryResult> Ruler::answer_rule(storage::Queryable& store, const rules::RuleQuery& asked) {
  promql::QueryOptions options;
  options.default_subquery_step = std::chrono::milliseconds(subquery_step_ms_.load());
  promql::QueryStats stats;
  options.stats = &stats;
  const promql::QueryRecorder::Underway underway(queries_);
  const promql::ActiveQueryLog::Entry active(active_queries_.get(), asked.text);
  auto result = engine_.instant(store, asked.expr, asked.at, options);
  queries_.add({asked.text, asked.at, asked.at, 0, result ? nullptr : &result.error(), stats,
                promql::RuleOrigin{asked.file, asked.group}});
  return result;
}

/// Targets are scraped and alerts are routed at once, from the stored state; rules wait until the store has all that
/// they may look back at, so that nothing fires or resolves from half of the data.
net::Task<void> Ruler::start_rules() {
  while (!db_->whole()) co_await net::sleep_for(runtime_.loop(), kLookAgain);
  api_->notifications().remove(api::kStartingUp);
  if (!stopping_) rules_->start();
}

/// Keeps what is wrong with the alert state among the notifications.
net::Task<void> Ruler::tell_troubles() {
  std::vector<std::string> told;
  while (!stopping_) {
    const std::vector<std::string> troubles = alerting_->troubles();
    for (const std::string& gone : told) {
      if (std::find(troubles.begin(), troubles.end(), gone) == troubles.end()) api_->notifications().remove(gone);
    }
    for (const std::string& fresh : troubles) {
      if (std::find(told.begin(), told.end(), fresh) == told.end()) api_->notifications().add(fresh);
    }
    told = troubles;
    co_await net::sleep_for(runtime_.loop(), kLookForTroubles);
  }
}

void Ruler::add_api(const web::ExternalUrl& url) {
  net::HttpRouter& router = web_->router();
  const std::string path_prefix = web::route_prefix(flags_.route_prefix, url);
  api_ = std::make_unique<ApiPart>(
      ApiPartDeps{runtime_, flags_, engine_, *db_, *scrapes_, *rules_, *sender_, web_->registry(), queries_,
                  active_queries_.get(), started_, path_prefix == "/" ? "" : path_prefix, [this] { return status(); },
                  [this] { return external_labels(); },
                  [this] { return Duration(std::chrono::milliseconds(subquery_step_ms_.load())); }});
  api_->add_to(router);
  remote_ = std::make_unique<RemotePart>(
      RemotePartDeps{runtime_, flags_, *db_, [this] { return external_labels(); },
                     [this] { return config_ && config_->storage.out_of_order_time_window > Duration{0}; }});
  remote_->add_to(router);
  api_->notifications().add(api::kStartingUp);
  alerting_->add_to(router, runtime_);
  ui::add_start_page(router, flags_.page_title);
}

void Ruler::add_metrics() {
  telemetry::Registry& registry = web_->registry();
  alerting_->add_metrics(registry);
  api_->add_metrics(registry);
  remote_->add_metrics(registry);
  registry.add([this](telemetry::Sink& sink) {
    if (!db_) return;
    put_tsdb_metrics(sink, db_->stats());
    put_block_metrics(sink, db_->block_stats(), db_->stats());
    constexpr std::size_t kMostJobs = 1000;
    put_budget_metrics(sink, db_->budget(kMostJobs));
    put_scrape_metrics(sink, *scrapes_);
    put_discovery_metrics(sink, *scrapes_->discovery_stats());
    put_discovery_watch_metrics(sink, *scrapes_->discovery_stats());
    put_rule_metrics(sink, rules_->metrics());
    sink.gauge("prometheus_config_last_reload_successful",
               "Whether the last configuration reload attempt was successful.", reload_ok_ ? 1 : 0);
    sink.gauge("prometheus_config_last_reload_success_timestamp_seconds",
               "Timestamp of the last successful configuration reload.", static_cast<double>(reloaded_at_) / 1000);
    sink.counter("tocsin_rules_alerts_posted_total", "Alerts that rules handed over.",
                 static_cast<double>(forwarder_.posted()));
    sink.counter("tocsin_rules_alerts_relabelled_away_total", "Alerts dropped by alert_relabel_configs.",
                 static_cast<double>(forwarder_.dropped()));
    put_sender_metrics(sink, sender_->status(), flags_.sender.queue_capacity);
  });
}

model::Labels Ruler::external_labels() const {
  return config_ ? config_->external_labels : model::Labels();
}

api::RuntimeStatus Ruler::status() const {
  const std::string retention = retention_text(retention_of(flags_, config_.get()));
  return {reload_ok_, reloaded_at_, config_ ? config_->text : "", retention};
}

void Ruler::apply(Configuration loaded) {
  const auto& config = loaded.prometheus;
  for (const std::string& warning : config->warnings) log::warn("config", warning);
  subquery_step_ms_ = to_ms(config->evaluation_interval);
  rules::Environment environment;
  environment.external_labels = config->external_labels;
  environment.external_url = external_url_;
  environment.query_offset = config->rule_query_offset;
  environment.parser = parser_options(flags_.features);
  environment.evaluation = config->evaluate_on_scrape.value_or(flags_.evaluate_on_scrape)
                               ? rules::EvaluationMode::kOnScrape
                               : rules::EvaluationMode::kInterval;
  if (config->evaluation_min_interval) environment.evaluation_min_interval = *config->evaluation_min_interval;
  std::size_t rule_count = 0;
  for (const rules::GroupSpec& group : loaded.groups) rule_count += group.rules.size();
  const RetentionLimits limits = retention_of(flags_, config.get());
  db_->set_retention(limits.time, limits.bytes, limits.percentage);
  db_->set_out_of_order_window(config->storage.out_of_order_time_window);
  queries_.log_to(std::move(loaded.query_log));
  forwarder_.apply(config);
  sender_->apply(config->alertmanagers);
  scrapes_->apply(config);
  rules_->apply(std::move(loaded.groups), std::move(environment), config->evaluation_interval);
  log::info("config", "loaded the configuration",
            {{"file", flags_.config_file}, {"jobs", config->scrape_configs.size()}, {"rules", rule_count}});
  config_ = config;
  reloaded_at_ = system_clock().now();
}

void Ruler::make_reloader() {
  std::vector<ReloadPart> parts;
  parts.push_back({flags_.config_file, [this] { return config::prometheus_checksum(fs_, flags_.config_file); },
                   [this] { return reload_prometheus(); }});
  if (const std::string& file = flags_.alertmanager_config_file; !file.empty()) {
    parts.push_back({file, [this, file] { return config::alertmanager_checksum(fs_, file); },
                     [this] { return reload_alerting(); }});
  }
  // Nothing wrong with a file is told here: the one who reads it does.
  for (ReloadPart& part : parts) part.seen = part.checksum().value_or("");
  reloader_ = std::make_unique<Reloader>(runtime_.loop(), runtime_.work(), std::move(parts));
}

net::Task<Result<void>> Ruler::reload_prometheus() {
  std::function<Result<Configuration>()> load = [this] {
    return load_configuration(fs_, runtime_.work().lane(Lane::kQuery), flags_);
  };
  Result<Configuration> loaded =
      co_await net::run_on(runtime_.loop(), runtime_.work().lane(Lane::kRule), std::move(load));
  reload_ok_ = loaded.has_value();
  if (!loaded) {
    api_->notifications().add(api::kReloadFailed);
    co_return fail(std::move(loaded).error());
  }
  api_->notifications().remove(api::kReloadFailed);
  if (!stopping_) apply(std::move(*loaded));
  co_return Result<void>();
}

net::Task<Result<void>> Ruler::reload_alerting() {
  std::function<AlertingPart::Loaded()> load = [this] { return AlertingPart::load(fs_, flags_); };
  AlertingPart::Loaded loaded =
      co_await net::run_on(runtime_.loop(), runtime_.work().lane(Lane::kQuery), std::move(load));
  if (stopping_) co_return Result<void>();
  co_return alerting_->apply(std::move(loaded));
}

net::Task<Result<void>> Ruler::reload_all() {
  web_->reopen_access_log();  // it may have been rotated
  alertmanager_web_->reopen_access_log();
  co_return co_await reloader_->reload();
}

net::Task<void> Ruler::reload_for_signal() {
  (void)co_await reload_all();
}

void Ruler::reload() {
  runtime_.loop().spawn("reload", reload_for_signal());
}

void Ruler::shut_down() {
  if (std::exchange(stopping_, true)) return;
  runtime_.loop().spawn("shut down", stop_all());
}

net::Task<void> Ruler::stop_all() {
  co_await api_->say_goodbye(kGoodbyeLimit);
  co_await web_->drain(kDrainLimit);
  co_await alertmanager_web_->drain(kDrainLimit);
  co_await scrapes_->stop();
  co_await sender_->stop(kDrainLimit);
  rules_->stop([this] {
    alerting_->stop(kDrainLimit, [this] {
      log::info("app", "See you next time!");
      runtime_.stop();
    });
  });
}

void Ruler::close() {
  if (web_) web_->close();
  if (alertmanager_web_) alertmanager_web_->close();
  if (alerting_) alerting_->close();
  scrape_client_.reset();
}

}  // namespace tocsin::app
