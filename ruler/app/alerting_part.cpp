#include "app/alerting_part.hpp"

#include <map>

#include "alerting/flush_gate.hpp"
#include "api/alerting_api.hpp"
#include "api/alertmanager_v2.hpp"
#include "api/history_api.hpp"
#include "app/configuration.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "config/alertmanager_environment.hpp"
#include "notify/digest.hpp"
#include "notify/message_data.hpp"
#include "notify/receivers.hpp"

namespace tocsin::app {

Result<std::unique_ptr<AlertingPart>> AlertingPart::open(net::Runtime& runtime, const Flags& flags,
                                                         std::string external_url, Fs& fs) {
  std::unique_ptr<AlertingPart> part(new AlertingPart);
  part->config_file_ = flags.alertmanager_config_file;
  part->has_receivers_ = !flags.alertmanager_config_file.empty() ||
                         config::alertmanager_from_environment(config::process_environment()).has_value();
  part->external_url_ = std::move(external_url);
  part->matcher_mode_ = flags.matcher_mode;
  part->show_schedule_ = flags.alertmanager_group_schedule;
  part->started_ = runtime.loop().clock().now();
  TOCSIN_OK(fs.create_directories(flags.storage_path));
  auto lock = fs.lock(flags.storage_path + "/lock");
  if (!lock) return fail(std::move(lock).error().wrap("the storage folder is in use by another process: lock"));
  part->lock_ = std::move(*lock);
  TOCSIN_TRY(part->store_, state::open_sqlite_store(flags.storage_path + "/state.db", system_clock()));

  net::HttpClientOptions client_options;
  client_options.user_agent = "Alertmanager/" + std::string(version());
  client_options.work = &runtime.work();
  client_options.max_idle_per_host = alerting::FlushGate::kPlaces;  // a burst keeps its connections
  part->client_ = net::make_http_client(runtime.loop(), client_options);
  part->smtp_ = net::make_smtp_client(runtime.loop(), {&runtime.work(), nullptr});
  alerting::AlertingOptions options;
  options.retention = flags.alert_data_retention;
  options.persist_alerts = flags.alertmanager_persist_alerts;
  options.guaranteed_resolve = flags.alertmanager_guaranteed_resolve;
  options.max_silences = flags.max_silences;
  options.max_silence_bytes = flags.max_silence_bytes;
  options.max_alerts_per_name = flags.max_alerts_per_name;
  options.log_silences = flags.log_silences;
  if (flags.alertmanager_history) {
    state::HistoryOptions history;
    history.retention = flags.history_retention;
    history.max_bytes = flags.history_max_bytes;
    part->history_ = options.history = state::open_history(flags.storage_path + "/history.db", system_clock(), history);
  }
  part->plain_text_for_failures_ = flags.alertmanager_template_fallback;
  const notify::Services services{runtime.loop(), runtime.work(), *part->client_, *part->smtp_, fs};
  alerting::ReceiverFactory factory =
      [services, part = part.get()](const config::AlertmanagerConfig& config) -> Result<alerting::ReceiverMap> {
    return notify::make_receivers(config, part->rendering_, services);
  };
  TOCSIN_TRY(part->alerting_,
             alerting::Alerting::make(runtime.loop(), *part->store_, Rng::from_system(), std::move(factory), options));
  return part;
}

namespace {

Result<std::shared_ptr<const config::AlertmanagerConfig>> read_configuration(Fs& fs, const Flags& flags) {
  config::AlertmanagerParseOptions options;
  if (flags.alertmanager_config_file.empty()) {
    auto text = config::alertmanager_from_environment(config::process_environment());
    if (!text) return nullptr;
    return config::parse_alertmanager_config(std::move(*text), "environment", options);
  }
  options.load = load_options(flags);
  options.matcher_mode = flags.matcher_mode;
  return config::load_alertmanager_config(fs, flags.alertmanager_config_file, options);
}

}  // namespace

AlertingPart::Loaded AlertingPart::load(Fs& fs, const Flags& flags) {
  TOCSIN_TRY(auto config, read_configuration(fs, flags));
  if (!config) return nullptr;
  TOCSIN_TRY(tmpl::AmTemplates templates, notify::load_checked_templates(fs, *config));
  return std::make_unique<Reading>(std::move(config), std::move(templates));
}

Result<void> AlertingPart::apply(Loaded loaded) {
  if (loaded && *loaded == nullptr) return {};
  reload_ok_ = false;
  TOCSIN_TRY(const std::unique_ptr<Reading> reading, std::move(loaded));
  const auto config = reading->config;
  const auto former = rendering_;
  rendering_ = notify::make_rendering(std::move(reading->templates), external_url_,
                                      plain_text_for_failures_ ? plain_texts_ : nullptr);
  if (auto applied = alerting_->apply(config); !applied) {
    rendering_ = former;
    return applied;
  }
  for (const std::string& warning : config->warnings) log::warn("alerting", warning);
  log::info("alerting", "loaded the configuration", {{"file", config->file}, {"receivers", config->receivers.size()}});
  reload_ok_ = true;
  reloaded_at_ = alerting_->clock().now();
  return {};
}

void AlertingPart::add_to(net::HttpRouter& router, net::Runtime& runtime) {
  auto route_labels = [this]() -> api::RouteLabelsFn {
    if (!rendering_) return nullptr;
    return [rendering = rendering_, now = alerting_->clock().now()](const alerting::GroupView& group) {
      return notify::rendered_route_labels(*rendering, group, now);
    };
  };
  api::add_alertmanager_v2(router, api::AlertmanagerV2{runtime.loop(), runtime.work(), *alerting_, started_,
                                                       std::move(route_labels), matcher_mode_});
  if (history_) api::add_history_api(router, api::HistoryApi{runtime.loop(), runtime.work(), *history_});
  if (show_schedule_) api::add_alerting_api(router, api::AlertingApi{runtime.loop(), runtime.work(), *alerting_});
}

std::vector<std::string> AlertingPart::troubles() const {
  std::vector<std::string> out;
  if (!store_) return out;
  const state::StoreHealth health = store_->health();
  if (!health.set_aside.empty()) {
    out.push_back(
        fmt::format("The alert state was damaged at the start and is set aside as {}: {} rows of it are in use, {}.",
                    health.set_aside, health.salvaged,
                    health.incomplete ? "some are lost, and notifications may repeat" : "none are lost"));
  }
  if (!health.failure.empty()) {
    out.emplace_back(
        "The alert state cannot be written: alerts are routed from memory, and what is not written is tried again.");
  }
  if (!history_) return out;
  const state::HistoryHealth history = history_->health();
  if (!history.set_aside.empty()) {
    out.push_back(fmt::format("The history of alerts was damaged and is set aside as {}.", history.set_aside));
  }
  if (!history.failure.empty()) out.emplace_back("The history of alerts cannot be written. Alerts are routed.");
  return out;
}

void AlertingPart::close() {
  alerting_.reset();
  store_.reset();
  client_.reset();
  history_.reset();
  lock_.reset();
}

namespace {

using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

/// All kinds with all reasons from the start, as an Alertmanager's: the first failure is an increase from 0.
std::map<std::string, alerting::IntegrationMetrics> with_all_kinds(
    std::map<std::string, alerting::IntegrationMetrics> integrations) {
  using alerting::FailureReason;
  config::for_each_kind(
      [&integrations](auto kind) { integrations[std::string(config::config_of_kind<decltype(kind)>::kKind)]; });
  for (auto& [name, integration] : integrations) {
    for (const FailureReason reason : {FailureReason::kOther, FailureReason::kClientError, FailureReason::kServerError,
                                       FailureReason::kContextCanceled, FailureReason::kContextDeadline,
                                       FailureReason::kAuthError, FailureReason::kRateLimited}) {
      integration.failed[reason];
    }
  }
  return integrations;
}

void put_notifications(Sink& sink, const alerting::Metrics& metrics) {
  for (const auto& [name, integration] : with_all_kinds(metrics.integrations)) {
    sink.counter("alertmanager_notifications_total", "The total number of attempted notifications.",
                 {{"integration", name}}, number(integration.notifications));
    for (const auto& [reason, count] : integration.failed) {
      sink.counter("alertmanager_notifications_failed_total", "The total number of failed notifications.",
                   {{"integration", name}, {"reason", alerting::failure_reason_text(reason)}}, number(count));
    }
    sink.counter("alertmanager_notification_requests_total", "The total number of attempted notification requests.",
                 {{"integration", name}}, number(integration.requests));
    sink.counter("alertmanager_notification_requests_failed_total", "The total number of failed notification requests.",
                 {{"integration", name}}, number(integration.requests_failed));
    std::vector<expo::Bucket> buckets;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < integration.latency_buckets.size(); ++i) {
      count += integration.latency_buckets[i];
      if (i < alerting::kLatencyBounds.size()) buckets.push_back({alerting::kLatencyBounds[i], number(count)});
    }
    sink.histogram("alertmanager_notification_latency_seconds", "The latency of notifications in seconds.",
                   {{"integration", name}}, buckets, integration.latency_sum_seconds, number(count));
  }
  const auto suppressed = [&](std::string_view reason, std::uint64_t count) {
    sink.counter("alertmanager_notifications_suppressed_total",
                 "The total number of notifications suppressed for being silenced, inhibited, outside of active time "
                 "intervals or within muted time intervals.",
                 {{"reason", reason}}, number(count));
  };
  suppressed("silence", metrics.suppressed.silence);
  suppressed("inhibition", metrics.suppressed.inhibition);
  suppressed("mute_time_interval", metrics.suppressed.mute_time_interval);
  suppressed("active_time_interval", metrics.suppressed.active_time_interval);
}

void put_alerts(Sink& sink, const alerting::Metrics& metrics, const alerting::Counts& counts) {
  const auto alerts = [&](std::string_view state, std::size_t count) {
    sink.gauge("alertmanager_alerts", "How many alerts by state.", {{"state", state}}, number(count));
  };
  alerts("active", counts.alerts_active);
  alerts("suppressed", counts.alerts_suppressed);
  const auto silences = [&](std::string_view state, std::size_t count) {
    sink.gauge("alertmanager_silences", "How many silences by state.", {{"state", state}}, number(count));
  };
  silences("active", counts.silences_active);
  silences("pending", counts.silences_pending);
  silences("expired", counts.silences_expired);
  const auto received = [&](std::string_view status, std::uint64_t count) {
    sink.counter("alertmanager_alerts_received_total", "The total number of received alerts.", {{"status", status}},
                 number(count));
  };
  received("firing", metrics.alerts_received_firing);
  received("resolved", metrics.alerts_received_resolved);
  sink.counter("alertmanager_alerts_invalid_total", "The total number of received alerts that were invalid.",
               number(metrics.alerts_invalid));
  sink.counter("alertmanager_alerts_limited_total", "The total number of alerts refused because of the limit.",
               number(metrics.alerts_limited));
  sink.gauge("alertmanager_alerts_per_alert_limit", "Current limit on number of alerts per alert name.",
             number(counts.alerts_per_name_limit));
  sink.gauge("alertmanager_dispatcher_aggregation_groups", "Number of active aggregation groups.",
             number(counts.groups));
  sink.counter("alertmanager_dispatcher_aggregation_group_limit_reached_total",
               "Number of times when the limit of aggregation groups was reached.",
               number(metrics.group_limit_reached));
  const auto groups = [&](std::string_view state, std::size_t count) {
    sink.gauge("tocsin_alerting_groups", "Groups by what they wait for.", {{"state", state}}, number(count));
  };
  groups("group_wait", counts.groups_wait);
  groups("group_interval", counts.groups_interval);
  groups("delivery", counts.groups_flushing);
  sink.gauge("tocsin_alerting_integrations_failing", "Integrations whose last delivery failed.",
             number(counts.failing));
  sink.gauge("alertmanager_receivers", "Number of configured receivers.", number(counts.receivers));
  sink.gauge("alertmanager_integrations", "Number of configured integrations.", number(counts.integrations));
  sink.gauge("alertmanager_inhibition_rules", "Number of configured inhibition rules.",
             number(counts.inhibition_rules));
  sink.counter("tocsin_alerting_inbox_dropped_total", "Alerts dropped because too many waited for the loop.",
               number(metrics.inbox_dropped));
  sink.counter("tocsin_alerting_flushes_total", "Flushes of groups.", number(metrics.flushes));
  sink.counter("tocsin_alerting_fallbacks_total",
               "Number of times the fallback of a receiver was told because deliveries to the receiver failed.",
               number(metrics.fallbacks));
  sink.counter("tocsin_alerting_resolves_despite_mutes_total",
               "Resolves that were told though their alerts were muted, because their firing had been told.",
               number(metrics.resolves_despite_mutes));
  sink.gauge("tocsin_alerting_log_entries", "Entries of the notification log.", number(counts.log_entries));
  sink.gauge("tocsin_alerting_deliveries", "Deliveries under way, those that wait for another attempt included.",
             number(counts.deliveries));
}

/// What is read of an Alertmanager itself. The hash tells whether instances have the same file.
/// Source: Alertmanager config/coordinator.go (md5HashAsMetricValue).
void put_process(Sink& sink, const config::AlertmanagerConfig* config) {
  sink.gauge("alertmanager_build_info", "A metric with a constant '1' value labeled by version and revision.",
             {{"branch", "tocsin"}, {"revision", revision()}, {"version", api::kAlertmanagerLevel}}, 1);
  sink.gauge("alertmanager_cluster_enabled", "Indicates whether the clustering is enabled or not.", 0);
  if (config == nullptr) return;
  const std::string digest = notify::md5(config->text);
  if (digest.empty()) return;
  double hash = 0;
  for (std::size_t byte = 6; byte > 0; --byte) hash = hash * 256 + static_cast<unsigned char>(digest[byte - 1]);
  sink.gauge("alertmanager_config_hash", "Hash of the currently loaded alertmanager configuration.", hash);
}

void put_state(Sink& sink, const state::StoreStats& stats, const state::StoreHealth& health) {
  sink.counter("tocsin_state_writes_total", "Changes handed to the state store.", number(stats.writes));
  sink.counter("tocsin_state_transactions_total", "Transactions of the state store.", number(stats.transactions));
  sink.counter("tocsin_state_failures_total", "Transactions of the state store that failed.", number(stats.failures));
  sink.gauge("tocsin_state_queued", "Changes that are not on disk yet.", number(stats.queued));
  sink.gauge("tocsin_state_failing", "Whether changes cannot be written now.", health.failure.empty() ? 0 : 1);
  sink.gauge("tocsin_state_set_aside", "Whether the store was damaged at the start and set aside.",
             health.set_aside.empty() ? 0 : 1);
  sink.gauge("tocsin_state_salvaged_rows", "Rows that were read from the damaged store.", number(health.salvaged));
}

void put_history(Sink& sink, const state::HistoryStats& stats, const state::HistoryHealth& health) {
  sink.counter("tocsin_history_events_total", "Events handed to the history of alerts.", number(stats.recorded));
  sink.counter("tocsin_history_written_total", "Events that are in the history's file.", number(stats.written));
  sink.counter("tocsin_history_dropped_total", "Events that were lost because too many waited to be written.",
               number(stats.dropped));
  sink.counter("tocsin_history_failures_total", "Transactions of the history that failed.", number(stats.failures));
  sink.counter("tocsin_history_deleted_total", "Events that were removed because of their age or the file's size.",
               number(stats.deleted));
  sink.gauge("tocsin_history_queued", "Events that wait to be written.", number(stats.queued));
  sink.gauge("tocsin_history_bytes", "Size of the history, looked at once a minute.", number(stats.bytes));
  sink.gauge("tocsin_history_failing", "Whether events cannot be written now.", health.failure.empty() ? 0 : 1);
  sink.gauge("tocsin_history_set_aside", "Whether the history was damaged and set aside.",
             health.set_aside.empty() ? 0 : 1);
}

}  // namespace

void AlertingPart::add_metrics(telemetry::Registry& registry) {
  registry.add([this](Sink& sink) {
    if (!alerting_) return;
    if (configured()) put_notifications(sink, alerting_->metrics());
    put_alerts(sink, alerting_->metrics(), alerting_->counts());
    sink.counter("tocsin_notifications_plain_texts_total",
                 "Texts of notifications that were replaced by plain ones because a template failed.",
                 number(plain_texts_->count));
    put_state(sink, store_->stats(), store_->health());
    put_process(sink, alerting_->config().get());
    if (history_) put_history(sink, history_->stats(), history_->health());
    if (config_file_.empty()) return;
    sink.gauge("alertmanager_config_last_reload_successful",
               "Whether the last configuration reload attempt was successful.", reload_ok_ ? 1 : 0);
    sink.gauge("alertmanager_config_last_reload_success_timestamp_seconds",
               "Timestamp of the last successful configuration reload.", static_cast<double>(reloaded_at_) / 1000);
  });
}

}  // namespace tocsin::app
