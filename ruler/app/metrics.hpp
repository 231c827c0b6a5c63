#pragma once
// The numbers of the modules under the names that Prometheus' public dashboards and rules read.

#include "api/query_lane.hpp"
#include "discovery/stats.hpp"
#include "promql/query_recorder.hpp"
#include "remote/alertmanager_sender.hpp"
#include "rules/status.hpp"
#include "scrape/scrape_manager.hpp"
#include "telemetry/registry.hpp"
#include "tsdb/block_stats.hpp"
#include "tsdb/stats.hpp"

namespace tocsin::app {

void put_tsdb_metrics(telemetry::Sink& sink, const tsdb::TsdbStats& stats);
void put_block_metrics(telemetry::Sink& sink, const tsdb::BlockStats& blocks, const tsdb::TsdbStats& head);
void put_budget_metrics(telemetry::Sink& sink, const tsdb::BudgetStatus& budget);
void put_scrape_metrics(telemetry::Sink& sink, const scrape::ScrapeManager& scrapes);
void put_discovery_metrics(telemetry::Sink& sink, const discovery::Stats& stats);
void put_rule_metrics(telemetry::Sink& sink, const rules::Metrics& metrics);
void put_query_metrics(telemetry::Sink& sink, const api::QueryApiStats& line, const promql::QueryTotals& totals,
                       std::size_t max_concurrency);

void put_sender_metrics(telemetry::Sink& sink, const std::vector<remote::AlertmanagerStatus>& alertmanagers,
                        std::size_t queue_capacity);

}  // namespace tocsin::app
