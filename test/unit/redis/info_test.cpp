#include "exporters/redis/info.hpp"

#include <catch2/catch.hpp>

#include "fake_redis.hpp"

namespace tocsin::exporters::redis {
namespace {

std::string page_of(std::string_view info, InfoOptions options = {.now_seconds = 1000}) {
  expo::Page page;
  page.begin();
  Metrics metrics(page);
  put_info(metrics, info, options);
  page.end();
  return page.render();
}

}  // namespace

TEST_CASE("fields of INFO become gauges and counters with the names of redis_exporter", "[redis]") {
  const std::string page = page_of(
      "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:100\r\nhz:10\r\n\r\n# Memory\r\nused_memory:1024\r\n"
      "mem_fragmentation_ratio:1.5\r\ntotal_system_memory:9\r\n# Persistence\r\nrdb_last_bgsave_status:ok\r\n"
      "aof_last_write_status:err\r\n# Stats\r\nexpired_keys:7\r\nlatest_fork_usec:407\r\nunknown_field:1\r\n"
      "used_active_time_io_thread_2:0.5\r\n# Cluster\r\ncluster_enabled:1\r\n");
  CHECK(has_line(page, "redis_uptime_in_seconds 100"));
  CHECK(has_line(page, "redis_start_time_seconds 900"));
  CHECK(has_line(page, "redis_hz 10"));
  CHECK(has_line(page, "# HELP redis_memory_used_bytes memory_used_bytes metric"));
  CHECK(has_line(page, "redis_mem_fragmentation_ratio 1.5"));
  CHECK(has_line(page, "redis_memory_fragmentation_ratio 1.5"));
  CHECK(has_line(page, "redis_rdb_last_bgsave_status 1"));
  CHECK(has_line(page, "redis_aof_last_write_status 0"));
  CHECK(has_line(page, "# TYPE redis_expired_keys_total counter"));
  CHECK(has_line(page, "redis_latest_fork_seconds 0.000407"));
  CHECK(has_line(page, "redis_active_time_io_thread_seconds_total{thread=\"2\"} 0.5"));
  CHECK(has_line(page, "redis_cluster_enabled 1"));
  CHECK_FALSE(page.contains("unknown_field"));
  CHECK_FALSE(page.contains("total_system_memory"));
  CHECK(has_line(page_of("total_system_memory:9\r\n", {.include_system_metrics = true}),
                 "redis_total_system_memory_bytes 9"));
}

TEST_CASE("command, error and latency statistics of all versions are read", "[redis]") {
  const std::string page = page_of(
      "# Commandstats\r\ncmdstat_get:calls=21,usec=175,usec_per_call=8.33\r\n"
      "cmdstat_config|get:calls=2,usec=40,usec_per_call=20.00,rejected_calls=1,failed_calls=3\r\n"
      "cmdstat_bad:calls=x,usec=1\r\n# Errorstats\r\nerrorstat_NOAUTH:count=3\r\nerrorstat_BAD:3\r\n"
      "# Latencystats\r\nlatency_percentiles_usec_get:p50=0.001,p99=1.003,p99.9=4.015\r\n"
      "latency_percentiles_usec_none:p50=1\r\nlatency_percentiles_usec_config|get:p50=1,x99=2\r\n");
  CHECK(has_line(page, "redis_commands_total{cmd=\"get\"} 21"));
  CHECK(has_line(page, "redis_commands_duration_seconds_total{cmd=\"get\"} 0.000175"));
  CHECK(has_line(page, "redis_commands_rejected_calls_total{cmd=\"config|get\"} 1"));
  CHECK(has_line(page, "redis_commands_failed_calls_total{cmd=\"config|get\"} 3"));
  CHECK_FALSE(page.contains("failed_calls_total{cmd=\"get\"}"));
  CHECK_FALSE(page.contains("bad"));
  CHECK(has_line(page, "redis_errors_total{err=\"NOAUTH\"} 3"));
  CHECK_FALSE(page.contains("BAD"));
  CHECK(has_line(page, "redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 4.015"));
  CHECK(has_line(page, "redis_latency_percentiles_usec_sum{cmd=\"get\"} 175"));
  CHECK(has_line(page, "redis_latency_percentiles_usec_count{cmd=\"get\"} 21"));
  CHECK_FALSE(page.contains("percentiles_usec{cmd=\"none\""));
  CHECK_FALSE(page.contains("percentiles_usec{cmd=\"config"));
}

TEST_CASE("a master shows its replicas, a replica its master", "[redis]") {
  const std::string master = page_of(
      "# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
      "slave0:ip=10.0.0.2,port=6379,state=online,offset=2800,lag=1\r\nslave1:ip=10.0.0.3,port=6379,state=online,"
      "offset=2700\r\nslave2:ip=10.0.0.4,offset=x,lag=0\r\n");
  const std::string labels = "{slave_ip=\"10.0.0.2\",slave_port=\"6379\",slave_state=\"online\"}";
  CHECK(has_line(master, "redis_connected_slave_offset_bytes" + labels + " 2800"));
  CHECK(has_line(master, "redis_connected_slave_lag_seconds" + labels + " 1"));
  CHECK(master.contains("offset_bytes{slave_ip=\"10.0.0.3\""));
  CHECK_FALSE(master.contains("lag_seconds{slave_ip=\"10.0.0.3\""));
  CHECK_FALSE(master.contains("10.0.0.4"));
  CHECK(has_line(master, "redis_connected_slaves 2"));

  const std::string replica = page_of(
      "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"
      "master_last_io_seconds_ago:3\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:99\r\n"
      "slave_repl_offset:98\r\nslave_priority:100\r\nslave_read_only:1\r\n");
  const std::string of_master = "{master_host=\"10.0.0.1\",master_port=\"6379\"}";
  CHECK(has_line(replica, "redis_master_link_up" + of_master + " 1"));
  CHECK(has_line(replica, "redis_master_last_io_seconds_ago" + of_master + " 3"));
  CHECK(has_line(replica, "redis_master_sync_in_progress" + of_master + " 0"));
  CHECK(has_line(replica, "redis_slave_repl_offset" + of_master + " 98"));
  CHECK(has_line(replica, "redis_slave_info{master_host=\"10.0.0.1\",master_port=\"6379\",read_only=\"1\"} 1"));
  CHECK(has_line(replica, "redis_slave_priority 100"));
}

TEST_CASE("KeyDB's several masters and its cached keys, and Valkey's version, are shown", "[redis]") {
  const std::string keydb = page_of(
      "# Replication\r\nmaster_host:a\r\nmaster_port:1\r\nmaster_link_status:up\r\nmaster_1_host:b\r\n"
      "master_1_port:2\r\nmaster_1_link_status:down\r\n# Keyspace\r\n"
      "db0:keys=5,expires=2,avg_ttl=1500,cached_keys=4\r\ndb1:keys=1\r\n# KeyDB\r\nserver_threads:4\r\n");
  CHECK(has_line(keydb, "redis_master_link_up{master_host=\"a\",master_port=\"1\"} 1"));
  CHECK(has_line(keydb, "redis_master_link_up{master_host=\"b\",master_port=\"2\"} 0"));
  CHECK(has_line(keydb, "redis_db_keys_cached{db=\"db0\"} 4"));
  CHECK(has_line(keydb, "redis_db_avg_ttl_seconds{db=\"db0\"} 1.5"));
  CHECK_FALSE(keydb.contains("db1"));
  CHECK(has_line(keydb, "redis_server_threads_total 4"));
  const std::string valkey = page_of("# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n");
  CHECK(valkey.contains("redis_version=\"7.2.4\""));
  CHECK(valkey.contains("valkey_version=\"8.0.1\""));
  CHECK_FALSE(valkey.contains("valkey_release_stage"));
}

TEST_CASE("databases without keys are shown up to their number", "[redis]") {
  const std::string page = page_of("# Keyspace\r\ndb1:keys=5,expires=2\r\n", {.databases = 3});
  CHECK(has_line(page, "redis_db_keys{db=\"db0\"} 0"));
  CHECK(has_line(page, "redis_db_keys{db=\"db1\"} 5"));
  CHECK(has_line(page, "redis_db_keys_expiring{db=\"db2\"} 0"));
  CHECK_FALSE(page.contains("db3"));
}

TEST_CASE("a Sentinel's masters are shown", "[redis]") {
  const std::string page = page_of(
      "# Sentinel\r\nsentinel_masters:2\r\nsentinel_tilt:0\r\n"
      "master0:name=orders,status=ok,address=10.0.0.1:6379,slaves=2,sentinels=3\r\n"
      "master1:name=users,status=sdown,address=10.0.0.9:6379,slaves=1,sentinels=3\r\nmaster2:name=x,slaves=y\r\n");
  CHECK(has_line(page, "redis_sentinel_masters 2"));
  CHECK(has_line(page,
                 "redis_sentinel_master_status{master_address=\"10.0.0.1:6379\",master_name=\"orders\","
                 "master_status=\"ok\"} 1"));
  CHECK(has_line(page,
                 "redis_sentinel_master_status{master_address=\"10.0.0.9:6379\",master_name=\"users\","
                 "master_status=\"sdown\"} 0"));
  CHECK(has_line(page, "redis_sentinel_master_slaves{master_address=\"10.0.0.1:6379\",master_name=\"orders\"} 2"));
  CHECK_FALSE(page.contains("\"x\""));
}

TEST_CASE("modules are shown with what they say of themselves", "[redis]") {
  expo::Page page;
  page.begin();
  Metrics metrics(page);
  put_modules(metrics,
              "# Modules\r\nmodule:name=search,ver=21005,api=1,filters=0,usedby=[],using=[ReJSON],options=[]\r\n"
              "search_number_of_indexes:3\r\nmodule:name=short\r\n");
  page.end();
  const std::string text = page.render();
  CHECK(has_line(text,
                 "redis_module_info{api=\"1\",filters=\"0\",name=\"search\",usedby=\"[]\",using=\"[ReJSON]\","
                 "ver=\"21005\"} 1"));
  CHECK(has_line(text, "redis_search_number_of_indexes 3"));
  CHECK_FALSE(text.contains("short"));
}

}  // namespace tocsin::exporters::redis
