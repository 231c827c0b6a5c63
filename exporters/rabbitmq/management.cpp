#include "exporters/rabbitmq/management.hpp"

#include "model/metric_type.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

using enum model::MetricType;
using boost::json::value;

struct Metric {
  std::string_view name, help;
  model::MetricType type;
  std::string_view member, inner = "";  // member, or inner of the object that is the member
  double scale = 1;
};

constexpr Metric kOverview[] = {
    {"rabbitmq_connections", "Connections currently open", kGauge, "object_totals", "connections"},
    {"rabbitmq_channels", "Channels currently open", kGauge, "object_totals", "channels"},
    {"rabbitmq_consumers", "Consumers currently connected", kGauge, "object_totals", "consumers"},
    {"rabbitmq_queues", "Queues available", kGauge, "object_totals", "queues"},
    {"rabbitmq_connections_opened_total", "Total number of connections opened", kCounter, "churn_rates",
     "connection_created"},
    {"rabbitmq_connections_closed_total", "Total number of connections closed or terminated", kCounter, "churn_rates",
     "connection_closed"},
    {"rabbitmq_channels_opened_total", "Total number of channels opened", kCounter, "churn_rates", "channel_created"},
    {"rabbitmq_channels_closed_total", "Total number of channels closed", kCounter, "churn_rates", "channel_closed"},
    {"rabbitmq_queues_declared_total", "Total number of queues declared", kCounter, "churn_rates", "queue_declared"},
    {"rabbitmq_queues_created_total", "Total number of queues created", kCounter, "churn_rates", "queue_created"},
    {"rabbitmq_queues_deleted_total", "Total number of queues deleted", kCounter, "churn_rates", "queue_deleted"},
    {"rabbitmq_channel_messages_published_total", "Total number of messages published into an exchange on a channel",
     kCounter, "message_stats", "publish"},
    {"rabbitmq_channel_messages_confirmed_total",
     "Total number of messages published into an exchange and confirmed on the channel", kCounter, "message_stats",
     "confirm"},
    {"rabbitmq_channel_messages_unroutable_returned_total",
     "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable",
     kCounter, "message_stats", "return_unroutable"},
    {"rabbitmq_channel_messages_unroutable_dropped_total",
     "Total number of messages published as non-mandatory into an exchange and dropped as unroutable", kCounter,
     "message_stats", "drop_unroutable"},
    {"rabbitmq_channel_get_ack_total", "Total number of messages fetched with basic.get in manual acknowledgement mode",
     kCounter, "message_stats", "get"},
    {"rabbitmq_channel_get_total", "Total number of messages fetched with basic.get in automatic acknowledgement mode",
     kCounter, "message_stats", "get_no_ack"},
    {"rabbitmq_channel_get_empty_total", "Total number of times basic.get operations fetched no message", kCounter,
     "message_stats", "get_empty"},
    {"rabbitmq_channel_messages_delivered_ack_total",
     "Total number of messages delivered to consumers in manual acknowledgement mode", kCounter, "message_stats",
     "deliver"},
    {"rabbitmq_channel_messages_delivered_total",
     "Total number of messages delivered to consumers in automatic acknowledgement mode", kCounter, "message_stats",
     "deliver_no_ack"},
    {"rabbitmq_channel_messages_redelivered_total", "Total number of messages redelivered to consumers", kCounter,
     "message_stats", "redeliver"},
    {"rabbitmq_channel_messages_acked_total", "Total number of messages acknowledged by consumers", kCounter,
     "message_stats", "ack"},
    {"rabbitmq_queue_disk_reads_total", "Total number of times queue read messages from disk", kCounter,
     "message_stats", "disk_reads"},
    {"rabbitmq_queue_disk_writes_total", "Total number of times queue wrote messages to disk", kCounter,
     "message_stats", "disk_writes"},
};

constexpr Metric kQueueTotals[] = {
    {"rabbitmq_queue_messages", "Sum of ready and unacknowledged messages - total queue depth", kGauge, "queue_totals",
     "messages"},
    {"rabbitmq_queue_messages_ready", "Messages ready to be delivered to consumers", kGauge, "queue_totals",
     "messages_ready"},
    {"rabbitmq_queue_messages_unacked", "Messages delivered to consumers but not yet acknowledged", kGauge,
     "queue_totals", "messages_unacknowledged"},
};

constexpr Metric kNode[] = {
    {"rabbitmq_alarms_memory_used_watermark", "is 1 if VM memory watermark alarm is in effect", kUnknown, "mem_alarm"},
    {"rabbitmq_alarms_free_disk_space_watermark", "is 1 if free disk space watermark alarm is in effect", kUnknown,
     "disk_free_alarm"},
    {"rabbitmq_process_open_fds", "Open file descriptors", kGauge, "fd_used"},
    {"rabbitmq_process_max_fds", "Open file descriptors limit", kGauge, "fd_total"},
    {"rabbitmq_process_open_tcp_sockets", "Open TCP sockets", kGauge, "sockets_used"},
    {"rabbitmq_process_max_tcp_sockets", "Open TCP sockets limit", kGauge, "sockets_total"},
    {"rabbitmq_process_resident_memory_bytes", "Memory used in bytes", kGauge, "mem_used"},
    {"rabbitmq_resident_memory_limit_bytes", "Memory high watermark in bytes", kGauge, "mem_limit"},
    {"rabbitmq_disk_space_available_bytes", "Disk space available in bytes", kGauge, "disk_free"},
    {"rabbitmq_disk_space_available_limit_bytes", "Free disk space low watermark in bytes", kGauge, "disk_free_limit"},
    {"rabbitmq_erlang_processes_used", "Erlang processes used", kGauge, "proc_used"},
    {"rabbitmq_erlang_processes_limit", "Erlang processes limit", kGauge, "proc_total"},
    {"rabbitmq_erlang_scheduler_run_queue", "Erlang scheduler run queue", kGauge, "run_queue"},
    {"rabbitmq_erlang_net_ticktime_seconds", "Inter-node heartbeat interval", kGauge, "net_ticktime"},
    {"rabbitmq_erlang_uptime_seconds", "Node uptime", kGauge, "uptime", "", 0.001},
    {"rabbitmq_erlang_gc_runs_total", "Total number of Erlang garbage collector runs", kCounter, "gc_num"},
    {"rabbitmq_erlang_gc_reclaimed_bytes_total",
     "Total number of bytes of memory reclaimed by Erlang garbage collector", kCounter, "gc_bytes_reclaimed"},
    {"rabbitmq_erlang_scheduler_context_switches_total", "Total number of Erlang scheduler context switches", kCounter,
     "context_switches"},
    {"rabbitmq_io_read_ops_total", "Total number of I/O read operations", kCounter, "io_read_count"},
    {"rabbitmq_io_read_bytes_total", "Total number of I/O bytes read", kCounter, "io_read_bytes"},
    {"rabbitmq_io_write_ops_total", "Total number of I/O write operations", kCounter, "io_write_count"},
    {"rabbitmq_io_write_bytes_total", "Total number of I/O bytes written", kCounter, "io_write_bytes"},
    {"rabbitmq_io_sync_ops_total", "Total number of I/O sync operations", kCounter, "io_sync_count"},
    {"rabbitmq_io_seek_ops_total", "Total number of I/O seek operations", kCounter, "io_seek_count"},
    {"rabbitmq_io_reopen_ops_total", "Total number of times files have been reopened", kCounter, "io_reopen_count"},
    {"rabbitmq_schema_db_ram_tx_total", "Total number of Schema DB memory transactions", kCounter,
     "mnesia_ram_tx_count"},
    {"rabbitmq_schema_db_disk_tx_total", "Total number of Schema DB disk transactions", kCounter,
     "mnesia_disk_tx_count"},
    {"rabbitmq_msg_store_read_total", "Total number of Message Store read operations", kCounter,
     "msg_store_read_count"},
    {"rabbitmq_msg_store_write_total", "Total number of Message Store write operations", kCounter,
     "msg_store_write_count"},
    {"rabbitmq_queue_index_read_ops_total", "Total number of Queue Index read operations", kCounter,
     "queue_index_read_count"},
    {"rabbitmq_queue_index_write_ops_total", "Total number of Queue Index write operations", kCounter,
     "queue_index_write_count"},
};

constexpr Metric kQueue[] = {
    {"rabbitmq_queue_messages", "Sum of ready and unacknowledged messages - total queue depth", kGauge, "messages"},
    {"rabbitmq_queue_messages_ready", "Messages ready to be delivered to consumers", kGauge, "messages_ready"},
    {"rabbitmq_queue_messages_unacked", "Messages delivered to consumers but not yet acknowledged", kGauge,
     "messages_unacknowledged"},
    {"rabbitmq_queue_consumers", "Consumers on a queue", kGauge, "consumers"},
    {"rabbitmq_queue_consumer_capacity", "Consumer capacity", kGauge, "consumer_capacity"},
    {"rabbitmq_queue_consumer_utilisation", "Same as consumer capacity", kGauge, "consumer_utilisation"},
    {"rabbitmq_queue_process_memory_bytes", "Memory in bytes used by the Erlang queue process", kGauge, "memory"},
    {"rabbitmq_queue_process_reductions_total", "Total number of queue process reductions", kCounter, "reductions"},
    {"rabbitmq_queue_messages_ram", "Ready and unacknowledged messages stored in memory", kGauge, "messages_ram"},
    {"rabbitmq_queue_messages_ram_bytes", "Size of ready and unacknowledged messages stored in memory", kGauge,
     "message_bytes_ram"},
    {"rabbitmq_queue_messages_ready_ram", "Ready messages stored in memory", kGauge, "messages_ready_ram"},
    {"rabbitmq_queue_messages_unacked_ram", "Unacknowledged messages stored in memory", kGauge,
     "messages_unacknowledged_ram"},
    {"rabbitmq_queue_messages_persistent", "Persistent messages", kGauge, "messages_persistent"},
    {"rabbitmq_queue_messages_persistent_bytes", "Size in bytes of persistent messages", kGauge,
     "message_bytes_persistent"},
    {"rabbitmq_queue_messages_bytes", "Size in bytes of ready and unacknowledged messages", kGauge, "message_bytes"},
    {"rabbitmq_queue_messages_ready_bytes", "Size in bytes of ready messages", kGauge, "message_bytes_ready"},
    {"rabbitmq_queue_messages_unacked_bytes", "Size in bytes of all unacknowledged messages", kGauge,
     "message_bytes_unacknowledged"},
    {"rabbitmq_queue_messages_paged_out", "Messages paged out to disk", kGauge, "messages_paged_out"},
    {"rabbitmq_queue_messages_paged_out_bytes", "Size in bytes of messages paged out to disk", kGauge,
     "message_bytes_paged_out"},
    {"rabbitmq_queue_messages_published_total", "Total number of messages published to queues", kCounter,
     "message_stats", "publish"},
};

const value* member(const value& root, std::string_view name) {
  const boost::json::object* object = root.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string_view text(const value& root, std::string_view name) {
  const value* found = member(root, name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

/// A number or a truth; nothing for what is not there, and for what the broker calls "unknown" or null.
std::optional<double> number(const value* found) {
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->get_bool() ? 1 : 0;
  if (!found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

void put(expo::Page& page, std::span<const Metric> metrics, const value& root,
         std::span<const model::LabelView> labels) {
  for (const Metric& metric : metrics) {
    const value* found = member(root, metric.member);
    if (found != nullptr && !metric.inner.empty()) found = member(*found, metric.inner);
    const std::optional<double> value = number(found);
    if (value) page.family(metric.name, metric.help, metric.type).put(labels, *value * metric.scale);
  }
}

}  // namespace

std::string put_overview(expo::Page& page, const value& root, bool with_queue_totals) {
  put(page, kOverview, root, {});
  if (with_queue_totals) put(page, kQueueTotals, root, {});
  page.family("rabbitmq_build_info", "RabbitMQ & Erlang/OTP version info", kUnknown)
      .put({{"erlang_version", text(root, "erlang_version")}, {"rabbitmq_version", text(root, "rabbitmq_version")}}, 1);
  const std::string_view node = text(root, "node");
  page.family("rabbitmq_identity_info", "RabbitMQ node & cluster identity info", kUnknown)
      .put({{"rabbitmq_cluster", text(root, "cluster_name")}, {"rabbitmq_node", node}}, 1);
  return std::string(node);
}

void put_node(expo::Page& page, const value& root, std::string_view node) {
  const boost::json::array* nodes = root.if_array();
  if (nodes == nullptr) return;
  for (const value& candidate : *nodes) {
    if (text(candidate, "name") == node) put(page, kNode, candidate, {});
  }
}

void put_queues(expo::Page& page, const value& root) {
  const boost::json::array* queues = root.if_array();
  if (queues == nullptr) return;
  for (const value& queue : *queues) {
    const model::LabelView labels[] = {{"queue", text(queue, "name")}, {"vhost", text(queue, "vhost")}};
    put(page, kQueue, queue, labels);
  }
}

}  // namespace tocsin::exporters::rabbitmq
