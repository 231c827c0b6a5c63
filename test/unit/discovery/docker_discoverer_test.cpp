#include <catch2/catch.hpp>

#include "discovery/discoverer.hpp"
#include "discovery/docker_targets.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using Groups = std::vector<TargetGroup>;

namespace {

constexpr const char* kContainers = R"([{
  "Id": "c1", "Names": ["/web"], "Image": "nginx", "ImageID": "sha256:1", "Labels": {"a.b-c": "x", "empty": ""},
  "HostConfig": {"NetworkMode": "front"},
  "NetworkSettings": {"Networks": {"front": {"NetworkID": "n1", "IPAddress": "10.0.0.2", "GlobalIPv6Address": ""}}},
  "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"PrivatePort": 53, "Type": "udp"}]}])";
constexpr const char* kNetworks = R"([{"Id": "n1", "Name": "front", "Scope": "local", "Internal": true,
                                       "Labels": {"net.label": "y"}}])";

std::string container(const std::string& id, const std::string& mode, const std::string& networks,
                      const std::string& ports = "[]") {
  return R"({"Id": ")" + id + R"(", "Names": ["/)" + id + R"("], "HostConfig": {"NetworkMode": ")" + mode +
         R"("}, "NetworkSettings": {"Networks": )" + networks + R"(}, "Ports": )" + ports + "}";
}

std::vector<std::string> addresses(const config::DockerSdConfig& config, const std::string& containers) {
  const auto group = discovery::docker_targets(config, containers, "[]");
  INFO(containers);
  REQUIRE(group);
  std::vector<std::string> out;
  for (const auto& target : group->targets) out.emplace_back(target.get("__address__"));
  return out;
}

/// The Docker Engine API as far as lists go: a ping that names the version, then versioned paths.
struct Fixture {
  test::LogCapture log;
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  discovery::Services services{loop, loop.work(), client, posix_fs(), "job"};
  config::DockerSdConfig config;
  std::vector<Groups> heard;
  std::unique_ptr<discovery::Discoverer> discoverer;

  explicit Fixture(const std::string& base = "http://localhost") {
    net::HttpResponse ping(200, "text/plain", "OK");
    ping.headers.set("Api-Version", "1.41");
    client.when("GET", base + "/_ping", ping);
    client.when("GET", base + "/v1.41/containers/json*", json(kContainers));
    client.when("GET", base + "/v1.41/networks", json(kNetworks));
  }
  static net::HttpResponse json(const std::string& text, int status = 200) {
    return net::HttpResponse(status, "application/json", text);
  }
  void start(const std::string& host) {
    config.host = host;
    discoverer = discovery::make_docker_discoverer(config, services);
    discoverer->start([this](Groups groups) { heard.push_back(std::move(groups)); });
    loop.advance(1s);
  }
};

}  // namespace

TEST_CASE("a published port of a container becomes a target with all its labels") {
  Fixture f;
  f.start("unix:///var/run/docker.sock");
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0] == Groups{{"Docker",
                              {{{"__address__", "10.0.0.2:80"},
                                {"__meta_docker_container_id", "c1"},
                                {"__meta_docker_container_image", "nginx"},
                                {"__meta_docker_container_image_id", "sha256:1"},
                                {"__meta_docker_container_label_a_b_c", "x"},
                                {"__meta_docker_container_name", "/web"},
                                {"__meta_docker_container_network_mode", "front"},
                                {"__meta_docker_network_id", "n1"},
                                {"__meta_docker_network_ingress", "false"},
                                {"__meta_docker_network_internal", "true"},
                                {"__meta_docker_network_ip", "10.0.0.2"},
                                {"__meta_docker_network_label_net_label", "y"},
                                {"__meta_docker_network_name", "front"},
                                {"__meta_docker_network_scope", "local"},
                                {"__meta_docker_port_private", "80"},
                                {"__meta_docker_port_public", "8080"},
                                {"__meta_docker_port_public_ip", "0.0.0.0"}}},
                              {}}});
}

TEST_CASE("hosts say where to ask and how") {
  struct Case {
    const char* host;
    const char* base;
    const char* socket;
    bool with_credentials;
  };
  const Case c = GENERATE(values<Case>({
      {"unix:///var/run/docker.sock", "http://localhost", "/var/run/docker.sock", false},
      {"tcp://10.0.0.9:2375", "http://10.0.0.9:2375", "", false},
      {"http://docker:2375/", "http://docker:2375", "", true},
      {"https://docker:2376", "https://docker:2376", "", true},
  }));
  Fixture f(c.base);
  f.config.http.authorization_credentials = Secret("token");
  f.start(c.host);
  REQUIRE(f.heard.size() == 1);
  REQUIRE(f.client.sent().size() == 3);
  for (const auto& sent : f.client.sent()) {
    CHECK(sent.options.unix_socket == c.socket);
    CHECK(sent.request.headers.has("Authorization") == c.with_credentials);
  }
}

TEST_CASE("filters are sent as the API wants them") {
  Fixture f;
  f.config.filters = {{"label", {"a=b", "c"}}, {"name", {"x"}}, {"status", {}}};
  f.start("unix:///s");
  CHECK(f.client.sent()[1].request.target ==
        "http://localhost/v1.41/containers/json?filters="
        "%7B%22label%22%3A%7B%22a%3Db%22%3Atrue%2C%22c%22%3Atrue%7D%2C%22name%22%3A%7B%22x%22%3Atrue%7D%7D");
}

TEST_CASE("a daemon that does not name its version is asked without one") {
  Fixture f;
  f.client.when("GET", "http://localhost/_ping", net::HttpResponse(200, "OK"));
  f.client.when("GET", "http://localhost/containers/json", Fixture::json(kContainers));
  f.client.when("GET", "http://localhost/networks", Fixture::json(kNetworks));
  f.start("unix:///s");
  CHECK(f.heard.size() == 1);
}

TEST_CASE("addresses follow networks, ports and modes") {
  const std::string two = R"({"b": {"IPAddress": "10.0.0.3"}, "a": {"IPAddress": "10.0.0.2"}, "none": null})";
  const std::string ports = R"([{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}])";
  struct Case {
    std::string containers;
    bool first;
    std::vector<std::string> addresses;
  };
  const std::vector<Case> cases = {
      {container("c", "b", two, ports), true, {"10.0.0.2:80", "10.0.0.2:81"}},
      {container("c", "b", two, ports), false, {"10.0.0.2:80", "10.0.0.2:81", "10.0.0.3:80", "10.0.0.3:81"}},
      {container("c", "b", two), true, {"10.0.0.2:9999"}},
      {container("c", "b", two, R"([{"PrivatePort": 53, "Type": "udp"}])"), true, {"10.0.0.2:9999"}},
      {container("c", "host", R"({"host": {}})"), true, {"host.example"}},
      {container("c", "x", R"({"x": {"GlobalIPv6Address": "2001:DB8:0::1"}})"), true, {"[2001:db8::1]:9999"}},
      {container("c", "x", R"({"x": {"IPAddress": "invalid IP"}})"), true, {":9999"}},
      {container("c", "x", "{}"), true, {}},
      {container("c", "x", "null"), true, {}},
      {container("c", "container:o", "{}", ports) + "," + container("o", "b", two),
       true,
       {"10.0.0.2:80", "10.0.0.2:81", "10.0.0.2:9999"}},
      {container("c", "container:nowhere", "{}"), true, {}},
      {container("c", "container:o", "{}") + "," + container("o", "container:c", "{}"), true, {}},
      {container("c", "container:c", "{}"), true, {}},
      {R"({"Id": "c", "Names": [], "NetworkSettings": {"Networks": {"a": {"IPAddress": "10.0.0.2"}}}})", true, {}},
  };
  for (const Case& c : cases) {
    config::DockerSdConfig config;
    config.port = 9999;
    config.host_networking_host = "host.example";
    config.match_first_network = c.first;
    CHECK(addresses(config, "[" + c.containers + "]") == c.addresses);
  }
}

TEST_CASE("a daemon that fails keeps the last targets; it is counted and logged once, with its words") {
  struct Case {
    const char* path;
    Result<net::HttpResponse> answer;
    const char* words;
  };
  const Case c = GENERATE(values<Case>({
      {"/_ping", fail(Errc::kIo, "dial unix /s: connect: no such file or directory"),
       "cannot connect to the Docker daemon at unix:///s: dial unix /s: connect: no such file or directory"},
      {"/v1.41/containers/json*", Fixture::json(R"({"message": "client version 1.41 is too old"})", 400),
       "error while listing containers: error response from daemon: client version 1.41 is too old"},
      {"/v1.41/networks", net::HttpResponse(500, "<html>"),
       "error while computing network labels: error response from daemon: HTTP status 500 Internal Server Error"},
      {"/v1.41/containers/json*", Fixture::json("{}"), "the list of containers is not an array"},
      {"/v1.41/containers/json*", Fixture::json("[{\"Id\": 1}]"), "field \\\"Id\\\" is not a text"},
      {"/v1.41/networks", Fixture::json("[{"), "invalid JSON"},
      {"/v1.41/networks", fail(Errc::kLimit, "body is too large"), "body is too large"},
  }));
  INFO(c.words);
  Fixture f;
  f.start("unix:///s");
  f.client.when("GET", std::string("http://localhost") + c.path, c.answer);
  f.loop.advance(120s);
  CHECK(f.heard.size() == 1);
  CHECK(f.services.stats->refreshes.at({"docker", "job"}).failures == 2);
  CHECK(f.log.lines().size() == 1);
  CHECK(f.log.contains(c.words));
}

TEST_CASE("a slow daemon has the interval for all of its answers") {
  Fixture f;
  f.client.set_delay(25s);
  f.start("unix:///s");
  f.loop.advance(60s);
  CHECK(f.heard.empty());
  CHECK(f.log.contains("context deadline exceeded"));
  f.client.set_delay(15s);
  f.loop.advance(60s);
  CHECK(f.heard.size() == 1);
}

TEST_CASE("a Docker discoverer may go while it is asking") {
  Fixture f;
  f.client.set_delay(5s);
  f.start("unix:///s");
  f.discoverer = nullptr;
  f.loop.advance(100s);
  CHECK(f.heard.empty());
}
