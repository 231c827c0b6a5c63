#pragma once
// The ruler as a library: storage, scraping, queries, rules, routing and the API, wired. A test starts a whole one on
// port 0.

#include <atomic>
#include <memory>

#include "app/alert_forwarder.hpp"
#include "app/alerting_part.hpp"
#include "app/alertmanager_web.hpp"
#include "app/api_part.hpp"
#include "app/configuration.hpp"
#include "app/flags.hpp"
#include "app/reloader.hpp"
#include "app/remote_part.hpp"
#include "app/web.hpp"
#include "config/prometheus_config.hpp"
#include "net/runtime.hpp"
#include "promql/active_query_log.hpp"
#include "promql/engine.hpp"
#include "promql/query_recorder.hpp"
#include "remote/alertmanager_sender.hpp"
#include "rules/manager.hpp"
#include "scrape/scrape_manager.hpp"
#include "tsdb/db.hpp"

namespace tocsin::app {

inline constexpr std::size_t kMostQueryThreads = 64;  // for queries of the API

/// Thread: the loop's. Must outlive the runtime, whose tasks refer to it: run → close() → the runtime goes → this goes.
class Ruler {
 public:
  /// Reads the configuration, opens the stores (blocks until the series are known), binds, and begins to work.
  /// Rules and answers from samples begin when the log is replayed.
  static Result<std::unique_ptr<Ruler>> start(net::Runtime& runtime, const Flags& flags, Fs& fs);

  /// Begins to read the files again: prometheus.yml with all that it names, then alertmanager.yml: each as a whole or
  /// not at all. An error of one does not keep the other from being taken. Logs what is wrong.
  void reload();
  /// Ends scrapes, rules and deliveries in this order, then stops the loop. Called more than once, does it once.
  void shut_down();
  void close();
  std::vector<std::uint16_t> ports() const { return web_->ports(); }

 private:
  Ruler(net::Runtime& runtime, const Flags& flags, Fs& fs);
  Result<void> open();
  /// Puts it in force: what did not change goes on as it is.
  void apply(Configuration loaded);
  api::RuntimeStatus status() const;
  model::Labels external_labels() const;
  void open_active_query_log();
  void make_reloader();
  net::Task<Result<void>> reload_prometheus();
  net::Task<Result<void>> reload_alerting();
  net::Task<Result<void>> reload_all();
  net::Task<void> reload_for_signal();
  Result<promql::QueryResult> answer_rule(storage::Queryable& store, const rules::RuleQuery& asked);
  void add_api(const web::ExternalUrl& url);
  void add_metrics();
  net::Task<void> start_rules();
  net::Task<void> tell_troubles();
  net::Task<void> stop_all();

  net::Runtime& runtime_;
  const Flags flags_;
  Fs& fs_;
  std::string external_url_;
  const Timestamp started_;
  promql::Engine engine_;
  promql::QueryRecorder queries_;
  std::unique_ptr<promql::ActiveQueryLog> active_queries_;  // nullptr: the file cannot be made
  std::atomic<std::int64_t> subquery_step_ms_{60'000};
  AlertForwarder forwarder_;
  std::unique_ptr<tsdb::Db> db_;
  std::unique_ptr<AlertingPart> alerting_;
  std::unique_ptr<net::HttpClient> scrape_client_;
  std::unique_ptr<remote::AlertmanagerSender> sender_;  // to the Alertmanagers of prometheus.yml
  std::unique_ptr<scrape::ScrapeManager> scrapes_;
  std::unique_ptr<rules::Manager> rules_;
  std::unique_ptr<Web> web_;
  std::unique_ptr<AlertmanagerWeb> alertmanager_web_;
  std::unique_ptr<ApiPart> api_;
  std::unique_ptr<RemotePart> remote_;

  std::unique_ptr<Reloader> reloader_;
  std::shared_ptr<const config::PrometheusConfig> config_;
  bool reload_ok_ = true;
  Timestamp reloaded_at_ = 0;
  bool stopping_ = false;
};

}  // namespace tocsin::app
