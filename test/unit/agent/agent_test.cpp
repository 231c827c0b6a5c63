// The agent as its clients see it.

#include <catch2/catch.hpp>

#include "agent_fixture.hpp"

namespace tocsin::agent {
namespace {

using Catch::Contains;
using Catch::StartsWith;
using test::AgentFixture;

}  // namespace

TEST_CASE("/metrics has every source, and what the agent says about itself", "[agent]") {
  AgentFixture f("fake: {targets: [{name: a, says: 5}]}\nother: {targets: [{name: b, fails: refused}]}\n");
  REQUIRE(f.start().empty());
  const std::string page = f.page("/metrics");
  CHECK_THAT(page, StartsWith("200 "));
  CHECK_THAT(page, Contains("fake_value 5\n") &&
                       Contains("tocsin_collector_success{collector=\"fake\",target=\"a\"} 1\n") &&
                       Contains("tocsin_collector_success{collector=\"other\",target=\"b\"} 0\n"));
  CHECK_THAT(page, Contains("promhttp_metric_handler_requests_in_flight 1\n") && Contains("tocsin_loop_lag_seconds"));
  CHECK_THAT(page, !Contains("node_exporter_build_info"));
}

TEST_CASE("a scrape can be narrowed to a source, by parameter or by path", "[agent]") {
  AgentFixture f("fake: {targets: [{name: a}]}\nother: {targets: [{name: b}]}\n");
  REQUIRE(f.start().empty());
  CHECK_THAT(f.page("/metrics?collect[]=fake"), Contains("target=\"a\"") && !Contains("target=\"b\""));
  CHECK_THAT(f.page("/metrics?exclude[]=fake"), Contains("target=\"b\"") && !Contains("target=\"a\""));
  CHECK_THAT(f.page("/metrics/other"), Contains("target=\"b\"") && !Contains("target=\"a\""));
  CHECK(f.page("/metrics?collect[]=nonsense") == "400 missing or disabled collector: nonsense\n");
  CHECK(f.page("/metrics?collect[]=node") == "400 missing or disabled collector: node\n");
  CHECK_THAT(f.page("/metrics?collect[]=fake&exclude[]=other"), StartsWith("400 "));
  CHECK_THAT(f.page("/metrics/nonsense"), StartsWith("404 "));
}

TEST_CASE("below its kind a source has the paths of its exporter, without the agent's own metrics", "[agent]") {
  AgentFixture f("fake: {probe: true, targets: [{name: a, says: 5}]}\nother: {}\n");
  REQUIRE(f.start().empty());
  const std::string page = f.page("/fake/metrics");
  CHECK_THAT(page, Contains("fake_value 5\n") && Contains("promhttp_metric_handler_requests_total"));
  CHECK_THAT(page, !Contains("tocsin_"));
  CHECK(f.page("/fake/probe?target=x") ==
        "200 # HELP fake_up Whether it answers.\n# TYPE fake_up gauge\nfake_up 1\n"
        "# HELP fake_value Its value.\n# TYPE fake_value gauge\nfake_value 1\n");
  CHECK_THAT(f.page("/fake/probe?target=down"), StartsWith("200 ") && Contains("fake_up 0\n"));
  CHECK(f.page("/fake/probe") == "400 target is required\n");
  CHECK_THAT(f.page("/other/probe?target=x"), StartsWith("404 "));
  CHECK_THAT(f.page("/nonsense/metrics"), StartsWith("404 "));
}

TEST_CASE("several targets of a kind are told apart by the label server; one target has none", "[agent]") {
  AgentFixture f("fake: {targets: [{name: a}, {name: b, says: 2}]}\nother: {targets: [{name: c, says: 3}]}\n");
  REQUIRE(f.start().empty());
  CHECK_THAT(f.page("/metrics"), Contains("fake_up{server=\"a\"} 1\n") && Contains("fake_value{server=\"b\"} 2\n") &&
                                     Contains("fake_value 3\n"));
}

TEST_CASE("a target with too many series is cut to the largest, and counted", "[agent]") {
  AgentFixture f("fake: {series_limit: 10, targets: [{name: a, series: 1000}]}\n");
  REQUIRE(f.start().empty());
  const std::string page = f.page("/metrics");
  CHECK_THAT(page, Contains("fake_value{i=\"999\"} 999\n") && !Contains("fake_value{i=\"1\"}"));
  CHECK_THAT(page, Contains("tocsin_collector_dropped_series{collector=\"fake\",target=\"a\"} 99"));
}

TEST_CASE("a probe ends with the scraper's patience, whatever the server does", "[agent]") {
  AgentFixture f("fake: {probe: true}\n");
  REQUIRE(f.start().empty());
  net::HttpRequest request;
  request.headers.set("X-Prometheus-Scrape-Timeout-Seconds", "0.1");
  const net::HttpResponse answer = f.get("/fake/probe?target=hangs", 0, request);
  CHECK(answer.status == 504);
  CHECK_THAT(f.page("/fake/probe?target=well"), StartsWith("200 "));
}

TEST_CASE("a wrong agent.yml is told at the start, with its place and without its secrets", "[agent]") {
  AgentFixture unknown("fake: {targets: [{name: a, password: hunter2, nonsense: 1}]}\n");
  const std::string error = unknown.start();
  CHECK(error == "/agent.yml:2:47: field nonsense not found in type fake target");
  AgentFixture hasty("fake: {deadline: 0s, targets: [{name: a}]}\n");
  CHECK(hasty.start() == "/agent.yml:2:18: deadline must be more than 0 and at most 1h");
  AgentFixture twice("fake: {targets: [{name: a}, {name: a}]}\n");
  CHECK(twice.start() == "/agent.yml:2:7: fake: two targets of the name a");
  AgentFixture missing("");
  missing.flags.config_file = "/nowhere.yml";
  CHECK_THAT(missing.start(), Contains("/nowhere.yml"));
}

}  // namespace tocsin::agent
