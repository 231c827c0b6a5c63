// Names, helps and places of the metrics of the cluster. Source: elasticsearch_exporter 1.9+ (names, help texts).

#include "exporters/elasticsearch/metric.hpp"

namespace tocsin::exporters::elasticsearch {
namespace {

using enum model::MetricType;

// /_cluster/health
constexpr Metric kClusterHealth[] = {
    {"elasticsearch_cluster_health_active_primary_shards",
     "The number of primary shards in your cluster. This is an aggregate total across all indices.", kGauge,
     "active_primary_shards"},
    {"elasticsearch_cluster_health_active_shards",
     "Aggregate total of all shards across all indices, which includes replica shards.", kGauge, "active_shards"},
    {"elasticsearch_cluster_health_delayed_unassigned_shards", "Shards delayed to reduce reallocation overhead", kGauge,
     "delayed_unassigned_shards"},
    {"elasticsearch_cluster_health_initializing_shards", "Count of shards that are being freshly created.", kGauge,
     "initializing_shards"},
    {"elasticsearch_cluster_health_number_of_data_nodes", "Number of data nodes in the cluster.", kGauge,
     "number_of_data_nodes"},
    {"elasticsearch_cluster_health_number_of_in_flight_fetch", "The number of ongoing shard info requests.", kGauge,
     "number_of_in_flight_fetch"},
    {"elasticsearch_cluster_health_task_max_waiting_in_queue_millis", "Tasks max time waiting in queue.", kGauge,
     "task_max_waiting_in_queue_millis"},
    {"elasticsearch_cluster_health_number_of_nodes", "Number of nodes in the cluster.", kGauge, "number_of_nodes"},
    {"elasticsearch_cluster_health_number_of_pending_tasks", "Cluster level changes which have not yet been executed",
     kGauge, "number_of_pending_tasks"},
    {"elasticsearch_cluster_health_relocating_shards",
     "The number of shards that are currently moving from one node to another node.", kGauge, "relocating_shards"},
    {"elasticsearch_cluster_health_unassigned_shards",
     "The number of shards that exist in the cluster state, but cannot be found in the cluster itself.", kGauge,
     "unassigned_shards"},
};

// /_health_report
constexpr Metric kHealthReport[] = {
    {"elasticsearch_health_report_total_repositories", "The number of snapshot repositories", kGauge,
     "indicators.repository_integrity.details.total_repositories"},
    {"elasticsearch_health_report_max_shards_in_cluster_data", "The number of maximum shards in a cluster", kGauge,
     "indicators.shards_capacity.details.data.max_shards_in_cluster"},
    {"elasticsearch_health_report_max_shards_in_cluster_frozen", "The number of maximum frozen shards in a cluster",
     kGauge, "indicators.shards_capacity.details.frozen.max_shards_in_cluster"},
    {"elasticsearch_health_report_restarting_replicas", "The number of restarting replica shards", kGauge,
     "indicators.shards_availability.details.restarting_replicas"},
    {"elasticsearch_health_report_creating_primaries", "The number of creating primary shards", kGauge,
     "indicators.shards_availability.details.creating_primaries"},
    {"elasticsearch_health_report_initializing_replicas", "The number of initializing replica shards", kGauge,
     "indicators.shards_availability.details.initializing_replicas"},
    {"elasticsearch_health_report_unassigned_replicas", "The number of unassigned replica shards", kGauge,
     "indicators.shards_availability.details.unassigned_replicas"},
    {"elasticsearch_health_report_started_primaries", "The number of started primary shards", kGauge,
     "indicators.shards_availability.details.started_primaries"},
    {"elasticsearch_health_report_restarting_primaries", "The number of restarting primary shards", kGauge,
     "indicators.shards_availability.details.restarting_primaries"},
    {"elasticsearch_health_report_initializing_primaries", "The number of initializing primary shards", kGauge,
     "indicators.shards_availability.details.initializing_primaries"},
    {"elasticsearch_health_report_creating_replicas", "The number of creating replica shards", kGauge,
     "indicators.shards_availability.details.creating_replicas"},
    {"elasticsearch_health_report_started_replicas", "The number of started replica shards", kGauge,
     "indicators.shards_availability.details.started_replicas"},
    {"elasticsearch_health_report_unassigned_primaries", "The number of unassigned primary shards", kGauge,
     "indicators.shards_availability.details.unassigned_primaries"},
    {"elasticsearch_health_report_slm_policies", "The number of SLM policies", kGauge,
     "indicators.slm.details.policies"},
    {"elasticsearch_health_report_ilm_policies", "The number of ILM Policies", kGauge,
     "indicators.ilm.details.policies"},
    {"elasticsearch_health_report_ilm_stagnating_indices", "The number of stagnating indices", kGauge,
     "indicators.ilm.details.stagnating_indices"},
};

// /_slm/stats
constexpr Metric kSnapshotLifecycle[] = {
    {"elasticsearch_slm_stats_retention_runs_total", "Total retention runs", kCounter, "retention_runs"},
    {"elasticsearch_slm_stats_retention_failed_total", "Total failed retention runs", kCounter, "retention_failed"},
    {"elasticsearch_slm_stats_retention_timed_out_total", "Total timed out retention runs", kCounter,
     "retention_timed_out"},
    {.name = "elasticsearch_slm_stats_retention_deletion_time_seconds",
     .help = "Retention run deletion time",
     .type = kGauge,
     .path = "retention_deletion_time_millis",
     .scale = Scale::kMilliseconds},
    {"elasticsearch_slm_stats_total_snapshots_taken_total", "Total snapshots taken", kCounter, "total_snapshots_taken"},
    {"elasticsearch_slm_stats_total_snapshots_failed_total", "Total snapshots failed", kCounter,
     "total_snapshots_failed"},
    {"elasticsearch_slm_stats_total_snapshots_deleted_total", "Total snapshots deleted", kCounter,
     "total_snapshots_deleted"},
    {"elasticsearch_slm_stats_total_snapshot_deletion_failures_total", "Total snapshot deletion failures", kCounter,
     "total_snapshot_deletion_failures"},
};

// its policy_stats[]
constexpr Metric kSnapshotPolicy[] = {
    {"elasticsearch_slm_stats_snapshots_taken_total", "Total snapshots taken", kCounter, "snapshots_taken"},
    {"elasticsearch_slm_stats_snapshots_failed_total", "Total snapshots failed", kCounter, "snapshots_failed"},
    {"elasticsearch_slm_stats_snapshots_deleted_total", "Total snapshots deleted", kCounter, "snapshots_deleted"},
    {"elasticsearch_slm_stats_snapshot_deletion_failures_total", "Total snapshot deletion failures", kCounter,
     "snapshot_deletion_failures"},
};

}  // namespace

std::span<const Metric> cluster_health_metrics() {
  return kClusterHealth;
}
std::span<const Metric> health_report_metrics() {
  return kHealthReport;
}
std::span<const Metric> snapshot_lifecycle_metrics() {
  return kSnapshotLifecycle;
}
std::span<const Metric> snapshot_policy_metrics() {
  return kSnapshotPolicy;
}

}  // namespace tocsin::exporters::elasticsearch
