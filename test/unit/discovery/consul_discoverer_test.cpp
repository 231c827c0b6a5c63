#include "discovery/consul_discoverer.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "discovery/consul_parse.hpp"
#include "support/fake_consul.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using discovery::TargetGroup;
using net::HttpResponse;

namespace {

using Set = std::set<std::string>;

std::string instance(const std::string& id, const std::string& address, const std::string& tags = "[]",
                     const std::string& status = "passing") {
  return fmt::format(R"({{"Node": {{"Node": "n1", "Address": "10.0.0.1"}}, "Service": {{"ID": "{}", "Address": "{}",
      "Port": 80, "Tags": {}}}, "Checks": [{{"CheckID": "c", "Status": "{}"}}]}})",
                     id, address, tags, status);
}

/// An agent, a discoverer on it, and what it told.
struct Bench {
  Bench() {
    config.server = "consul:8500";
    config.refresh_interval = 1s;
  }
  void start() {
    const discovery::Services services{loop, loop.work(), consul, posix_fs(), "job", stats};
    discoverer = discovery::make_consul_discoverer(config, services,
                                                   [this](const std::string& name) { return environment[name]; });
    discoverer->start([this](std::vector<TargetGroup> groups) {
      ++words;
      for (TargetGroup& group : groups) {
        told.insert(group.source);
        if (group.targets.empty()) {
          known.erase(group.source);
        } else {
          known[group.source] = std::move(group);
        }
      }
    });
    loop.advance(100ms);
  }
  Set news(Duration after = 2s) {
    told.clear();
    loop.advance(after);
    return told;
  }

  test::TestLoop loop;
  test::FakeConsul consul{loop};
  std::shared_ptr<discovery::Stats> stats = std::make_shared<discovery::Stats>();
  config::ConsulSdConfig config;
  std::map<std::string, std::string> environment;
  std::unique_ptr<discovery::Discoverer> discoverer;
  std::map<std::string, TargetGroup> known;
  Set told;
  int words = 0;
};

}  // namespace

TEST_CASE("consul: an instance of a service has Prometheus' labels") {
  const auto group = discovery::consul::parse_service({"web", "dc1", ","}, R"([{
      "Node": {"Node": "n1", "Address": "10.0.0.1", "Meta": {"rack-id": "r1"},
               "TaggedAddresses": {"lan": "10.0.0.1", "wan": "192.0.2.1"}},
      "Service": {"ID": "web-1", "Service": "web", "Tags": ["a", "b"], "Address": "fd00::5", "Port": 8080,
                  "Meta": {"version": "1.2"}, "Namespace": "default", "Partition": "p0"},
      "Checks": [{"CheckID": "serfHealth", "Status": "passing"}, {"CheckID": "web", "Status": "warning"}]}])");
  REQUIRE(group);
  CHECK(*group == TargetGroup{"web",
                              {{{"__address__", "[fd00::5]:8080"},
                                {"__meta_consul_address", "10.0.0.1"},
                                {"__meta_consul_health", "warning"},
                                {"__meta_consul_metadata_rack_id", "r1"},
                                {"__meta_consul_namespace", "default"},
                                {"__meta_consul_node", "n1"},
                                {"__meta_consul_partition", "p0"},
                                {"__meta_consul_service_address", "fd00::5"},
                                {"__meta_consul_service_id", "web-1"},
                                {"__meta_consul_service_metadata_version", "1.2"},
                                {"__meta_consul_service_port", "8080"},
                                {"__meta_consul_tagged_address_lan", "10.0.0.1"},
                                {"__meta_consul_tagged_address_wan", "192.0.2.1"},
                                {"__meta_consul_tags", ",a,b,"}}},
                              {{"__meta_consul_dc", "dc1"}, {"__meta_consul_service", "web"}}});
}

TEST_CASE("consul: a service without an address is at its node; health is the worst of its checks") {
  struct Case {
    std::string checks, health;
  };
  const Case c =
      GENERATE(Case{"[]", "passing"}, Case{R"([{"CheckID": "a", "Status": "critical"}])", "critical"},
               Case{R"([{"CheckID": "a", "Status": "warning"}, {"CheckID": "b", "Status": "passing"}])", "warning"},
               Case{R"([{"CheckID": "_node_maintenance", "Status": "critical"}])", "maintenance"},
               Case{R"([{"CheckID": "_service_maintenance:web", "Status": "critical"}])", "maintenance"},
               Case{R"([{"CheckID": "a", "Status": "odd"}])", ""});
  const auto group = discovery::consul::parse_service(
      {"web", "dc1", "|"},
      R"([{"Node": {"Address": "10.0.0.1"}, "Service": {"Port": 1}, "Checks": )" + c.checks + "}]");
  REQUIRE(group);
  const model::Labels& target = group->targets.at(0);
  CHECK(target.get("__address__") == "10.0.0.1:1");
  CHECK(target.get("__meta_consul_health") == c.health);
  CHECK(target.get("__meta_consul_tags") == "||");
}

TEST_CASE("consul: answers that make no sense are refused") {
  using namespace discovery::consul;
  CHECK_FALSE(parse_datacenter("[]"));
  CHECK(parse_datacenter(R"({"Config": {}})").error().message == "invalid value '<nil>' for Config.Datacenter");
  CHECK_FALSE(parse_services(R"({"a": 1})"));
  CHECK_FALSE(parse_service({}, "{}"));
  CHECK_FALSE(parse_service({}, R"([{"Service": {"Port": "x"}}])"));
  CHECK(parse_service({}, "null"));
}

TEST_CASE("consul: all services are found, told together at first, and followed") {
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.consul.put("db", {instance("db-1", "10.0.2.1")});
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.size() == 2);
  CHECK(bench.known.at("web").labels.get("__meta_consul_dc") == "dc-test");
  CHECK(bench.consul.count("/v1/agent/self") == 1);
  CHECK(bench.consul.sent().at(1).request.target == "http://consul:8500/v1/catalog/services?stale=&wait=120000ms");
  bench.loop.advance(2s);
  CHECK(bench.consul.count("/v1/health/service/web?index=11&stale=&wait=120000ms") == 1);

  bench.consul.put("web", {instance("web-1", "10.0.1.1"), instance("web-2", "10.0.1.2")});
  CHECK(bench.news() == Set{"web"});
  CHECK(bench.known.at("web").targets.size() == 2);
  bench.consul.put("new", {instance("new-1", "10.0.3.1")});
  CHECK(bench.news() == Set{"new"});
  bench.consul.remove("db");
  CHECK(bench.news() == Set{"db"});
  CHECK(bench.known.size() == 2);
  bench.consul.put("web", {instance("web-1", "10.0.1.1"), instance("web-2", "10.0.1.2")});
  CHECK(bench.news().empty());
  CHECK(bench.stats->consul_rpc_failures == 0);
  CHECK(bench.stats->consul_services_rpc.count > 0);
}

TEST_CASE("consul: a watch that nothing happens to is asked for again every two minutes") {
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.start();
  bench.consul.forget_sent();
  bench.loop.advance(10min);
  CHECK(bench.words == 1);
  CHECK(bench.consul.count("/v1/health/service/web") == 5);
  CHECK(bench.consul.count("/v1/catalog/services") == 5);
}

TEST_CASE("consul: the refresh interval is the least time between two questions") {
  Bench bench;
  bench.config.refresh_interval = 30s;
  bench.start();
  bench.consul.forget_sent();
  for (int i = 0; i < 60; ++i) {
    bench.consul.put("web", {instance("web-1", fmt::format("10.0.1.{}", i))});
    bench.loop.advance(5s);
  }
  CHECK(bench.consul.count("/v1/catalog/services") == 10);
}

TEST_CASE("consul: nothing found is told once") {
  Bench bench;
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.empty());
}

TEST_CASE("consul: services that are named are watched without the catalog") {
  Bench bench;
  bench.config.services = {"web", "none"};
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.consul.put("db", {instance("db-1", "10.0.2.1")});
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.size() == 1);
  CHECK(bench.consul.count("/v1/catalog/services") == 0);
}

TEST_CASE("consul: tags choose services by the catalog and instances by health") {
  Bench bench;
  bench.config.services = {"web", "db"};
  bench.config.tags = {"prod", "v2"};
  bench.consul.put("web",
                   {instance("web-1", "10.0.1.1", R"(["prod"])"), instance("web-2", "10.0.1.2", R"(["v2", "prod"])")},
                   {"prod", "v2"});
  bench.consul.put("db", {instance("db-1", "10.0.2.1")}, {"prod"});
  bench.consul.put("other", {instance("o-1", "10.0.2.1")}, {"prod", "v2"});
  bench.start();
  CHECK(bench.consul.count("/v1/health/service/web?stale=&tag=prod&tag=v2&wait=120000ms") == 1);
  CHECK(bench.consul.count("/v1/health/") == 1);
  REQUIRE(bench.known.size() == 1);
  CHECK(bench.known.at("web").targets.size() == 1);
}

TEST_CASE("consul: every option is asked for in its place") {
  Bench bench;
  bench.config.server = "http://consul:8500/pre fix";
  bench.config.datacenter = "dc2";
  bench.config.namespace_ = "ns1";
  bench.config.allow_stale = false;
  bench.config.node_meta = {{"rack", "r 1"}};
  bench.config.filter = "NodeMeta.a == \"b\"";
  bench.config.health_filter = "Service.Tags contains \"c\"";
  bench.environment = {{"CONSUL_HTTP_TOKEN", "t0ken"}, {"CONSUL_NAMESPACE", "no"}, {"CONSUL_PARTITION", "part"}};
  bench.consul.refuse("/v1/catalog/services", [] {
    HttpResponse response(200, "application/json", R"({"a/b c": []})");
    response.headers.set("X-Consul-Index", "7");
    return response;
  }());
  bench.consul.refuse("/v1/health/", HttpResponse(500, "text/plain", "no"));
  bench.start();
  CHECK(bench.consul.count("/v1/agent/self") == 0);
  REQUIRE(bench.consul.sent().size() == 2);
  CHECK(bench.consul.sent()[0].request.target ==
        "http://consul:8500/pre%20fix/v1/catalog/services?dc=dc2&filter=NodeMeta.a+%3D%3D+%22b%22&"
        "node-meta=rack%3Ar+1&ns=ns1&partition=part&wait=120000ms");
  CHECK(bench.consul.sent()[1].request.target ==
        "http://consul:8500/pre%20fix/v1/health/service/a/b%20c?dc=dc2&filter=Service.Tags+contains+%22c%22&"
        "node-meta=rack%3Ar+1&ns=ns1&partition=part&wait=120000ms");
  CHECK(bench.consul.sent()[0].request.headers.get("X-Consul-Token") == "t0ken");
}

TEST_CASE("consul: a socket of the system may be the server, and unknown schemes are refused") {
  test::LogCapture log;
  Bench bench;
  SECTION("a socket") {
    bench.config.server = "unix:///run/consul.sock";
    bench.consul.refuse("/", HttpResponse(500, "text/plain", "no"));
    bench.start();
    CHECK(bench.consul.sent().at(0).options.unix_socket == "/run/consul.sock");
  }
  SECTION("another scheme") {
    bench.config.server = "ftp://consul";
    bench.start();
    CHECK(log.contains("Unknown protocol scheme: ftp"));
    CHECK(bench.consul.sent().empty());
  }
}

TEST_CASE("consul: what fails is asked again after 15 seconds, logged once, and the last groups stay") {
  test::LogCapture log;
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.start();
  bench.consul.refuse("/v1/", HttpResponse(500, "text/plain", "rpc error\n"));
  bench.consul.put("web", {instance("web-1", "10.0.1.9")});
  bench.consul.forget_sent();
  bench.loop.advance(61s);
  CHECK(bench.known.size() == 1);
  CHECK(bench.words == 1);
  CHECK(bench.consul.count("/v1/health/") >= 3);
  CHECK(bench.consul.count("/v1/health/") <= 5);
  CHECK(bench.stats->consul_rpc_failures >= 6);
  std::size_t errors = 0;
  for (const std::string& line : log.lines()) errors += line.find("level=error") != std::string::npos ? 1U : 0U;
  CHECK(errors == 2);
  CHECK(log.contains("Error refreshing service web"));
  CHECK(log.contains("Error refreshing service list"));
  CHECK(log.contains("Unexpected response code: 500 (rpc error)"));
  bench.consul.accept("/v1/");
  CHECK(bench.news(20s) == Set{"web"});
  CHECK(log.contains("Consul answers again"));
}

TEST_CASE("consul: the datacenter is asked for until it is known") {
  test::LogCapture log;
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.consul.refuse("/v1/agent/self",
                      HttpResponse(200, "application/json", R"({"Config": {"Not-Datacenter": "x"}})"));
  bench.start();
  bench.loop.advance(40s);
  CHECK(bench.words == 0);
  CHECK(log.contains("Error retrieving datacenter name"));
  bench.consul.accept("/v1/agent/self");
  bench.loop.advance(20s);
  CHECK(bench.known.size() == 1);
}

TEST_CASE("consul: an index that goes back begins anew") {
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.start();
  bench.loop.advance(2s);
  bench.consul.reset_index(3);
  bench.loop.advance(3s);
  CHECK(bench.words == 1);
  bench.consul.forget_sent();
  bench.consul.put("web", {instance("web-1", "10.0.1.2")});
  CHECK(bench.news(3s) == Set{"web"});
  CHECK(bench.consul.count("index=4&") >= 1);
}

TEST_CASE("consul: an answer without an index is an error, not a change") {
  test::LogCapture log;
  Bench bench;
  bench.consul.refuse("/v1/catalog/services", HttpResponse(200, "application/json", "{}"));
  bench.start();
  CHECK(bench.words == 0);
  CHECK(log.contains("the answer has no X-Consul-Index"));
}

TEST_CASE("consul: after close nobody is told or asked") {
  Bench bench;
  bench.consul.put("web", {instance("web-1", "10.0.1.1")});
  bench.start();
  bench.discoverer.reset();
  bench.consul.put("web", {instance("web-1", "10.0.1.2")});
  bench.loop.advance(1min);
  bench.consul.forget_sent();
  CHECK(bench.news(5min).empty());
  CHECK(bench.consul.sent().empty());
  CHECK(bench.loop.failures().empty());
}
