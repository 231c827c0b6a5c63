#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "exporters/rabbitmq/rabbitmq.hpp"
#include "support/fake_http_client.hpp"
#include "support/test_loop.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

struct Fixture {
  test::TestLoop loop;
  test::FakeHttpClient http{loop};
  MemFs fs;
  Services services{.loop = loop,
                    .work = loop,
                    .http = http,
                    .resolver = nullptr,
                    .fs = fs,
                    .anchor = std::make_shared<LoopAnchor>(loop)};
  std::unique_ptr<Source> source;

  Result<void> read(const std::string& target) {
    TOCSIN_TRY(const yaml::Node root, yaml::parse("rabbitmq:\n  targets: [" + target + "]\n", "agent.yml"));
    TOCSIN_TRY(source, source_info().make(root["rabbitmq"], services));
    return {};
  }
  void answer(const std::string& path, const std::string& json) {
    http.when("GET", "http://mq:15672/api/" + path, net::HttpResponse(200, json));
  }
  /// The page, and behind it the error if there is one.
  std::string collect() {
    auto page = std::make_shared<expo::Page>();
    page->begin();
    const auto result =
        loop.run(source->targets()[0].target->collect(page, loop.clock().mono() + std::chrono::seconds(5)));
    page->end();
    return page->render() + (result ? "" : result.error().message);
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the broker's own page passes as it is, time stamps left out", "[rabbitmq]") {
  Fixture f;
  REQUIRE(f.read("{endpoint: 'http://mq:15692/metrics'}"));
  CHECK(f.source->targets()[0].server == "mq:15692");
  f.http.when("GET", "http://mq:15692/metrics",
              net::HttpResponse(200,
                                "# TYPE rabbitmq_connections gauge\n# HELP rabbitmq_connections Open.\n"
                                "rabbitmq_connections 3 1700000000000\n"
                                "# TYPE latency histogram\nlatency_bucket{le=\"1\"} 1\nlatency_bucket{le=\"+Inf\"} "
                                "2\nlatency_sum 3\nlatency_count 2\n"));
  const std::string page = f.collect();
  CHECK(has(page, "# HELP rabbitmq_connections Open.\n# TYPE rabbitmq_connections gauge\nrabbitmq_connections 3\n"));
  CHECK(has(page, "latency_bucket{le=\"+Inf\"} 2\nlatency_sum 3\nlatency_count 2\n"));
  CHECK(has(page, "rabbitmq_up 1\n"));
}

TEST_CASE("names that the broker does not escape cost their own lines", "[rabbitmq]") {
  Fixture f;
  REQUIRE(f.read("{endpoint: 'http://mq:15692/metrics'}"));
  const auto serve = [&](const std::string& page) {
    f.http.forget();
    f.http.when("GET", "http://mq:15692/metrics", net::HttpResponse(200, page));
  };
  serve(
      "# TYPE q gauge\nq{queue=\"a\"} 1\nq{queue=\"we\"ird\"} 2\nq{queue=\"back\\slash\"} "
      "3\nq{queue=\"a\",queue=\"b\"} 4\n"
      "# TYPE h histogram\nh_bucket{le=\"1\",v=\"a\"} 1\nh_bucket{le=\"1\",v=\"\"x\"} 1\nh_sum{v=\"a\"} "
      "1\nh_count{v=\"a\"} 1\nq{queue=\"z\"} 5");
  const std::string page = f.collect();
  CHECK(has(page, "# TYPE q gauge\nq{queue=\"a\"} 1\nq{queue=\"back\\\\slash\"} 3\nq{queue=\"z\"} 5\n"));
  CHECK(has(page, "h_bucket{v=\"a\",le=\"1\"} 1\nh_bucket{v=\"a\",le=\"+Inf\"} 1\n"));
  CHECK(has(page, "tocsin_rabbitmq_bad_lines 3\n"));
  CHECK(has(page, "rabbitmq_up 1\n"));
  serve("q 1\n");
  CHECK(has(f.collect(), "tocsin_rabbitmq_bad_lines 0\n"));
  serve("<html>\n<body>no</body>\n</html>\n");
  const std::string none = f.collect();
  CHECK(has(none, "rabbitmq_up 0\n"));
  CHECK(has(none, "GET http://mq:15692/metrics: "));
}

TEST_CASE("the management API takes over when the endpoint does not answer", "[rabbitmq]") {
  Fixture f;
  REQUIRE(
      f.read("{endpoint: 'http://mq:15692/metrics', management: 'http://mq:15672/', username: u, password: p, "
             "queues: true}"));
  f.answer("overview", R"({"node":"rabbit@mq","cluster_name":"c","rabbitmq_version":"3.12","erlang_version":"25",)"
                       R"("object_totals":{"connections":4},"queue_totals":{"messages":9},)"
                       R"("message_stats":{"ack":7},"churn_rates":{"connection_created":11}})");
  f.answer("nodes", R"([{"name":"rabbit@other","mem_used":1},)"
                    R"({"name":"rabbit@mq","mem_used":5,"mem_alarm":true,"uptime":2500,"fd_used":"unknown"}])");
  f.answer("queues", R"([{"name":"q","vhost":"/","messages":9,"message_stats":{"publish":2}}])");
  const std::string page = f.collect();
  CHECK(has(page, "rabbitmq_connections 4\n"));
  CHECK(has(page, "rabbitmq_connections_opened_total 11\n"));
  CHECK(has(page, "rabbitmq_channel_messages_acked_total 7\n"));
  CHECK(has(page, "rabbitmq_process_resident_memory_bytes 5\n"));
  CHECK(has(page, "rabbitmq_alarms_memory_used_watermark 1\n"));
  CHECK(has(page, "rabbitmq_erlang_uptime_seconds 2.5\n"));
  CHECK_FALSE(has(page, "rabbitmq_process_open_fds"));
  CHECK(has(page, "rabbitmq_queue_messages{queue=\"q\",vhost=\"/\"} 9\n"));
  CHECK_FALSE(has(page, "rabbitmq_queue_messages 9"));
  CHECK(has(page, "rabbitmq_queue_messages_published_total{queue=\"q\",vhost=\"/\"} 2\n"));
  CHECK(has(page, "rabbitmq_source_up{source=\"endpoint\"} 0\nrabbitmq_source_up{source=\"management\"} 1\n"));
  CHECK(has(page, "rabbitmq_up 1\n"));
  for (const auto& sent : f.http.sent()) {
    const bool to_endpoint = has(sent.request.target, ":15692");
    CHECK(sent.request.headers.get("Authorization") == (to_endpoint ? "" : "Basic dTpw"));
  }
}

TEST_CASE("a broker that refuses is down, with the reason", "[rabbitmq]") {
  Fixture f;
  REQUIRE(f.read("{management: 'http://mq:15672'}"));
  f.http.when("GET", "*", net::HttpResponse(401, "no"));
  CHECK(f.collect().ends_with("rabbitmq_up 0\nGET http://mq:15672/api/overview: HTTP status 401"));
  f.http.when("GET", "*", net::HttpResponse(200, "<html>"));
  CHECK(has(f.collect(), "not valid JSON"));
  for (const char* json : {"[]", "{}", "null", "[1,{\"name\":3}]"}) {
    f.http.when("GET", "*", net::HttpResponse(200, json));
    CHECK(has(f.collect(), "rabbitmq_up 1\n"));
  }
}

TEST_CASE("a target with mistakes says where", "[rabbitmq]") {
  Fixture f;
  const auto error = [&](const std::string& target) { return f.read(target).error().message; };
  CHECK(error("{}") == "agent.yml:2:13: one of endpoint, management and amqp must be configured");
  CHECK(error("{endpoint: 'http://mq:1/metrics', queues: true}") == "agent.yml:2:13: queues needs management");
  CHECK(error("{management: 'http://u:p@mq:1'}") ==
        "agent.yml:2:13: management: give user and password by username and password");
  CHECK(error("{amqp: 'a/b'}") == "agent.yml:2:13: amqp: \"a/b\" is not host:port");
  CHECK(error("{amqp: mq, vhosts: x}").starts_with("agent.yml:2:"));
  REQUIRE(f.read("{amqp: mq}"));
  CHECK(f.source->targets()[0].server == "mq:5672");
  REQUIRE(f.read("{amqp: mq, amqp_tls: true}"));
  CHECK(f.source->targets()[0].server == "mq:5671");
}

}  // namespace tocsin::exporters::rabbitmq
