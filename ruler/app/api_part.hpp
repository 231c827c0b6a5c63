#pragma once
// Prometheus' HTTP API over the parts of a ruler.

#include <functional>
#include <memory>
#include <string_view>

#include "api/admin_api.hpp"
#include "api/notifications.hpp"
#include "api/query_api.hpp"
#include "api/query_lane.hpp"
#include "api/status_api.hpp"
#include "app/flags.hpp"
#include "net/runtime.hpp"
#include "promql/engine.hpp"
#include "remote/alertmanager_sender.hpp"
#include "rules/manager.hpp"
#include "scrape/scrape_manager.hpp"
#include "telemetry/registry.hpp"
#include "tsdb/db.hpp"

namespace tocsin::app {

/// All outlive the part.
struct ApiPartDeps {
  net::Runtime& runtime;
  const Flags& flags;
  const promql::Engine& engine;
  tsdb::Db& db;
  const scrape::ScrapeManager& scrapes;
  const rules::Manager& rules;
  const remote::AlertmanagerSender& sender;
  telemetry::Registry& registry;
  promql::QueryRecorder& queries;
  promql::ActiveQueryLog* active_queries = nullptr;  // nullptr: none
  Timestamp started = 0;
  std::string path_prefix;  // that the listener takes off: "/prom"
  // Thread: the loop's.
  std::function<api::RuntimeStatus()> status;
  std::function<model::Labels()> external_labels;
  std::function<Duration()> subquery_step;
};

/// Whether the answer to a path depends on the samples of the store, so that half of them would make it wrong.
bool asks_for_samples(std::string_view path);

/// Thread: the loop's. Must outlive the loop's tasks.
class ApiPart {
 public:
  explicit ApiPart(ApiPartDeps deps);
  void add_to(net::HttpRouter& router);
  void add_metrics(telemetry::Registry& registry);
  api::Notifications& notifications() { return *notifications_; }
  /// Tells the subscribers of the end; before the listeners are drained.
  net::Task<void> say_goodbye(Duration limit);

 private:
  api::StatusSource status_source() const;
  api::AdminSource admin_source() const;

  const ApiPartDeps deps_;
  api::QueryLane lane_;
  api::QueryApi query_api_;
  std::shared_ptr<api::Notifications> notifications_;
};

}  // namespace tocsin::app
