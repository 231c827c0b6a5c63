#include <catch2/catch.hpp>

#include "fake_redis.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::exporters::redis {
namespace {

const std::string kInfo =
    "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:100\r\n# Replication\r\nrole:master\r\n"
    "# Commandstats\r\ncmdstat_get:calls=4,usec=40,usec_per_call=10\r\n# "
    "Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\n";

std::map<std::string, std::string> answers() {
  return {{"INFO ALL", bulk(kInfo)},
          {"CLIENT SETNAME redis_exporter", "+OK\r\n"},
          {"CONFIG GET *", texts({"databases", "2", "maxmemory", "1000", "requirepass", "hunter2",
                                  "client-output-buffer-limit", "normal 0 0 0 slave 200 100 60"})},
          {"LATENCY LATEST", array({array({bulk("fork"), number(1600), number(25), number(90)})})},
          {"LATENCY HISTOGRAM", array({bulk("get"), array({bulk("calls"), number(4), bulk("histogram_usec"),
                                                           array({number(1), number(1), number(16), number(4)})})})},
          {"SLOWLOG LEN", number(7)},
          {"SLOWLOG GET 1", array({array({number(41), number(1600), number(12000), texts({"KEYS", "*"})})})},
          {"COMMAND INFO COMMANDLOG", array({"*-1\r\n"})}};
}

std::string error_of(const Result<void>& result) {
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("a round is one trip on a connection that is kept", "[redis]") {
  FakeRedis redis(answers());
  Asker asker;
  REQUIRE(asker.configure("targets: [{address: '" + redis.address() + "'}]"));
  const std::string page = asker.collect();
  CHECK(error_of(asker.result).empty());
  CHECK(has_line(page, "redis_up 1"));
  CHECK(has_line(page, "redis_exporter_last_scrape_error{err=\"\"} 0"));
  CHECK(has_line(page, "redis_commands_total{cmd=\"get\"} 4"));
  CHECK(has_line(page, "redis_db_keys{db=\"db1\"} 0"));
  CHECK_FALSE(page.contains("db2"));
  CHECK(has_line(page, "redis_config_maxmemory 1000"));
  CHECK(has_line(page, "redis_config_client_output_buffer_limit_bytes{class=\"slave\",limit=\"hard\"} 200"));
  CHECK(has_line(page, "redis_config_client_output_buffer_limit_overcome_seconds{class=\"slave\",limit=\"soft\"} 60"));
  CHECK(has_line(page, "redis_latency_spike_duration_seconds{event_name=\"fork\"} 0.025"));
  CHECK(has_line(page, "redis_commands_latencies_usec_bucket{cmd=\"get\",le=\"16\"} 4"));
  CHECK(has_line(page, "redis_commands_latencies_usec_bucket{cmd=\"get\",le=\"+Inf\"} 4"));
  CHECK(has_line(page, "redis_commands_latencies_usec_sum{cmd=\"get\"} 40"));
  CHECK(has_line(page, "redis_slowlog_length 7"));
  CHECK(has_line(page, "redis_slowlog_last_id 41"));
  CHECK(has_line(page, "redis_last_slow_execution_duration_seconds 0.012"));
  CHECK(has_line(page, "redis_last_key_groups_scrape_duration_milliseconds 0"));
  CHECK(has_line(page, "redis_exporter_scrapes_total 1"));
  CHECK_FALSE(page.contains("hunter2"));
  CHECK_FALSE(page.contains("config_key_value"));

  const std::size_t asked = redis.commands().size();
  CHECK(has_line(asker.collect(), "redis_exporter_scrapes_total 2"));
  CHECK(redis.imposter().connections() == 1);
  CHECK(redis.commands().size() < 2 * asked);  // greeted once
}

TEST_CASE("a server that went away meanwhile is asked again on a new connection", "[redis]") {
  FakeRedis redis(answers());
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']"));
  CHECK(has_line(asker.collect(), "redis_up 1"));
  redis.imposter().drop_connections();
  redis.imposter().wait_until_closed();
  CHECK(has_line(asker.collect(), "redis_up 1"));
  CHECK(redis.imposter().connections() == 2);
}

TEST_CASE("a server that is down, closes, or is none at all has redis_up 0 and a reason", "[redis]") {
  struct Case {
    std::string info, reason;
  };
  const Case cases[] = {
      {"close", "EOF"},
      {"-NOAUTH Authentication required.\r\n", "NOAUTH Authentication required."},
      {"-LOADING Redis is loading the dataset in memory\r\n", "ERR unknown command 'INFO'"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "not RESP: \"HTTP/1.1 400 Bad Request\\r\""},
      {"$99999999999\r\n", "the answers have more than 33554432 bytes"},
      {"$-1\r\n", "an empty answer"},
  };
  for (const Case& one : cases) {
    auto with = answers();
    with["INFO ALL"] = one.info;
    FakeRedis redis(with);
    Asker asker;
    REQUIRE(asker.configure("targets: ['" + redis.address() + "']"));
    const std::string page = asker.collect();
    CHECK(error_of(asker.result) == "redis " + redis.address() + ": " + one.reason);
    CHECK(has_line(page, "redis_up 0"));
    CHECK(page.contains("redis_exporter_last_scrape_error{err=\""));
    CHECK(has_line(page, "redis_exporter_scrapes_total 1"));
  }
  std::uint16_t port = 0;
  ::close(test::listen_on_loopback(port));
  Asker asker;
  REQUIRE(asker.configure(fmt::format("targets: ['127.0.0.1:{}']", port)));
  CHECK(has_line(asker.collect(), "redis_up 0"));
  CHECK(error_of(asker.result).ends_with("connect: connection refused"));
}

TEST_CASE("a server that does not know INFO ALL is asked for INFO", "[redis]") {
  auto with = answers();
  with["INFO ALL"] = "-ERR syntax error\r\n";
  with["INFO"] = bulk(kInfo);
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']"));
  const std::string page = asker.collect();
  CHECK(has_line(page, "redis_up 1"));
  CHECK(has_line(page, "redis_uptime_in_seconds 100"));
}

TEST_CASE("a server that hangs costs the deadline, and the next round makes a new connection", "[redis]") {
  FakeRedis redis(answers());
  redis.answer("INFO ALL", "hang");
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']"));
  asker.page->begin();
  auto asked = asker.loop.start(asker.task(asker.source->targets()[0].target));
  asker.loop.pump_until([&] { return redis.was_asked("INFO ALL"); });
  asker.loop.advance(std::chrono::seconds(6));
  asker.loop.pump_until([&] { return asked.done(); });
  asker.page->end();
  CHECK(error_of(asked.get()) == "redis " + redis.address() + ": context deadline exceeded");
  CHECK(has_line(asker.page->render(), "redis_up 0"));
  redis.answer("INFO ALL", bulk(kInfo));
  CHECK(has_line(asker.collect(), "redis_up 1"));
  CHECK(redis.imposter().connections() == 2);
}

TEST_CASE("users and passwords come from where the configuration says, and are in no message", "[redis]") {
  auto with = answers();
  with["AUTH app s3cret"] = "+OK\r\n";
  with["AUTH app wrong"] = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  with["AUTH alone"] = "+OK\r\n";
  with["SELECT 3"] = "+OK\r\n";
  FakeRedis redis(with);
  const auto page_with = [&](const std::string& target) {
    Asker asker;
    REQUIRE(asker.fs.write_file_atomic("/pw", "s3cret\n"));
    asker.environment["REDIS_PW"] = "s3cret";
    REQUIRE(asker.configure("targets: [{address: '" + target));
    std::string page = asker.collect();
    if (!asker.result) page += asker.result.error().message;
    CHECK_FALSE(page.contains("s3cret"));
    CHECK_FALSE(page.contains("wrong"));
    return page;
  };
  const std::string address = redis.address();
  CHECK(has_line(page_with("redis://app:s3cret@" + address + "/3'}]"), "redis_up 1"));
  CHECK(redis.was_asked("SELECT 3"));
  CHECK(has_line(page_with(address + "', user: app, password_file: /pw}]"), "redis_up 1"));
  CHECK(has_line(page_with(address + "', user: app, password_env: REDIS_PW}]"), "redis_up 1"));
  CHECK(has_line(page_with(address + "', password: alone}]"), "redis_up 1"));
  const std::string refused = page_with(address + "', user: app, password: wrong}]");
  CHECK(has_line(refused, "redis_up 0"));
  CHECK(refused.contains(": WRONGPASS invalid username-password pair"));
  CHECK(has_line(page_with(address + "', password_file: /none}]"), "redis_up 0"));
}

TEST_CASE("keys are searched for, described and counted in their databases", "[redis]") {
  auto with = answers();
  with["SELECT 1"] = with["SELECT 0"] = "+OK\r\n";
  with["SCAN 0 MATCH user:* COUNT 1000"] = array({bulk("17"), texts({"user:1", "user:2"})});
  with["SCAN 17 MATCH user:* COUNT 1000"] = array({bulk("0"), texts({"user:2", "user:3"})});
  with["SCAN 0 MATCH * COUNT 1000"] = array({bulk("0"), texts({"a", "b", "c"})});
  for (const std::string key : {"user:1", "user:2", "user:3", "list", "hll"}) {
    with["TYPE " + key] = key == "list" ? "+list\r\n" : "+string\r\n";
    with["MEMORY USAGE " + key] = number(56);
    with["PFCOUNT " + key] = key == "hll" ? number(12) : "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n";
    with["STRLEN " + key] = number(3);
  }
  with["GETRANGE user:1 0 4095"] = bulk("1.5");
  with["GETRANGE user:2 0 4095"] = bulk("abc");
  with["GETRANGE user:3 0 4095"] = bulk("");
  with["TYPE gone"] = "+none\r\n";
  with["MEMORY USAGE gone"] = "$-1\r\n";
  with["LLEN list"] = number(9);
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() +
                          "']\ncheck_keys: 'db1=user:*'\ncheck_single_keys: 'list,hll,gone'\ncount_keys: 'db1=*'\n"));
  const std::string page = asker.collect();
  CHECK(error_of(asker.result).empty());
  CHECK(has_line(page, "redis_key_size{db=\"db1\",key=\"user:1\"} 3"));
  CHECK(has_line(page, "redis_key_value{db=\"db1\",key=\"user:1\"} 1.5"));
  CHECK(has_line(page, "redis_key_value_as_string{db=\"db1\",key=\"user:2\",val=\"abc\"} 1"));
  CHECK(has_line(page, "redis_key_memory_usage_bytes{db=\"db1\",key=\"user:3\"} 56"));
  CHECK(has_line(page, "redis_key_size{db=\"db0\",key=\"list\"} 9"));
  CHECK(has_line(page, "redis_key_size{db=\"db0\",key=\"hll\"} 12"));
  CHECK(has_line(page, "redis_keys_count{db=\"db1\",key=\"*\"} 3"));
  CHECK(has_line(page, "tocsin_redis_unfinished_scans 0"));
  CHECK_FALSE(page.contains("gone"));
}

TEST_CASE("a search for keys that does not end is cut off and said so", "[redis]") {
  auto with = answers();
  with["SCAN 0 MATCH * COUNT 1000"] = with["SCAN 5 MATCH * COUNT 1000"] = "hang";
  FakeRedis redis(with);
  // Each answer costs a second of the loop's time: the budget ends it.
  Asker asker;
  redis.answer("SCAN 0 MATCH * COUNT 1000", array({bulk("5"), texts({"a"})}));
  redis.answer("SCAN 5 MATCH * COUNT 1000", array({bulk("5"), texts({"b"})}));
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']\ncount_keys: '*'\n"));
  asker.page->begin();
  auto asked = asker.loop.start(asker.task(asker.source->targets()[0].target));
  asker.loop.pump_until([&] { return redis.was_asked("SCAN 5 MATCH * COUNT 1000"); });
  asker.loop.advance(std::chrono::seconds(4));
  asker.loop.pump_until([&] { return asked.done(); });
  asker.page->end();
  CHECK(error_of(asked.get()).empty());
  const std::string page = asker.page->render();
  CHECK(has_line(page, "redis_up 1"));
  CHECK(has_line(page, "tocsin_redis_unfinished_scans 1"));
  CHECK_FALSE(page.contains("redis_keys_count"));
}

TEST_CASE("keys and streams of other nodes of a cluster are asked for there", "[redis]") {
  auto with = answers();
  with["XINFO STREAM away"] = array({bulk("length"), number(3)});
  with["XINFO GROUPS away"] = "*0\r\n";
  with["TYPE far"] = "+hash\r\n";
  with["MEMORY USAGE far"] = number(77);
  with["HLEN far"] = number(5);
  FakeRedis other(with);
  with["TYPE far"] = with["MEMORY USAGE far"] = "-MOVED 3999 " + other.address() + "\r\n";
  with["XINFO STREAM away"] = with["XINFO GROUPS away"] = with["TYPE far"];
  with["INFO ALL"] = bulk(kInfo + "# Cluster\r\ncluster_enabled:1\r\n");
  with["CLUSTER INFO"] = bulk("cluster_state:ok\r\ncluster_slots_ok:16384\r\ncluster_stats_messages_sent:8\r\n");
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() +
                          "']\nis_cluster: true\ncheck_single_keys: far\ncheck_single_streams: away\n"));
  const std::string page = asker.collect();
  CHECK(error_of(asker.result).empty());
  CHECK(has_line(page, "redis_cluster_state 1"));
  CHECK(has_line(page, "redis_cluster_slots_ok 16384"));
  CHECK(has_line(page, "redis_cluster_messages_sent_total 8"));
  CHECK(has_line(page, "redis_key_size{db=\"db0\",key=\"far\"} 5"));
  CHECK(has_line(page, "redis_stream_length{db=\"db0\",stream=\"away\"} 3"));
  CHECK_FALSE(page.contains("db1"));
}

TEST_CASE("streams are shown with their groups and consumers", "[redis]") {
  auto with = answers();
  with["XINFO STREAM orders"] = array({bulk("length"), number(3), bulk("radix-tree-keys"), number(1), bulk("groups"),
                                       number(1), bulk("last-generated-id"), bulk("1638006862416-2"),
                                       bulk("first-entry"), array({bulk("1638006862000-0"), texts({"a", "b"})})});
  with["XINFO GROUPS orders"] = array({array(
      {bulk("name"), bulk("mail"), bulk("consumers"), number(1), bulk("pending"), number(2), bulk("lag"), "$-1\r\n"})});
  with["XINFO CONSUMERS orders mail"] =
      array({array({bulk("name"), bulk("m1"), bulk("pending"), number(2), bulk("idle"), number(1500)})});
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']\ncheck_single_streams: 'orders,none'\n"));
  const std::string page = asker.collect();
  CHECK(has_line(page, "redis_stream_length{db=\"db0\",stream=\"orders\"} 3"));
  CHECK(has_line(page, "redis_stream_last_generated_id{db=\"db0\",stream=\"orders\"} 1.638006862416e+12"));
  CHECK(has_line(page, "redis_stream_first_entry_id{db=\"db0\",stream=\"orders\"} 1.638006862e+12"));
  CHECK(has_line(page, "redis_stream_group_messages_pending{db=\"db0\",group=\"mail\",stream=\"orders\"} 2"));
  CHECK(has_line(page, "redis_stream_group_lag{db=\"db0\",group=\"mail\",stream=\"orders\"} 0"));
  CHECK(has_line(page,
                 "redis_stream_group_consumer_idle_seconds{consumer=\"m1\",db=\"db0\",group=\"mail\","
                 "stream=\"orders\"} 1.5"));
  CHECK_FALSE(page.contains("none"));
}

TEST_CASE("scripts put their values, and a script that fails takes the server down, as in redis_exporter", "[redis]") {
  auto with = answers();
  with["EVAL return 1 0"] = texts({"queued", "7", "ratio", "0.5"});
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.fs.write_file_atomic("/a.lua", "return 1"));
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']\nscript: /a.lua\n"));
  std::string page = asker.collect();
  CHECK(has_line(page, "redis_script_values{filename=\"/a.lua\",key=\"ratio\"} 0.5"));
  CHECK(has_line(page, "redis_script_result{filename=\"/a.lua\"} 1"));
  CHECK(has_line(page, "redis_up 1"));
  redis.answer("EVAL return 1 0", "*0\r\n");
  CHECK(has_line(asker.collect(), "redis_script_result{filename=\"/a.lua\"} 2"));
  redis.answer("EVAL return 1 0", texts({"queued", "many"}));
  page = asker.collect();
  CHECK(has_line(page, "redis_script_result{filename=\"/a.lua\"} 0"));
  CHECK(has_line(page, "redis_up 0"));
  CHECK(error_of(asker.result).ends_with("script /a.lua: a value is no number"));
}

TEST_CASE("clients, settings, the role and Valkey's command log are shown when they are asked for", "[redis]") {
  auto with = answers();
  with["COMMAND INFO COMMANDLOG"] = array({array({bulk("commandlog"), number(-2)})});
  for (const std::string kind : {"slow", "large-request", "large-reply"}) with["COMMANDLOG LEN " + kind] = number(3);
  with["CLIENT LIST"] = bulk(
      "id=11 addr=[::1]:63508 fd=8 name=web age=60 idle=5 flags=N db=0 sub=1 psub=0 ssub=2 "
      "qbuf=26 omem=9 tot-mem=1024 cmd=get user=default resp=2\nid=x\n");
  with["PING"] = "+PONG\r\n";
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() +
                          "']\nexport_client_list: true\nexport_client_port: true\ninclude_config_metrics: true\n"
                          "append_instance_role_label: true\nping_on_connect: true\n"));
  asker.collect();
  const std::string page = asker.collect();
  CHECK(has_line(page,
                 "redis_connected_client_info{db=\"0\",flags=\"N\",host=\"[::1]\",id=\"11\","
                 "instance_role=\"master\",name=\"web\",port=\"63508\",resp=\"2\",user=\"default\"} 1"));
  CHECK(has_line(page,
                 "redis_connected_client_created_at_timestamp{id=\"11\",instance_role=\"master\",name=\"web\"} "
                 "1.69999994e+09"));
  CHECK(page.contains("redis_connected_client_shard_channel_subscriptions_count{"));
  CHECK_FALSE(page.contains("watched_keys"));
  CHECK(has_line(
      page,
      "redis_connected_clients_details{cmd=\"get\",created_at=\"1699999940\",db=\"0\",flags=\"N\",host=\"[::1]\","
      "idle_since=\"1699999995\",instance_role=\"master\",name=\"web\",omem=\"9\",port=\"63508\"} 1"));
  CHECK(has_line(page, "redis_config_value{instance_role=\"master\",key=\"maxmemory\"} 1000"));
  CHECK_FALSE(page.contains("hunter2"));
  CHECK(has_line(page, "redis_up{instance_role=\"master\"} 1"));
  CHECK(has_line(page, "redis_commandlog_large_request_length{instance_role=\"master\"} 3"));
  CHECK(page.contains("redis_exporter_last_scrape_ping_time_seconds"));
}

TEST_CASE("a Sentinel is asked for each of its masters", "[redis]") {
  auto with = answers();
  with["INFO ALL"] = bulk("# Server\r\nredis_mode:sentinel\r\n# Sentinel\r\nsentinel_masters:1\r\n");
  with["CONFIG GET *"] = "-ERR unknown command `CONFIG`\r\n";
  const std::string peer = texts({"name", "s2", "ip", "10.0.0.5", "port", "26379", "flags", "sentinel"});
  with["SENTINEL MASTERS"] = array({texts({"name", "orders", "ip", "10.0.0.1", "port", "6379", "quorum", "2",
                                           "last-ok-ping-reply", "250", "config-epoch", "4"})});
  with["SENTINEL CKQUORUM orders"] = "-NOQUORUM 1 usable Sentinels.\r\n";
  with["SENTINEL SENTINELS orders"] = array({peer});
  with["SENTINEL SLAVES orders"] = array({texts({"name", "r1", "flags", "slave,s_down"})});
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + redis.address() + "']\ninclude_sentinel_peer_info: true\n"));
  const std::string page = asker.collect();
  const std::string labels = "{master_address=\"10.0.0.1:6379\",master_name=\"orders\"}";
  CHECK(has_line(page,
                 "redis_sentinel_master_ckquorum_status{master_name=\"orders\","
                 "message=\"NOQUORUM 1 usable Sentinels.\"} 0"));
  CHECK(has_line(page, "redis_sentinel_master_setting_ckquorum" + labels + " 2"));
  CHECK(has_line(page, "redis_sentinel_master_last_ok_ping_reply_seconds" + labels + " 0.25"));
  CHECK(has_line(page, "redis_sentinel_master_ok_sentinels" + labels + " 2"));
  CHECK(has_line(page, "redis_sentinel_master_ok_slaves" + labels + " 0"));
  CHECK(page.contains("redis_sentinel_peer_info{"));
}

TEST_CASE("a server behind TLS is asked once its certificate is trusted", "[redis]") {
  FakeRedis redis(answers());
  const test::Identity identity("IP:127.0.0.1", 3600);
  test::TlsImposter tls(identity, {.forward_to = redis.port()});
  const std::string address = fmt::format("rediss://127.0.0.1:{}", tls.port());
  {
    Asker asker;
    REQUIRE(asker.fs.write_file_atomic("/ca.pem", identity.cert_pem()));
    REQUIRE(asker.configure("targets: [{address: '" + address + "', tls_ca_cert_file: /ca.pem}]"));
    CHECK(has_line(asker.collect(), "redis_up 1"));
  }
  Asker asker;
  REQUIRE(asker.configure("targets: ['" + address + "']"));
  CHECK(has_line(asker.collect(), "redis_up 0"));
  CHECK(error_of(asker.result).contains("certificate"));
}

TEST_CASE("a probe asks the server that it names, with the configuration's secrets", "[redis]") {
  auto with = answers();
  with["AUTH s3cret"] = "+OK\r\n";
  with["TYPE k"] = "+list\r\n";
  with["MEMORY USAGE k"] = number(1);
  with["LLEN k"] = number(2);
  FakeRedis redis(with);
  Asker asker;
  REQUIRE(asker.configure("targets: [{address: '" + redis.address() + "', password: s3cret, server: cache}]"));
  CHECK(asker.source->targets()[0].server == "cache");
  CHECK(asker.source->probe_path() == "/scrape");
  const auto target =
      asker.source->probe({"GET", "/scrape?target=redis://x:other@" + redis.address() + "&check-single-keys=k"});
  CHECK_FALSE(asker.source->probe({"GET", "/scrape"}));
  CHECK_FALSE(asker.source->probe({"GET", "/scrape?target=http://a"}));
  CHECK_FALSE(asker.source->probe({"GET", "/scrape?target=a&check-keys=a=b=c"}));
  const auto plain = asker.source->probe({"GET", "/scrape?target=" + redis.address() + "&check-single-keys=k"});
  REQUIRE(plain);
  const std::string page = asker.collect(*plain);
  CHECK(has_line(page, "redis_up 1"));
  CHECK(has_line(page, "redis_key_size{db=\"db0\",key=\"k\"} 2"));
  CHECK(has_line(page, "redis_target_scrape_request_errors_total 3"));
  CHECK(redis.was_asked("AUTH s3cret"));
  REQUIRE(target);
  asker.collect(*target);  // another user, for whom there is no password
  for (const std::string& command : redis.commands()) CHECK_FALSE(command.contains("other"));
}

TEST_CASE("a section that cannot be is refused with its position", "[redis]") {
  const auto error = [](const std::string& text) { return error_of(Asker().configure(text)); };
  CHECK(error("targets: [{server: a}]") == "agent.yml:1:11: address is missing");
  CHECK(error("targets: [a, a]") ==
        "agent.yml:1:14: two targets of the name a:6379: give one of them another `server`");
  CHECK(error("targets: [{address: 'http://u:pw@a'}]") ==
        "agent.yml:1:11: unsupported protocol scheme \"http\" in address");
  CHECK(error("target: a").starts_with("agent.yml:1:1: field target not found"));
  CHECK(error("targets: [{address: a, colour: red}]").contains("field colour not found"));
  Asker standard;
  REQUIRE(standard.configure("{}"));
  CHECK(standard.source->targets().at(0).server == "localhost:6379");
  Asker probes;
  REQUIRE(probes.configure("targets: []"));
  CHECK(probes.source->targets().empty());
}

}  // namespace tocsin::exporters::redis
