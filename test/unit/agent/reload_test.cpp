// agent.yml read again while the agent runs.

#include <catch2/catch.hpp>

#include "agent_fixture.hpp"
#include "base/strings.hpp"

namespace tocsin::agent {
namespace {

using Catch::Contains;
using Catch::StartsWith;
using test::AgentFixture;

std::string reload(AgentFixture& f) {
  net::HttpRequest request;
  request.method = "POST";
  const net::HttpResponse answer = f.get("/-/reload", 0, request);
  return fmt::format("{} {}", answer.status, answer.body.view());
}

struct Fixture : AgentFixture {
  explicit Fixture(const std::string& config) : AgentFixture(config) {
    flags.enable_lifecycle = true;
    REQUIRE(start().empty());
  }
};

}  // namespace

TEST_CASE("a reload keeps the sections that say the same, with their targets", "[agent]") {
  Fixture f("fake: {min_interval: 1h, targets: [{name: a, says: 1}]}\nother: {targets: [{name: b, says: 2}]}\n");
  f.page("/metrics");
  f.write(
      "# moved\nother: {targets: [{name: c, says: 3}]}\nfake:\n  min_interval: 1h\n  targets: [{name: a, says: 1}]\n");
  CHECK(reload(f) == "200 ");
  const std::string page = f.page("/metrics");
  CHECK_THAT(page, Contains("fake_value 1\n") && Contains("fake_value 3\n") && !Contains("fake_value 2\n"));
  CHECK_THAT(page, Contains("tocsin_config_last_reload_successful 1\n"));
  CHECK(test::fake_counts().made["a"] == 1);
  CHECK(test::fake_counts().asked["a"] == 1);
  CHECK(test::fake_counts().made["c"] == 1);
}

TEST_CASE("a reload makes a section anew if a file that it names has changed", "[agent]") {
  Fixture f("fake: {targets: [{name: a, password_file: secret}]}\n");
  REQUIRE(f.fs.write_file_atomic("/secret", "one"));
  CHECK(reload(f) == "200 ");  // the file has come
  const int made = test::fake_counts().made["a"];
  CHECK(reload(f) == "200 ");
  CHECK(test::fake_counts().made["a"] == made);
  REQUIRE(f.fs.write_file_atomic("/secret", "two and more"));
  CHECK(reload(f) == "200 ");
  CHECK(test::fake_counts().made["a"] == made + 1);
}

TEST_CASE("a reload of a wrong file changes nothing, and says what is wrong", "[agent]") {
  Fixture f("fake: {targets: [{name: a, says: 1}]}\n");
  f.write("other: {targets: [{name: b}]}\nfake: {targets: [{name: a, nonsense: 1, password: hunter2}]}\n");
  CHECK(reload(f) == "500 failed to reload config: /agent.yml:3:28: field nonsense not found in type fake target\n");
  const std::string page = f.page("/metrics");
  CHECK_THAT(page, Contains("fake_value 1\n") && !Contains("target=\"b\""));
  CHECK_THAT(page, Contains("tocsin_config_last_reload_successful 0\n"));
  f.write("");
  CHECK(reload(f) == "200 ");
  CHECK_THAT(f.page("/metrics"), !Contains("fake_value") && Contains("tocsin_config_last_reload_successful 1\n"));
}

TEST_CASE("reloading by HTTP is off unless it was asked for", "[agent]") {
  AgentFixture f("");
  REQUIRE(f.start().empty());
  CHECK(reload(f) == "403 Lifecycle API is not enabled.\n");
}

TEST_CASE("a source has an address of its own, with its exporter's paths", "[agent]") {
  Fixture f(
      "fake: {listen: '127.0.0.1:0', probe: true, targets: [{name: a, says: 5}]}\nother: {targets: [{name: b}]}\n");
  const auto ports = f.thread.call([&] { return f.agent->ports("fake"); });
  REQUIRE(ports.size() == 1);
  const std::string page = f.page("/metrics", ports[0]);
  CHECK_THAT(page, StartsWith("200 ") && Contains("fake_value 5\n") &&
                       Contains("promhttp_metric_handler_requests_in_flight 1\n"));
  CHECK_THAT(page, !Contains("tocsin_") && !Contains("target=\"b\""));
  CHECK_THAT(f.page("/probe?target=x", ports[0]), StartsWith("200 ") && Contains("fake_value 1\n"));
  CHECK_THAT(f.page("/", ports[0]), StartsWith("200 ") && Contains("href=\"/metrics\""));
  CHECK_THAT(f.page("/fake"), StartsWith("200 ") && Contains("href=\"/fake/metrics\""));
  CHECK_THAT(f.page("/nowhere", ports[0]), StartsWith("404 "));
  CHECK_THAT(f.page("/-/healthy", ports[0]), StartsWith("200 "));
  net::HttpRequest post;
  post.method = "POST";
  CHECK(f.get("/metrics", ports[0], post).status == 405);
}

TEST_CASE("addresses follow the file: a new one opens, one that is gone closes, one that stays shows the new values",
          "[agent]") {
  Fixture f("fake: {listen: '127.0.0.1:0', targets: [{name: a, says: 5}]}\n");
  const auto ports = [&](std::string_view kind) { return f.thread.call([&] { return f.agent->ports(kind); }); };
  const std::uint16_t first = ports("fake").at(0);
  f.write(
      "fake: {listen: '127.0.0.1:0', targets: [{name: a, says: 6}]}\nother: {listen: '127.0.0.1:0', targets: [{name: "
      "b, says: 7}]}\n");
  CHECK(reload(f) == "200 ");
  CHECK(ports("fake").at(0) == first);
  CHECK_THAT(f.page("/metrics", first), Contains("fake_value 6\n"));
  CHECK_THAT(f.page("/metrics", ports("other").at(0)), Contains("fake_value 7\n"));
  f.write("");
  CHECK(reload(f) == "200 ");
  CHECK(ports("fake").empty());
}

TEST_CASE("an address that cannot be had refuses the whole file", "[agent]") {
  Fixture f("fake: {targets: [{name: a, says: 5}]}\n");
  const std::string taken = fmt::format("127.0.0.1:{}", f.agent->ports().at(0));
  f.write(fmt::format("fake: {{listen: '{}', targets: [{{name: a, says: 6}}]}}\n", taken));
  CHECK_THAT(reload(f), StartsWith("500 ") && Contains("/agent.yml:2:7: fake: listen tcp " + taken) &&
                            Contains("address already in use"));
  CHECK_THAT(f.page("/metrics"), Contains("fake_value 5\n"));
}

TEST_CASE("the health endpoints tell of the sources; one that is down is 503, but no reason to restart the agent",
          "[agent]") {
  AgentFixture f("fake: {targets: [{name: a}]}\nother: {targets: [{name: b, fails: refused}]}\n");
  REQUIRE(f.start().empty());
  CHECK_THAT(f.page("/health"), StartsWith("503 {\"status\":\"unhealthy\",\"checks\":{\"fake\":\"healthy\",\"other\":"
                                           "\"unhealthy\"},\"timestamp\":\"20"));
  CHECK_THAT(f.page("/health/detailed"), StartsWith("503 ") && Contains("\"message\":\"refused\""));
  for (const char* path :
       {"/health/live", "/health/ready", "/health/system", "/health/database", "/api/v1/monitoring/database/health"}) {
    INFO(path);
    CHECK_THAT(f.page(path), StartsWith("200 {\"status\":\"healthy\""));
  }
  CHECK(test::fake_counts().asked["a"] == 1);  // for the first one; the values were fresh for the others
}

}  // namespace tocsin::agent
