// Sessions, transactions, locks: what the server is doing now.

#include "exporters/postgres/builtin.hpp"

namespace tocsin::exporters::postgres {

namespace {

Query activity(Style style, int version) {
  Query query{.collector = "stat_activity", .counted = style == Style::k011};
  query.mapping = {.prefix = "pg_stat_activity",
                   .columns = {label("datname"), label("state")},
                   .server_label = style == Style::k011};
  std::string more, more_of_group, where;
  if (style == Style::k020) {
    for (const char* name : {"usename", "application_name", "backend_type", "wait_event_type", "wait_event"}) {
      // Older servers know less of a session; its label is empty then.
      const bool known = std::string_view(name) == "backend_type"     ? version >= 100000
                         : std::string_view(name).starts_with("wait") ? version >= 90600
                                                                      : true;
      query.mapping.columns.push_back(label(name));
      more += fmt::format(", {}", known ? fmt::format("a.{}", name) : fmt::format("NULL::text AS {}", name));
      if (known) more_of_group += fmt::format(", {}", name);
    }
    where = "WHERE pid <> pg_backend_pid() ";
  }
  query.mapping.columns.push_back(gauge("count", "number of connections in this state"));
  query.mapping.columns.push_back(
      gauge("max_tx_duration", "max duration in seconds any active transaction has been running"));
  query.sql = fmt::format(
      "SELECT d.datname, s.state{0}, COALESCE(a.count, 0) AS count, COALESCE(a.longest, 0) AS max_tx_duration "
      "FROM (VALUES ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'), "
      "('fastpath function call'), ('disabled')) AS s(state) CROSS JOIN pg_database d LEFT JOIN "
      "(SELECT datname, state{1}, count(*) AS count, max(EXTRACT(EPOCH FROM now() - xact_start))::float AS longest "
      "FROM pg_stat_activity {2}GROUP BY datname, state{1}) AS a ON a.state = s.state AND a.datname = d.datname",
      more, more_of_group, where);
  return query;
}

Query locks(Style style) {
  return {.collector = "locks",
          .sql =
              "SELECT d.datname, m.mode, COALESCE(l.count, 0) AS count FROM (VALUES ('accesssharelock'), "
              "('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'), ('sharelock'), "
              "('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'), ('sireadlock')) AS m(mode) "
              "CROSS JOIN pg_database d LEFT JOIN (SELECT database, lower(mode) AS mode, count(*) AS count "
              "FROM pg_locks WHERE database IS NOT NULL GROUP BY 1, 2) AS l ON l.mode = m.mode AND "
              "l.database = d.oid",
          .mapping = {.prefix = "pg_locks",
                      .columns = {label("datname"), label("mode"), gauge("count", "Number of locks")},
                      .null = NullValue::kZero,
                      .rows_need_labels = true,
                      .server_label = style == Style::k011},
          .counted = style == Style::k011};
}

Query process_idle() {
  Column seconds{.name = "seconds", .usage = Usage::kHistogram, .help = "Idle time of server processes"};
  return {.collector = "process_idle",
          .sql =
              "SELECT state, application_name, array_agg(le ORDER BY le) AS seconds, "
              "array_agg(bucket ORDER BY le) AS seconds_bucket, max(sum) AS seconds_sum, max(count) AS seconds_count "
              "FROM (SELECT state, application_name, le, count(*) AS count, sum(CASE WHEN idle <= le THEN 1 ELSE 0 "
              "END) AS bucket, sum(floor(idle)) AS sum FROM (SELECT state, application_name, "
              "EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - state_change))::float AS idle FROM pg_stat_activity WHERE "
              "state ~ '^idle' AND pid <> pg_backend_pid()) AS p CROSS JOIN "
              "unnest(ARRAY[1, 2, 5, 15, 30, 60, 90, 120, 300]) AS le GROUP BY 1, 2, 3) AS b GROUP BY 1, 2",
          .mapping = {.prefix = "pg_process_idle",
                      .columns = {label("state"), label("application_name"), std::move(seconds)},
                      .null_label = "unknown",
                      .server_label = false}};
}

Query long_running_transactions() {
  Column count = gauge("transactions", "Current number of long running transactions");
  count.family = "pg_long_running_transactions";
  return {.collector = "long_running_transactions",
          .sql =
              "SELECT count(*) AS transactions, max(EXTRACT(EPOCH FROM clock_timestamp() - xact_start)) AS "
              "oldest_timestamp_seconds FROM pg_stat_activity WHERE state IS DISTINCT FROM 'idle' AND "
              "query NOT LIKE 'autovacuum:%' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()",
          .mapping = {.prefix = "pg_long_running_transactions",
                      .columns = {std::move(count),
                                  gauge("oldest_timestamp_seconds", "The current maximum transaction age in seconds")},
                      .null = NullValue::kZero,
                      .server_label = false}};
}

Query autovacuum() {
  return {.collector = "stat_activity_autovacuum",
          .sql =
              "SELECT split_part(query, '.', 2) AS relname, EXTRACT(EPOCH FROM xact_start) AS timestamp_seconds "
              "FROM pg_stat_activity WHERE query LIKE 'autovacuum:%'",
          .mapping = {.prefix = "pg_stat_activity_autovacuum",
                      .columns = {label("relname"),
                                  gauge("timestamp_seconds", "Start timestamp of the vacuum process in seconds")},
                      .null = NullValue::kNothing,
                      .server_label = false}};
}

/// Ours: what the alerts on slow queries need, whatever extensions there are.
Query slow_queries(const Options& options) {
  return {.collector = "slow_queries",
          .sql = fmt::format(
              "SELECT s.state, count(a.age) FILTER (WHERE a.age >= {0}) AS count, COALESCE(max(a.age), 0) AS "
              "max_duration_seconds FROM (VALUES ('active'), ('idle in transaction'), "
              "('idle in transaction (aborted)'), ('fastpath function call')) AS s(state) LEFT JOIN (SELECT state, "
              "GREATEST(0, EXTRACT(EPOCH FROM now() - CASE WHEN state LIKE 'idle%' THEN state_change ELSE query_start "
              "END))::float AS age FROM pg_stat_activity WHERE pid <> pg_backend_pid()) AS a ON a.state = s.state "
              "GROUP BY 1",
              to_seconds(options.slow_query_threshold)),
          .mapping = {.prefix = "pg_slow_queries",
                      .columns = {label("state"),
                                  gauge("count",
                                        "Sessions that have been in this state, with one query or transaction, "
                                        "for longer than slow_query_threshold"),
                                  gauge("max_duration_seconds", "Longest time that a session has been in this state")},
                      .null = NullValue::kZero,
                      .server_label = false}};
}

/// Ours: who waits for whom.
Query lock_waits() {
  return {.collector = "lock_waits",
          .sql =
              "SELECT d.datname, count(w.pid) AS count, COALESCE(max(w.age), 0) AS max_duration_seconds FROM "
              "pg_database d LEFT JOIN (SELECT DISTINCT a.pid, a.datname, GREATEST(0, EXTRACT(EPOCH FROM now() - "
              "a.query_start))::float AS age FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT "
              "l.granted) AS w ON w.datname = d.datname WHERE d.datallowconn GROUP BY 1",
          .mapping = {.prefix = "pg_lock_waits",
                      .columns = {label("datname"), gauge("count", "Sessions that wait for a lock"),
                                  gauge("max_duration_seconds",
                                        "Longest time since the query of a session that waits for a lock began")},
                      .null = NullValue::kZero,
                      .server_label = false}};
}

}  // namespace

void add_activity_queries(std::vector<Query>& out, const Options& options, int version) {
  out.push_back(activity(options.style, version));
  out.push_back(locks(options.style));
  out.push_back(process_idle());
  out.push_back(long_running_transactions());
  out.push_back(autovacuum());
  out.push_back(slow_queries(options));
  out.push_back(lock_waits());
}

}  // namespace tocsin::exporters::postgres
