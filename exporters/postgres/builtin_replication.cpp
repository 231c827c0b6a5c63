// Write-ahead log, replicas and slots. Names of functions changed with version 10.

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

struct WalNames {
  std::string_view current, received, replayed, diff;
};
WalNames wal_names(int version) {
  if (version >= 100000) {
    return {"pg_current_wal_lsn()", "pg_last_wal_receive_lsn()", "pg_last_wal_replay_lsn()", "pg_wal_lsn_diff"};
  }
  return {"pg_current_xlog_location()", "pg_last_xlog_receive_location()", "pg_last_xlog_replay_location()",
          "pg_xlog_location_diff"};
}

Query replication(int version) {
  const WalNames wal = wal_names(version);
  return {.collector = "replication",
          .sql = fmt::format(
              "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 WHEN {} = {} THEN 0 ELSE GREATEST(0, EXTRACT(EPOCH FROM "
              "(now() - pg_last_xact_replay_timestamp()))) END AS lag_seconds, pg_is_in_recovery()::int AS is_replica, "
              "GREATEST(0, EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))) AS last_replay_seconds",
              wal.received, wal.replayed),
          .mapping = {.prefix = "pg_replication",
                      .columns = {gauge("lag_seconds", "Replication lag behind master in seconds"),
                                  gauge("is_replica", "Indicates if the server is a replica"),
                                  gauge("last_replay_seconds", "Age of last replay in seconds")},
                      .null = NullValue::kNothing,
                      .server_label = false}};
}

Query stat_replication(Style style, int version) {
  const WalNames wal = wal_names(version);
  const bool ten = version >= 100000, old = style == Style::k011;
  const std::string here = fmt::format("CASE WHEN pg_is_in_recovery() THEN {} ELSE {} END", wal.received, wal.current);
  Query query{.collector = "stat_replication", .counted = old};
  query.mapping = {.prefix = "pg_stat_replication",
                   .columns = {label("application_name"), label("client_addr"), label("state"), label("slot_name")},
                   .null = NullValue::kNothing,
                   .server_label = old};
  // 0.11.1 shows what it does not know of the view: the time of a replica's last message.
  query.mapping.unknown_columns = old;
  query.mapping.columns.push_back(old ? Column{.name = "pid"} : label("pid"));
  query.mapping.columns.push_back(gauge("pg_current_wal_lsn_bytes", "WAL position in bytes"));
  query.mapping.columns.push_back(gauge("pg_wal_lsn_diff", "Lag in bytes between master and slave"));
  query.mapping.columns.push_back(gauge("pg_xlog_location_diff", "Lag in bytes between master and slave"));
  query.sql = fmt::format(
      "SELECT r.application_name, r.client_addr{} AS client_addr, r.state, {} AS slot_name, r.pid, {}{} "
      "{}({}, r.{})::float AS {} FROM pg_stat_replication r{}",
      old ? "" : "::text",  // 0.20 shows the address with its netmask
      version >= 90500 ? "s.slot_name" : "NULL::text", old && version >= 120000 ? "r.reply_time, " : "",
      ten ? fmt::format("{}({}, '0/0')::float AS pg_current_wal_lsn_bytes,", wal.diff, here) : "", wal.diff, here,
      ten ? "replay_lsn" : "replay_location", wal.diff,
      version >= 90500 ? " LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid" : "");
  return query;
}

/// What 0.11.1 knows of slots, and 0.20 too.
Query slots(Style style, int version) {
  const WalNames wal = wal_names(version);
  Column old_diff{
      .name = "pg_xlog_location_diff", .usage = Usage::kGauge, .help = "Unknown metric from pg_replication_slots"};
  return {.collector = "replication_slots",
          .sql = fmt::format("SELECT slot_name, database, active, {0}(CASE WHEN pg_is_in_recovery() THEN {1} ELSE {2} "
                             "END, restart_lsn) AS {0} FROM pg_replication_slots",
                             wal.diff, wal.received, wal.current),
          .mapping = {.prefix = "pg_replication_slots",
                      .columns = {label("slot_name"), label("database"),
                                  gauge("active", "Flag indicating if the slot is active"),
                                  gauge("pg_wal_lsn_diff", "Replication lag in bytes"), std::move(old_diff)},
                      .null = style == Style::k011 ? NullValue::kNaN : NullValue::kNothing,
                      .server_label = style == Style::k011},
          .counted = style == Style::k011};
}

void add_slot_positions(std::vector<Query>& out, int version) {
  const std::string here =
      "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END - '0/0')";
  const Mapping mapping{
      .prefix = "pg_replication_slots",
      .columns = {label("slot_name"), label("slot_type"), gauge("slot_current_wal_lsn", "current wal lsn value"),
                  gauge("slot_confirmed_flush_lsn", "last lsn confirmed flushed to the replication slot"),
                  gauge("slot_is_active", "whether the replication slot is active or not"),
                  gauge("safe_wal_size_bytes",
                        "number of bytes that can be written to WAL such that this slot is not in "
                        "danger of getting in state lost")},
      .null = NullValue::kNothing,
      .null_label = "unknown",
      .server_label = false};
  out.push_back({.collector = "replication_slots",
                 .sql = fmt::format("SELECT slot_name, slot_type, {} AS slot_current_wal_lsn, CASE WHEN active THEN "
                                    "COALESCE(confirmed_flush_lsn, '0/0') - '0/0' END AS slot_confirmed_flush_lsn, "
                                    "active AS slot_is_active{} FROM pg_replication_slots",
                                    here, version >= 130000 ? ", safe_wal_size AS safe_wal_size_bytes" : ""),
                 .mapping = mapping});
  if (version < 130000) return;
  Column status = gauge("one", "availability of WAL files claimed by this slot");
  status.family = "pg_replication_slots_wal_status";
  out.push_back(
      {.collector = "replication_slots",
       .sql = "SELECT slot_name, slot_type, wal_status, 1 AS one FROM pg_replication_slots WHERE wal_status "
              "IS NOT NULL",
       .mapping = {.prefix = "pg_replication_slots",
                   .columns = {label("slot_name"), label("slot_type"), label("wal_status"), std::move(status)},
                   .null_label = "unknown",
                   .server_label = false}});
}

Query wal_receiver(int version) {
  const auto position = [](std::string_view name) {
    return fmt::format("({0} - '0/0') % (2^52)::bigint AS {0}", name);
  };
  const auto time = [](std::string_view name) { return fmt::format("EXTRACT(EPOCH FROM {0}) AS {0}", name); };
  return {
      .collector = "stat_wal_receiver",
      .sql = fmt::format(
          "SELECT * FROM (SELECT trim(both '''' from substring(conninfo from 'host=([^ ]*)')) AS upstream_host, "
          "slot_name, status, {}, {}receive_start_tli, received_tli, {}, {}, {}, {}, substring(slot_name from "
          "'repmgr_slot_([0-9]*)') AS upstream_node FROM pg_stat_wal_receiver) AS r WHERE latest_end_time IS NOT "
          "NULL AND last_msg_send_time IS NOT NULL AND received_tli IS NOT NULL",
          position("receive_start_lsn"), version >= 130000 ? position("flushed_lsn") + ", " : "",
          time("last_msg_send_time"), time("last_msg_receipt_time"), position("latest_end_lsn"),
          time("latest_end_time")),
      .mapping = {
          .prefix = "pg_stat_wal_receiver",
          .columns = {label("upstream_host"), label("slot_name"), label("status"),
                      counter("receive_start_lsn",
                              "First write-ahead log location used when WAL receiver is started "
                              "represented as a decimal"),
                      counter("flushed_lsn",
                              "Last write-ahead log location already received and flushed to disk, the "
                              "initial value of this field being the first log location used when WAL "
                              "receiver is started represented as a decimal"),
                      gauge("receive_start_tli", "First timeline number used when WAL receiver is started"),
                      gauge("received_tli",
                            "Timeline number of last write-ahead log location received and flushed to "
                            "disk"),
                      counter("last_msg_send_time", "Send time of last message received from origin WAL sender"),
                      counter("last_msg_receipt_time", "Send time of last message received from origin WAL sender"),
                      counter("latest_end_lsn",
                              "Last write-ahead log location reported to origin WAL sender as integer"),
                      counter("latest_end_time", "Time of last write-ahead log location reported to origin WAL sender"),
                      gauge("upstream_node", "Node ID of the upstream node")},
          .null = NullValue::kNothing,
          .rows_need_labels = true,
          .server_label = false}};
}

}  // namespace

void add_replication_queries(std::vector<Query>& out, const Options& options, int version) {
  out.push_back(replication(version));
  out.push_back(stat_replication(options.style, version));
  out.push_back(slots(options.style, version));
  if (version >= 100000) {
    add_slot_positions(out, version);
    out.push_back({.collector = "wal",
                   .sql = "SELECT count(*) AS segments, sum(size) AS size_bytes FROM pg_ls_waldir() WHERE name ~ "
                          "'^[0-9A-F]{24}$'",
                   .mapping = {.prefix = "pg_wal",
                               .columns = {gauge("segments", "Number of WAL segments"),
                                           gauge("size_bytes", "Total size of WAL segments")},
                               .null = NullValue::kNothing,
                               .server_label = false}});
  } else {
    out.push_back({.collector = "xlog_location",
                   .sql = "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_xlog_replay_location() ELSE "
                          "pg_current_xlog_location() END - '0/0') % (2^52)::bigint AS bytes",
                   .mapping = {.prefix = "pg_xlog_location",
                               .columns = {gauge("bytes",
                                                 "Postgres LSN (log sequence number) being generated on primary or "
                                                 "replayed on replica (truncated to low 52 bits)")},
                               .null = NullValue::kNothing,
                               .server_label = false}});
  }
  if (version >= 90600) out.push_back(wal_receiver(version));
}

}  // namespace tocsin::exporters::postgres
