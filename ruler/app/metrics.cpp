#include "app/metrics.hpp"

#include <array>
#include <utility>

#include "app/length_metrics.hpp"

namespace tocsin::app {
namespace {

using telemetry::Sink;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_durations(Sink& sink, std::string_view name, std::string_view help, const rules::DurationStats& stats) {
  std::vector<expo::Bucket> buckets;
  for (std::size_t i = 0; i < stats.kBounds.size(); ++i)
    buckets.push_back({stats.kBounds[i], number(stats.buckets[i])});
  sink.histogram(name, help, {}, buckets, stats.sum_seconds, number(stats.count));
}

}  // namespace

void put_tsdb_metrics(Sink& sink, const tsdb::TsdbStats& stats) {
  sink.gauge("prometheus_tsdb_head_series", "Total number of series in the head block.", number(stats.series));
  sink.counter("prometheus_tsdb_head_series_created_total", "Total number of series created in the head.",
               number(stats.series_created));
  sink.counter("prometheus_tsdb_head_series_removed_total", "Total number of series removed in the head.",
               number(stats.series_removed));
  sink.gauge("prometheus_tsdb_head_chunks", "Total number of chunks in the head block.",
             number(stats.chunks_open + stats.chunks_completed));
  sink.counter("prometheus_tsdb_head_samples_appended_total", "Total number of appended samples.", {{"type", "float"}},
               number(stats.samples_appended - stats.histograms_appended));
  sink.counter("prometheus_tsdb_head_samples_appended_total", "Total number of appended samples.",
               {{"type", "histogram"}}, number(stats.histograms_appended));
  sink.counter("prometheus_tsdb_head_out_of_order_samples_appended_total",
               "Total number of appended out of order samples.", {{"type", "float"}},
               number(stats.late_samples - stats.late_histograms));
  sink.counter("prometheus_tsdb_head_out_of_order_samples_appended_total",
               "Total number of appended out of order samples.", {{"type", "histogram"}},
               number(stats.late_histograms));
  sink.counter("prometheus_tsdb_out_of_order_samples_total",
               "Total number of out of order samples ingestion failed attempts due to out of order being disabled.",
               {{"type", "float"}}, number(stats.out_of_order));
  sink.counter("prometheus_tsdb_too_old_samples_total",
               "Total number of out of order samples ingestion failed attempts with out of support enabled, but sample "
               "outside of time window.",
               {{"type", "float"}}, number(stats.too_old));
  if (stats.min_time <= stats.max_time) {
    sink.gauge("prometheus_tsdb_head_min_time_seconds", "Minimum time bound of the head block.",
               static_cast<double>(stats.min_time) / 1000);
    sink.gauge("prometheus_tsdb_head_max_time_seconds", "Maximum timestamp of the head block.",
               static_cast<double>(stats.max_time) / 1000);
  }
  const auto refused = [&](std::string_view reason, std::uint64_t count) {
    sink.counter("tocsin_tsdb_samples_refused_total", "Samples that were refused.", {{"reason", reason}},
                 number(count));
  };
  refused("out_of_order", stats.out_of_order);
  refused("too_old", stats.too_old);
  refused("duplicate", stats.duplicates);
  refused("out_of_bounds", stats.out_of_bounds);
  refused("series_limit", stats.series_limit_hits);
  sink.counter("tocsin_tsdb_commits_total", "Batches committed.", number(stats.commits));
  sink.counter("tocsin_tsdb_wal_failures_total", "Batches that could not be written, and syncs that failed.",
               number(stats.commits_failed + stats.wal_sync_failures));
  sink.gauge("tocsin_tsdb_wal_bytes", "Size of the write-ahead log.", number(stats.wal_bytes));
  sink.gauge("tocsin_tsdb_chunk_file_bytes", "Size of the files of completed chunks.", number(stats.chunk_file_bytes));
  sink.counter("tocsin_tsdb_chunks_corrupt_total", "Chunks set aside because they are damaged.",
               number(stats.chunks_corrupt));
  sink.gauge("tocsin_tsdb_memory_bytes", "Memory of the head, all components.", number(stats.bytes.total()));
  sink.gauge("tocsin_tsdb_replay_seconds", "How long the last start read the log.", stats.replay_seconds);
}

void put_budget_metrics(Sink& sink, const tsdb::BudgetStatus& budget) {
  sink.gauge("tocsin_tsdb_series_limit", "Series at most; 0: no limit.", number(budget.limit));
  for (const tsdb::JobBudget& job : budget.jobs) {
    if (job.shed == 0) continue;
    sink.counter("tocsin_tsdb_series_shed_total", "Attempts to make a series that were refused: no budget.",
                 {{"job", job.job}}, number(job.shed));
  }
  for (const tsdb::JobBudget& job : budget.jobs) {
    if (job.limit == 0) continue;
    sink.gauge("tocsin_tsdb_job_series", "Series of a job that has a limit.", {{"job", job.job}}, number(job.series));
    sink.gauge("tocsin_tsdb_job_series_limit", "Series at most of a job.", {{"job", job.job}}, number(job.limit));
  }
}

void put_rule_metrics(Sink& sink, const rules::Metrics& metrics) {
  for (const rules::GroupMetrics& group : metrics.groups) {
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
      sink.counter(name, help, {{"rule_group", group.group}}, number(value));
    };
    const auto gauge = [&](std::string_view name, std::string_view help, double value) {
      sink.gauge(name, help, {{"rule_group", group.group}}, value);
    };
    counter("prometheus_rule_group_iterations_total",
            "The total number of scheduled rule group evaluations, whether executed or missed.", group.iterations);
    counter("prometheus_rule_group_iterations_missed_total",
            "The total number of rule group evaluations missed due to slow rule group evaluation.",
            group.iterations_missed);
    counter("prometheus_rule_evaluations_total", "The total number of rule evaluations.", group.evaluations);
    counter("prometheus_rule_evaluation_failures_total", "The total number of rule evaluation failures.",
            group.evaluation_failures);
    if (group.scrape_triggers > 0) {
      counter("tocsin_rules_scrape_triggers_total",
              "Scrapes that brought what a group reads that is evaluated on_scrape.", group.scrape_triggers);
      counter("tocsin_rules_scrape_evaluations_total",
              "Evaluations of a group that scrapes asked for, or the end of a `for`.", group.scrape_evaluations);
    }
    gauge("prometheus_rule_group_interval_seconds", "The interval of a rule group.", group.interval_seconds);
    gauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
          "The timestamp of the last rule group evaluation in seconds.", group.last_evaluation_seconds);
    gauge("prometheus_rule_group_last_duration_seconds", "The duration of the last rule group evaluation.",
          group.last_duration_seconds);
    gauge("prometheus_rule_group_last_rule_duration_sum_seconds",
          "The sum of time in seconds it took to evaluate each rule in the group.",
          group.last_rule_duration_sum_seconds);
    gauge("prometheus_rule_group_rules", "The number of rules.", number(group.rules));
    gauge("prometheus_rule_group_last_evaluation_samples",
          "The number of samples returned during the last rule group evaluation.", number(group.last_samples));
  }
  put_durations(sink, "prometheus_rule_evaluation_duration_histogram_seconds", "The duration for a rule to execute.",
                metrics.rule_duration);
  put_durations(sink, "prometheus_rule_group_duration_histogram_seconds", "The duration of rule group evaluations.",
                metrics.group_duration);
  put_durations(sink, "tocsin_rules_start_delay_seconds", "How long after its slot a rule group began.",
                metrics.start_delay);
}

/// Source of names and helps: Prometheus promql/engine.go.
void put_query_metrics(Sink& sink, const api::QueryApiStats& line, const promql::QueryTotals& totals,
                       std::size_t max_concurrency) {
  constexpr std::array kQueryQuantiles = {0.5, 0.9, 0.99};
  const std::pair<std::string_view, const LengthStats*> slices[] = {{"inner_eval", &totals.evaluation},
                                                                    {"prepare_time", &totals.preparation},
                                                                    {"queue_time", &totals.waiting},
                                                                    {"result_sort", &totals.sorting}};
  for (const auto& [slice, stats] : slices) {
    put_length_summary(sink, "prometheus_engine_query_duration_seconds", "Query timings", {"slice", slice}, *stats,
                       kQueryQuantiles);
  }
  for (const auto& [slice, stats] : slices) {
    put_length_histogram(sink, "prometheus_engine_query_duration_histogram_seconds",
                         "The duration of various parts of PromQL query execution.", {"slice", slice}, *stats);
  }
  sink.counter("prometheus_engine_query_samples_total", "The total number of samples loaded by all queries.",
               number(totals.samples));
  sink.gauge("prometheus_engine_queries", "The current number of queries being executed or waiting.",
             number(line.running + line.waiting + totals.underway));
  sink.gauge("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.",
             number(max_concurrency));
  sink.gauge("prometheus_engine_query_log_enabled", "State of the query log.", totals.logs ? 1 : 0);
  sink.counter("prometheus_engine_query_log_failures_total", "The number of query log failures.",
               number(totals.log_lines_dropped));
  sink.counter("tocsin_api_queries_total", "Queries received.", number(line.queries));
  sink.counter("tocsin_api_queries_canceled_total", "Queries whose clients went away.", number(line.canceled));
  sink.counter("tocsin_api_queries_timed_out_in_line_total", "Queries whose time was over before their turn came.",
               number(line.timed_out));
  sink.counter("tocsin_api_queries_refused_total", "Queries refused because too many waited.", number(line.refused));
}

void put_sender_metrics(Sink& sink, const std::vector<remote::AlertmanagerStatus>& alertmanagers,
                        std::size_t queue_capacity) {
  sink.gauge("prometheus_notifications_queue_capacity", "The capacity of the alert notifications queue.",
             number(queue_capacity));
  sink.gauge("prometheus_notifications_alertmanagers_discovered", "The number of alertmanagers discovered and active.",
             number(alertmanagers.size()));
  for (const remote::AlertmanagerStatus& alertmanager : alertmanagers) {
    const std::initializer_list<model::LabelView> labels = {{"alertmanager", alertmanager.url}};
    sink.counter("prometheus_notifications_sent_total", "Total number of alerts sent.", labels,
                 number(alertmanager.sent));
    sink.counter("prometheus_notifications_errors_total", "Total number of sent alerts affected by errors.", labels,
                 number(alertmanager.errors));
    sink.counter("prometheus_notifications_dropped_total",
                 "Total number of alerts dropped due to errors when sending to Alertmanager.", labels,
                 number(alertmanager.dropped));
    sink.gauge("prometheus_notifications_queue_length", "The number of alert notifications in the queue.", labels,
               number(alertmanager.queue_length));
    sink.summary("prometheus_notifications_latency_seconds", "Latency quantiles for sending alert notifications.",
                 labels, {}, alertmanager.latency_sum_seconds, number(alertmanager.latency_count));
    std::vector<expo::Bucket> buckets;
    for (std::size_t i = 0; i < remote::kSendLatencyBounds.size(); ++i) {
      buckets.push_back({remote::kSendLatencyBounds[i], number(alertmanager.latency_buckets[i])});
    }
    sink.histogram("prometheus_notifications_latency_histogram_seconds",
                   "Latency histogram for sending alert notifications.", labels, buckets,
                   alertmanager.latency_sum_seconds, number(alertmanager.latency_count));
  }
}

}  // namespace tocsin::app
