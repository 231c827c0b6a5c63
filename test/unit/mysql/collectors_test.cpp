#include "exporters/mysql/collectors.hpp"

#include <catch2/catch.hpp>

#include "fake_connection.hpp"

namespace tocsin::exporters::mysql {
namespace {

using test::Answer;
using test::FakeConnection;
using test::refusal;
using Collect = Result<void> (*)(const Round&);

/// A server with its answers, and what a collector makes of them.
struct Fixture {
  std::map<std::string, Answer> answers;
  std::vector<std::string> asked;
  CollectorOptions options = default_options();
  std::string version = "10.11.6-MariaDB";
  Result<void> result;

  std::string page_of(Collect collect) {
    FakeConnection connection(answers, &asked);
    const Server server = *Server::of(version);
    expo::Page page;
    page.begin();
    result = collect(Round{connection, page, server, options, MonoTime::max()});
    page.end();
    return page.render();
  }
};

bool has(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a status is a number, a word for one, or a time", "[mysql]") {
  CHECK(status_value("12.5") == 12.5);
  CHECK(status_value("1e3") == 1000);
  CHECK(status_value("ON") == 1);
  CHECK(status_value("Yes") == 1);
  CHECK(status_value("DISABLED") == 0);
  CHECK(status_value("Connecting") == 0);
  CHECK(status_value("Primary") == 1);
  CHECK(status_value("non-Primary") == 0);
  CHECK(status_value("1970-01-02 00:00:01") == 86'401);
  CHECK(status_value("Nov 30 12:00:00 2026 GMT") == 1'796'040'000);
  CHECK(status_value("Nov  3 12:00:00 2026 GMT") == 1'793'707'200);
  for (const char* text :
       {"", "mysql-bin.000012", "10.11.6-MariaDB", "1970-13-01 00:00:00", "2026-02-30 00:00:00",
        "Nov 31 12:00:00 2026 GMT", "Nov", "Jan ", "Jan  ", "Jan 1", "1e999", "0x", "-", "1970-01-01 00:00"}) {
    INFO(text);
    CHECK_FALSE(status_value(text));
  }
}

TEST_CASE("a version tells MySQL from MariaDB and how old it is", "[mysql]") {
  const Server maria = *Server::of("10.11.6-MariaDB-0+deb12u1-log");
  CHECK((maria.mariadb && maria.at_least(10, 11, 6) && !maria.at_least(10, 11, 7) && maria.at_least(5, 6)));
  const Server mysql = *Server::of("8.0.36-28.1");
  CHECK((mysql.is_mysql(8, 0, 28) && !mysql.is_mysql(8, 4) && !maria.is_mysql(8, 0)));
  CHECK(Server::of("9.1.0")->at_least(8, 4));
  for (const char* text : {"", "8", "8.0", "8.x.1", "x8.0.1"}) CHECK_FALSE(Server::of(text));
}

TEST_CASE("global status becomes families, some of them with labels", "[mysql]") {
  Fixture f;
  f.answers["SHOW GLOBAL STATUS"].rows = {{"Aborted_clients", "3"},
                                          {"Com_select", "7"},
                                          {"Handler_read_key", "8"},
                                          {"Connection_errors_accept", "1"},
                                          {"Innodb_rows_read", "5"},
                                          {"Performance_schema_accounts_lost", "0"},
                                          {"Innodb_buffer_pool_pages_data", "11"},
                                          {"Innodb_buffer_pool_pages_dirty", "2"},
                                          {"Innodb_buffer_pool_pages_total", "99"},
                                          {"Innodb_buffer_pool_pages_flushed", "4"},
                                          {"Rpl_status", "AUTH_MASTER"},
                                          {"Ssl_server_not_after", ""},
                                          {"wsrep_local_state_uuid", "a-1"},
                                          {"wsrep_cluster_state_uuid", "b-2"},
                                          {"wsrep_provider_version", "26.4(r1)"},
                                          {"wsrep_evs_repl_latency", "0.1/0.2/0.3/0.05/9"},
                                          {"weird-Name", "1"}};
  const std::string page = f.page_of(collect_global_status);
  REQUIRE(f.result);
  CHECK(has(page, "# TYPE mysql_global_status_aborted_clients untyped\nmysql_global_status_aborted_clients 3"));
  CHECK(has(page, "# HELP mysql_global_status_aborted_clients Generic metric from SHOW GLOBAL STATUS."));
  CHECK(has(page,
            "# TYPE mysql_global_status_commands_total counter\n"
            "mysql_global_status_commands_total{command=\"select\"} 7"));
  CHECK(has(page, "mysql_global_status_handlers_total{handler=\"read_key\"} 8"));
  CHECK(has(page, "mysql_global_status_connection_errors_total{error=\"accept\"} 1"));
  CHECK(has(page, "mysql_global_status_innodb_row_ops_total{operation=\"read\"} 5"));
  CHECK(has(page, "mysql_global_status_performance_schema_lost_total{instrumentation=\"accounts_lost\"} 0"));
  CHECK(has(page, "mysql_global_status_buffer_pool_pages{state=\"data\"} 11"));
  CHECK(has(page, "mysql_global_status_buffer_pool_dirty_pages 2"));
  CHECK(has(page, "mysql_global_status_buffer_pool_page_changes_total{operation=\"flushed\"} 4"));
  CHECK(has(page,
            "mysql_galera_status_info{wsrep_cluster_state_uuid=\"b-2\",wsrep_local_state_uuid=\"a-1\","
            "wsrep_provider_version=\"26.4(r1)\"} 1"));
  CHECK(has(page, "mysql_galera_evs_repl_latency_avg_seconds 0.2"));
  CHECK(has(page, "mysql_galera_evs_repl_latency_sample_size 9"));
  CHECK(has(page, "mysql_global_status_weird_name 1"));
  CHECK(page.find("total\"") == std::string::npos);
  CHECK(page.find("rpl_status") == std::string::npos);
}

TEST_CASE("global variables become gauges, and texts labels of one", "[mysql]") {
  Fixture f;
  f.answers["SHOW GLOBAL VARIABLES"].rows = {
      {"max_connections", "151"},     {"log_bin", "OFF"},
      {"version", "10.11.6-MariaDB"}, {"version_comment", "Debian 12"},
      {"rocksdb_block_size", "4096"}, {"tx_isolation", "REPEATABLE-READ"},
      {"wsrep_cluster_name", "c1"},   {"wsrep_provider_options", "a = 1; gcache.size = 128M; b = 2;"}};
  const std::string page = f.page_of(collect_global_variables);
  REQUIRE(f.result);
  CHECK(has(page, "mysql_global_variables_max_connections 151"));
  CHECK(has(page, "mysql_global_variables_log_bin 0"));
  CHECK(has(page, "# HELP mysql_global_variables_log_bin Generic gauge metric from SHOW GLOBAL VARIABLES."));
  CHECK(has(page, "# HELP mysql_global_variables_rocksdb_block_size Size of the data block for reading sst files."));
  CHECK(
      has(page, "mysql_version_info{innodb_version=\"\",version=\"10.11.6-MariaDB\",version_comment=\"Debian 12\"} 1"));
  CHECK(has(page, "mysql_transaction_isolation{level=\"REPEATABLE-READ\"} 1"));
  CHECK(has(page, "mysql_galera_variables_info{wsrep_cluster_name=\"c1\"} 1"));
  CHECK(has(page, "mysql_galera_gcache_size_bytes 1.34217728e+08"));
}

TEST_CASE("a replica is asked in the words of its kind and age", "[mysql]") {
  const std::vector<std::string> columns = {"Connection_name",  "Master_Host", "Seconds_Behind_Master",
                                            "Slave_IO_Running", "Gtid_IO_Pos", "Last_Error"};
  Fixture f;
  f.answers["SHOW ALL SLAVES STATUS"] = {columns, {{"c", "db1", "5", "Yes", "0-1-42,1-2-7,bad", ""}}, {}, 0};
  const std::string page = f.page_of(collect_slave_status);
  REQUIRE(f.result);
  const std::string labels = "{channel_name=\"\",connection_name=\"c\",master_host=\"db1\",master_uuid=\"\"}";
  CHECK(has(page, "mysql_slave_status_seconds_behind_master" + labels + " 5"));
  CHECK(has(page, "mysql_slave_status_slave_io_running" + labels + " 1"));
  CHECK(has(page,
            "mysql_slave_status_gtid_io_pos{channel_name=\"\",connection_name=\"c\",domain_id=\"0\","
            "master_host=\"db1\",master_uuid=\"\",server_id=\"1\"} 42"));
  CHECK(page.find("last_error") == std::string::npos);

  Fixture old;
  old.version = "5.7.40";
  old.answers["SHOW SLAVE STATUS"] = {columns, {{"", "db2", std::nullopt, "No", "", ""}}, {}, 0};
  CHECK(old.page_of(collect_slave_status).find("seconds_behind") == std::string::npos);
  CHECK(old.asked == std::vector<std::string>{"SHOW SLAVE STATUS"});

  Fixture recent;
  recent.version = "8.4.0";
  recent.answers["SHOW REPLICA STATUS"] = {
      {"Source_Host", "Source_UUID", "Seconds_Behind_Source", "Channel_Name"}, {{"db3", "u", "0", "ch"}}, {}, 0};
  CHECK(has(recent.page_of(collect_slave_status),
            "mysql_slave_status_seconds_behind_source{channel_name=\"ch\",connection_name=\"\",master_host=\"db3\","
            "master_uuid=\"u\"} 0"));
  CHECK(recent.asked == std::vector<std::string>{"SHOW REPLICA STATUS"});

  Fixture none;
  CHECK(none.page_of(collect_slave_status).empty());
  CHECK_FALSE(none.result);

  Fixture denied;
  denied.answers["SHOW ALL SLAVES STATUS"] = refusal(1227);
  denied.page_of(collect_slave_status);
  CHECK_FALSE(denied.result);
  CHECK(denied.asked.size() == 1);  // no other words would help
}

TEST_CASE("tables of rows become series: labels, scales, columns that a server lacks", "[mysql]") {
  Fixture f;
  f.answers["SELECT page_size, buffer"] = {
      {"page_size", "buffer_pool_instance", "pages_used", "pages_free", "relocation_ops", "relocation_time"},
      {{"1024", "0", "1", "2", "3", "4"}},
      {},
      0};
  CHECK(
      has(f.page_of(collect_innodb_cmpmem),
          "mysql_info_schema_innodb_cmpmem_relocation_time_seconds_total{buffer_pool=\"0\",page_size=\"1024\"} 0.004"));

  f.answers["SELECT OBJECT_SCHEMA, OBJECT_NAME, ifnull"] = {
      {"object_schema", "OBJECT_NAME", "INDEX_NAME", "COUNT_FETCH", "COUNT_INSERT", "SUM_TIMER_FETCH"},
      {{"d", "t", "PRIMARY", "9", std::nullopt, "2500000000000"}, {"d", "t", "NONE", "1", "6", "0"}},
      {},
      0};
  const std::string waits = f.page_of(collect_index_io_waits);
  CHECK(has(waits,
            "mysql_perf_schema_index_io_waits_seconds_total{index=\"PRIMARY\",name=\"t\",operation=\"fetch\","
            "schema=\"d\"} 2.5"));
  CHECK(has(waits,
            "mysql_perf_schema_index_io_waits_total{index=\"NONE\",name=\"t\",operation=\"insert\","
            "schema=\"d\"} 6"));
  CHECK(waits.find("index=\"PRIMARY\",name=\"t\",operation=\"insert\"") == std::string::npos);
  CHECK(waits.find("operation=\"delete\"") == std::string::npos);

  f.answers["SELECT EVENT_NAME, COUNT_STAR"] = {
      {"EVENT_NAME", "COUNT_STAR", "SUM_TIMER_WAIT"}, {{"bad", "x", "1"}, {"good", "2", "1000000000000"}}, {}, 0};
  const std::string bad = f.page_of(collect_events_waits);
  REQUIRE_FALSE(f.result);
  CHECK(f.result.error().message == "column COUNT_STAR is no number: \"x\"");
  CHECK(has(bad, "mysql_perf_schema_events_waits_total{event_name=\"good\"} 2"));
}

TEST_CASE("prefixes of files and memory events are cut, filters quoted", "[mysql]") {
  Fixture f;
  f.options.file_instances_filter = "it's \\.ibd$";
  f.answers["SELECT FILE_NAME"] = {
      {"FILE_NAME", "EVENT_NAME", "COUNT_READ"}, {{"/var/lib/mysql/a.ibd", "/var/lib/mysql/", "1"}}, {}, 0};
  CHECK(has(
      f.page_of(collect_file_instances),
      "mysql_perf_schema_file_instances_total{event_name=\"/var/lib/mysql/\",file_name=\"a.ibd\",mode=\"read\"} 1"));
  CHECK(f.asked.back().ends_with("WHERE FILE_NAME REGEXP 'it''s \\\\.ibd$'"));
  CHECK(quote_name("a`b") == "`a``b`");
  CHECK(quote(std::string_view("a\0b", 3)) == "'ab'");
}

TEST_CASE("statistics of users: known columns, unknown ones, servers without", "[mysql]") {
  Fixture f;
  CHECK(f.page_of(collect_user_statistics).empty());
  f.answers["SHOW GLOBAL VARIABLES WHERE"].rows = {};
  CHECK(f.page_of(collect_user_statistics).empty());
  CHECK(f.result);
  f.answers["SHOW GLOBAL VARIABLES WHERE"].rows = {{"userstat", "OFF"}};
  CHECK(f.page_of(collect_client_statistics).empty());
  f.answers["SHOW GLOBAL VARIABLES WHERE"].rows = {{"userstat", "ON"}};
  f.answers["SELECT * FROM information_schema.user_statistics"] = {
      {"USER", "TOTAL_CONNECTIONS", "CONCURRENT_CONNECTIONS", "NEW_THING"}, {{"app", "4", "1", "7"}}, {}, 0};
  const std::string page = f.page_of(collect_user_statistics);
  CHECK(has(page,
            "# TYPE mysql_info_schema_user_statistics_total_connections counter\n"
            "mysql_info_schema_user_statistics_total_connections{user=\"app\"} 4"));
  CHECK(has(page, "# TYPE mysql_info_schema_user_statistics_concurrent_connections gauge"));
  CHECK(has(page,
            "# HELP mysql_info_schema_user_statistics_new_thing Unsupported metric from column NEW_THING\n"
            "# TYPE mysql_info_schema_user_statistics_new_thing untyped\n"
            "mysql_info_schema_user_statistics_new_thing{user=\"app\"} 7"));
}

TEST_CASE("threads are summed by state, host and user", "[mysql]") {
  Fixture f;
  f.options.processlist_min_time = 5;
  f.answers["SELECT user, SUBSTRING_INDEX"].rows = {{"app", "h1", "Query", "Sending data", "2", "30"},
                                                    {"app", "", "Query", "Sending data", "1", "10"},
                                                    {"root", "h1", "Sleep", "", "1", "100"}};
  const std::string page = f.page_of(collect_processlist);
  CHECK(has(page, "mysql_info_schema_processlist_threads{command=\"query\",state=\"sending_data\"} 3"));
  CHECK(has(page, "mysql_info_schema_processlist_seconds{command=\"query\",state=\"sending_data\"} 40"));
  CHECK(has(page, "mysql_info_schema_processlist_threads{command=\"sleep\",state=\"unknown\"} 1"));
  CHECK(has(page, "mysql_info_schema_processlist_processes_by_host{client_host=\"unknown\"} 1"));
  CHECK(has(page, "mysql_info_schema_processlist_processes_by_user{mysql_user=\"app\"} 3"));
  CHECK(f.asked.back().find("TIME >= 5 ") != std::string::npos);
  f.options.processes_by_host = false;
  CHECK(f.page_of(collect_processlist).find("by_host") == std::string::npos);
}

TEST_CASE("tables are asked for database by database", "[mysql]") {
  Fixture f;
  f.answers["SELECT SCHEMA_NAME"].rows = {{"shop"}, {"o'brien"}};
  f.answers["SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE"].rows = {
      {"shop", "orders", "BASE TABLE", "InnoDB", "10", "Dynamic", "5", "16384", "0", "7", ""}};
  const std::string page = f.page_of(collect_tables);
  CHECK(has(page, "mysql_info_schema_table_size{component=\"data_free\",schema=\"shop\",table=\"orders\"} 7"));
  CHECK(has(page,
            "mysql_info_schema_table_version{create_options=\"\",engine=\"InnoDB\",row_format=\"Dynamic\","
            "schema=\"shop\",table=\"orders\",type=\"BASE TABLE\"} 10"));
  CHECK(f.asked.size() == 3);
  CHECK(f.asked.back().ends_with("TABLE_SCHEMA = 'o''brien'"));
  f.options.tables_databases = "a,b";
  f.asked.clear();
  f.page_of(collect_tables);
  CHECK(f.asked.size() == 2);
}

TEST_CASE("InnoDB's own metrics have two forms of being on", "[mysql]") {
  Fixture f;
  f.answers["SELECT * FROM information_schema.innodb_metrics"] = {
      {"NAME", "SUBSYSTEM", "COUNT", "TYPE", "COMMENT", "STATUS"},
      {{"lock_deadlocks", "lock", "2", "counter", "Number of deadlocks", "enabled"},
       {"lock_timeouts", "lock", "2", "counter", "Number of timeouts", "disabled"},
       {"os_pending", "os", "-1", "counter", "Below zero", "enabled"},
       {"buffer_pool_pages_dirty", "buffer", "3", "value", "", "enabled"},
       {"buffer_pool_pages_total", "buffer", "9", "value", "", "enabled"},
       {"buffer_page_read_blob", "buffer_page_io", "4", "counter", "", "enabled"}},
      {},
      0};
  const std::string page = f.page_of(collect_innodb_metrics);
  CHECK(has(page,
            "# HELP mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total Number of deadlocks\n"
            "# TYPE mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total counter\n"
            "mysql_info_schema_innodb_metrics_lock_lock_deadlocks_total 2"));
  CHECK(has(page,
            "# TYPE mysql_info_schema_innodb_metrics_os_os_pending gauge\n"
            "mysql_info_schema_innodb_metrics_os_os_pending -1"));
  CHECK(has(page, "mysql_info_schema_innodb_metrics_buffer_pool_dirty_pages 3"));
  CHECK(has(page, "mysql_info_schema_innodb_metrics_buffer_page_read_total{type=\"blob\"} 4"));
  CHECK(page.find("timeouts") == std::string::npos);
  f.answers["SELECT * FROM information_schema.innodb_metrics"].columns.back() = "ENABLED";
  CHECK(f.page_of(collect_innodb_metrics).empty());
  f.answers["SELECT * FROM information_schema.innodb_metrics"].rows[1].back() = "1";
  CHECK(f.page_of(collect_innodb_metrics).find("lock_timeouts_total 2") != std::string::npos);
}

TEST_CASE("response times are a histogram where the server has them", "[mysql]") {
  Fixture f;
  f.answers["SELECT @@query_response_time_stats"] = refusal(1193);
  CHECK(f.page_of(collect_query_response_time).empty());
  CHECK(f.result);
  f.answers["SELECT @@query_response_time_stats"] = {{"x"}, {{"1"}}, {}, 0};
  f.answers["SELECT TIME, COUNT, TOTAL FROM INFORMATION_SCHEMA.QUERY_RESPONSE_TIME"].rows = {
      {"      0.000001", "1", "      0.000000"},
      {"      0.000010", "2", "      0.000015"},
      {"TOO LONG", "1", "TOO LONG"}};
  f.answers["SELECT TIME, COUNT, TOTAL FROM INFORMATION_SCHEMA.QUERY_RESPONSE_TIME_READ"] = refusal(1109);
  f.answers["SELECT TIME, COUNT, TOTAL FROM INFORMATION_SCHEMA.QUERY_RESPONSE_TIME_WRITE"] = refusal(1109);
  const std::string page = f.page_of(collect_query_response_time);
  CHECK(f.result);
  CHECK(has(page,
            "mysql_info_schema_query_response_time_seconds_bucket{le=\"1e-05\"} 3\n"
            "mysql_info_schema_query_response_time_seconds_bucket{le=\"+Inf\"} 4\n"
            "mysql_info_schema_query_response_time_seconds_sum 1.5e-05\n"
            "mysql_info_schema_query_response_time_seconds_count 4"));
}

TEST_CASE("statements by digest: limits, what only MySQL 8 measures", "[mysql]") {
  Fixture f;
  f.options.statements_limit = 3;
  f.options.statements_exclude_schemas = {"te'st"};
  f.answers["SELECT ifnull(SCHEMA_NAME"] = {{"SCHEMA_NAME", "DIGEST", "DIGEST_TEXT", "COUNT_STAR", "SUM_TIMER_WAIT"},
                                            {{"d", "abc", "SELECT ?", "2", "3000000000000"}},
                                            {},
                                            0};
  const std::string page = f.page_of(collect_statements);
  const std::string labels = "{digest=\"abc\",digest_text=\"SELECT ?\",schema=\"d\"} ";
  CHECK(has(page, "mysql_perf_schema_events_statements_seconds_total" + labels + "3"));
  CHECK(has(page, "mysql_perf_schema_events_statements_latency_count" + labels + "2"));
  CHECK(f.asked.back().find("'te''st'") != std::string::npos);
  CHECK(f.asked.back().ends_with("ORDER BY SUM_TIMER_WAIT DESC LIMIT 3"));
  CHECK(f.asked.back().find("SUM_CPU_TIME") == std::string::npos);
  f.version = "8.0.36";
  f.page_of(collect_statements);
  CHECK(f.asked.back().find("SUM_CPU_TIME") != std::string::npos);
  CHECK(f.asked.back().find("QUANTILE_999") != std::string::npos);
}

TEST_CASE("logs, engines, hosts, heartbeat, users, locks", "[mysql]") {
  Fixture f;
  f.answers["SELECT @@log_bin"] = {{"x"}, {{"0"}}, {}, 0};
  CHECK(f.page_of(collect_binlog_size).empty());
  f.answers["SELECT @@log_bin"].rows = {{"1"}};
  f.answers["SHOW BINARY LOGS"].rows = {{"b.000001", "100", "No"}, {"b.000002", "50", "No"}};
  const std::string logs = f.page_of(collect_binlog_size);
  CHECK((has(logs, "mysql_binlog_size_bytes 150") && has(logs, "mysql_binlog_files 2") &&
         has(logs, "mysql_binlog_file_number 2")));

  f.answers["SHOW ENGINE INNODB STATUS"].rows = {
      {"InnoDB", "",
       "----\n12 queries inside InnoDB, 3 queries in queue\n5 read views open inside InnoDB\nqueries in queue"}};
  const std::string innodb = f.page_of(collect_engine_innodb_status);
  CHECK((has(innodb, "mysql_engine_innodb_queries_inside_innodb 12") &&
         has(innodb, "mysql_engine_innodb_queries_in_queue 3") &&
         has(innodb, "mysql_engine_innodb_read_views_open_inside_innodb 5")));
  f.answers["SHOW ENGINE TOKUDB STATUS"].rows = {{"TokuDB", "indexer: number of calls (a+b)", "5"}};
  CHECK(has(f.page_of(collect_engine_tokudb_status), "mysql_engine_tokudb_indexer_number_of_calls_aandb 5"));

  f.answers["SHOW SLAVE HOSTS"].rows = {{"2", "h", "3306", "1"}};
  CHECK(has(f.page_of(collect_slave_hosts),
            "mysql_heartbeat_mysql_slave_hosts_info{master_id=\"1\",port=\"3306\","
            "server_id=\"2\",slave_host=\"h\",slave_uuid=\"\"} 1"));
  f.answers.erase("SHOW SLAVE HOSTS");
  f.answers["SHOW REPLICAS"].rows = {{"2", "h", "3306", "1", "11111111-2222-3333-4444-555555555555"}};
  CHECK(f.page_of(collect_slave_hosts).find("slave_uuid=\"11111111-") != std::string::npos);

  f.options.heartbeat_table = "t`x";
  f.answers["SELECT UNIX_TIMESTAMP(ts), UNIX_TIMESTAMP(NOW(6)), server_id FROM `heartbeat`.`t``x`"].rows = {
      {"100.5", "101", "7"}};
  CHECK(has(f.page_of(collect_heartbeat), "mysql_heartbeat_stored_timestamp_seconds{server_id=\"7\"} 100.5"));

  f.answers["SELECT user, host, Select_priv"] = {
      {"user", "host", "Select_priv", "max_questions"}, {{"app", "%", "Y", "10"}}, {}, 0};
  CHECK(f.page_of(collect_user).find("select_priv") == std::string::npos);
  f.options.user_privileges = true;
  const std::string users = f.page_of(collect_user);
  CHECK(has(users, "# HELP mysql_mysql_select_priv Select_priv by user."));
  CHECK(has(users, "mysql_mysql_max_questions{hostmask=\"%\",mysql_user=\"app\"} 10"));

  f.answers["SELECT trx_state"].rows = {{"RUNNING", "2", "40", std::nullopt}, {"LOCK WAIT", "1", "12", "11"}};
  const std::string locks = f.page_of(collect_locks);
  CHECK(
      (has(locks, "mysql_innodb_transactions{state=\"lock_wait\"} 1\nmysql_innodb_transactions{state=\"running\"} 2") &&
       has(locks, "mysql_innodb_transaction_oldest_seconds 40") &&
       has(locks, "mysql_innodb_lock_wait_longest_seconds 11")));
}

TEST_CASE("group replication's members and workers", "[mysql]") {
  Fixture f;
  f.answers["SELECT * FROM performance_schema.replication_group_members"] = {
      {"CHANNEL_NAME", "MEMBER_STATE"}, {{"g", "ONLINE"}}, {}, 0};
  CHECK(has(f.page_of(collect_group_members),
            "mysql_perf_schema_replication_group_member_info{channel_name=\"g\",member_state=\"ONLINE\"} 1"));
  f.answers["SELECT CHANNEL_NAME, WORKER_ID"].rows = {
      {"g", "3", "1970-01-01 00:01:00.500000", "0000-00-00 00:00:00.000000", "", "", "", "", ""}};
  const std::string page = f.page_of(collect_applier_status);
  CHECK(has(page,
            "mysql_perf_schema_last_applied_transaction_original_commit_timestamp_seconds{channel_name=\"g\","
            "member_id=\"3\"} 60.5"));
  CHECK(has(page,
            "mysql_perf_schema_applying_transaction_start_apply_timestamp_seconds{channel_name=\"g\","
            "member_id=\"3\"} 0"));
}

TEST_CASE("no collector that a server refuses does more than fail", "[mysql]") {
  Fixture f;
  for (const CollectorInfo& collector : collectors()) {
    INFO(collector.name);
    f.page_of(collector.collect);
    CHECK((f.result || f.result.error().code == Errc::kInvalid));
  }
}

TEST_CASE("rows of the wrong shape are no danger to any collector", "[mysql]") {
  for (const CollectorInfo& collector : collectors()) {
    for (const std::size_t width : {0U, 1U, 3U}) {
      INFO(collector.name << " " << width);
      Fixture f;
      f.answers[""] = {std::vector<std::string>(width, "x"),
                       {std::vector<std::optional<std::string>>(width, "1"),
                        std::vector<std::optional<std::string>>(width, std::nullopt)},
                       {},
                       0};
      f.page_of(collector.collect);
      CHECK((f.result || !f.result.error().message.empty()));
    }
  }
}

}  // namespace tocsin::exporters::mysql
