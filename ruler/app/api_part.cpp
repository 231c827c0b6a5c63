#include "app/api_part.hpp"

#include <algorithm>

#include "api/admin_api.hpp"
#include "api/features.hpp"
#include "api/federate.hpp"
#include "api/rules_api.hpp"
#include "api/targets_api.hpp"
#include "app/metrics.hpp"
#include "tsdb/block_set.hpp"

namespace tocsin::app {
namespace {

api::QueryLaneOptions lane_options(const Flags& flags) {
  api::QueryLaneOptions options;
  options.max_concurrency = flags.query_max_concurrency;
  return options;
}

api::QueryApiOptions query_options(const ApiPartDeps& deps) {
  api::QueryApiOptions options;
  options.subquery_step = deps.subquery_step;
  options.path_prefix = deps.path_prefix;
  options.active_queries = deps.active_queries;
  options.exemplars = [db = &deps.db](Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) {
    return db->exemplars(start, end, matchers);
  };
  return options;
}

api::TsdbStatus::Items items(const std::vector<tsdb::Cardinality::Item>& from) {
  api::TsdbStatus::Items out;
  for (const auto& item : from) out.push_back({item.name, item.value});
  return out;
}

api::TsdbStatus tsdb_status(const tsdb::Db& db, std::size_t limit) {
  const tsdb::TsdbStats stats = db.stats();
  const tsdb::Cardinality cardinality = db.cardinality(limit);
  api::TsdbStatus out;
  out.series = stats.series;
  out.label_pairs = cardinality.label_pairs;
  out.chunks = stats.chunks_open + stats.chunks_completed;
  out.min_time = stats.min_time;
  out.max_time = stats.max_time;
  out.series_by_metric = items(cardinality.series_by_metric);
  out.values_by_label = items(cardinality.values_by_label);
  out.bytes_by_label = items(cardinality.bytes_by_label);
  out.series_by_label_pair = items(cardinality.series_by_label_pair);
  const tsdb::BudgetStatus budget = db.budget(limit);
  out.series_limit = budget.limit;
  out.series_limit_per_job = budget.limit_per_job;
  out.series_shed = budget.shed;
  for (const tsdb::JobBudget& job : budget.jobs) {
    out.jobs.push_back({job.job, job.series, job.limit, job.shed, job.shedding});
  }
  return out;
}

}  // namespace

bool asks_for_samples(std::string_view path) {
  if (path == "/federate") return true;
  if (!path.starts_with("/api/v1/")) return false;
  path.remove_prefix(std::string_view("/api/v1/").size());
  static constexpr std::string_view kWhole[] = {"query", "query_range", "query_exemplars", "series", "labels", "read"};
  if (std::ranges::find(kWhole, path) != std::end(kWhole)) return true;
  return path.starts_with("label/") || path.starts_with("admin/tsdb/");
}

ApiPart::ApiPart(ApiPartDeps deps)
    : deps_(std::move(deps)),
      lane_(deps_.runtime.loop(), deps_.runtime.work(), lane_options(deps_.flags)),
      query_api_(lane_, deps_.engine, deps_.db, deps_.queries, query_options(deps_)),
      notifications_(
          std::make_shared<api::Notifications>(deps_.runtime.loop(), deps_.flags.max_notifications_subscribers)) {}

api::StatusSource ApiPart::status_source() const {
  api::StatusSource source;
  source.started = deps_.started;
  source.flags = deps_.flags.values;
  source.wal_replay = [db = &deps_.db] {
    const tsdb::Db::Replay replay = db->replay_progress();
    return api::StatusSource::WalReplay{replay.first, replay.last, replay.current};
  };
  source.now = deps_.status;
  source.tsdb = [db = &deps_.db](std::size_t limit) { return tsdb_status(*db, limit); };
  source.blocks = [db = &deps_.db] {
    std::vector<std::string> metas;
    for (const auto& meta : db->blocks()->metas()) metas.push_back(block::meta_json(meta));
    return metas;
  };
  source.alertmanagers = [sender = &deps_.sender] {
    api::StatusSource::Alertmanagers out;
    for (const remote::AlertmanagerStatus& alertmanager : sender->status()) out.active.push_back(alertmanager.url);
    out.dropped = sender->dropped_urls();
    return out;
  };
  source.metrics_page = [registry = &deps_.registry] {
    const auto page = registry->render();
    return std::shared_ptr<const std::string>(page, &page->text);
  };
  return source;
}

api::AdminSource ApiPart::admin_source() const {
  tsdb::Db* const db = &deps_.db;
  api::AdminSource source;
  source.remove = [db](Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) {
    return db->remove(start, end, matchers);
  };
  source.clean_tombstones = [db] { return db->clean_tombstones(); };
  source.snapshot = [db, root = deps_.flags.tsdb_path](const std::string& name, bool with_head) {
    return db->snapshot(fmt::format("{}{}snapshots/{}", root, root.ends_with('/') ? "" : "/", name), with_head);
  };
  return source;
}

void ApiPart::add_to(net::HttpRouter& router) {
  query_api_.add_to(router);
  api::add_targets_api(router, {lane_, deps_.scrapes, [status = deps_.status] { return status().config_text; }});
  api::add_rules_api(router, lane_, [rules = &deps_.rules] { return rules->groups(); });
  api::add_status_api(router, lane_, status_source());
  api::add_federate(router, {lane_, deps_.db, deps_.flags.lookback_delta, deps_.external_labels});
  api::FeatureSwitches switches;
  switches.engine = deps_.engine.options();
  switches.features = deps_.flags.features;
  switches.lifecycle = deps_.flags.enable_lifecycle;
  switches.auto_reload = deps_.flags.config_auto_reload;
  switches.remote_write_receiver = deps_.flags.enable_remote_write_receiver;
  api::add_features_api(router, api::make_features(switches));
  api::add_admin_api(router, lane_, deps_.flags.enable_admin_api, admin_source());
  notifications_->add_to(router);
}

net::Task<void> ApiPart::say_goodbye(Duration limit) {
  notifications_->add(api::kShuttingDown);
  return api::Notifications::finish(notifications_, limit);
}

void ApiPart::add_metrics(telemetry::Registry& registry) {
  registry.add([this](telemetry::Sink& sink) {
    put_query_metrics(sink, lane_.stats(), deps_.queries.totals(), deps_.flags.query_max_concurrency);
    const api::NotificationStats stats = notifications_->stats();
    sink.gauge("prometheus_api_notification_active_subscribers",
               "The current number of active notification subscribers.", static_cast<double>(stats.subscribers));
    sink.counter("prometheus_api_notification_updates_sent_total", "Total number of notification updates sent.",
                 static_cast<double>(stats.sent));
    sink.counter("prometheus_api_notification_updates_dropped_total", "Total number of notification updates dropped.",
                 static_cast<double>(stats.dropped));
  });
}

}  // namespace tocsin::app
