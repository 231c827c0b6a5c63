#include "discovery/kubernetes_discoverer.hpp"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "support/fake_kubernetes.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using discovery::TargetGroup;
using net::HttpResponse;

namespace {

constexpr const char* kPods = "/api/v1/pods";

std::string pod(const std::string& name, const std::string& ip, const std::string& more = "",
                const std::string& space = "default") {
  return fmt::format(R"({{"metadata": {{"namespace": "{}", "name": "{}"{}}}, "spec": {{"nodeName": "n1",
      "containers": [{{"name": "c", "ports": [{{"containerPort": 80}}]}}]}}, "status": {{"podIP": "{}"}}}})",
                     space, name, more, ip);
}

std::string status(int code, const std::string& message) {
  return fmt::format(R"({{"kind": "Status", "code": {}, "message": "{}"}})", code, message);
}

/// A cluster, a discoverer on it, and what it told.
struct Bench {
  explicit Bench(const std::string& role = "pod") { config.role = role; }

  void start(discovery::kubernetes::InformerLimits limits = {}) {
    if (config.api_server.empty() && config.kubeconfig_file.empty() && !in_cluster) config.api_server = "http://kube";
    const discovery::Services services{loop, loop.work(), cluster, fs, "job", stats};
    discoverer = discovery::make_kubernetes_discoverer(config, services, place, Rng(7), limits);
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
  /// Sources told since the last call.
  std::set<std::string> news(Duration after = 400ms) {
    told.clear();
    loop.advance(after);
    return told;
  }
  std::string label(const std::string& source, const std::string& name) const {
    const auto found = known.find(source);
    if (found == known.end()) return "no such group";
    const auto own = found->second.targets.at(0).get("__meta_kubernetes_" + name);
    return std::string(own.empty() ? found->second.labels.get("__meta_kubernetes_" + name) : own);
  }

  test::TestLoop loop;
  test::FakeKubernetes cluster{loop};
  MemFs fs;
  std::shared_ptr<discovery::Stats> stats = std::make_shared<discovery::Stats>();
  config::KubernetesSdConfig config;
  discovery::kubernetes::Place place{[](const std::string&) { return std::string(); }, "/sa"};
  bool in_cluster = false;
  std::unique_ptr<discovery::Discoverer> discoverer;
  std::map<std::string, TargetGroup> known;
  std::set<std::string> told;
  int words = 0;
};

using Set = std::set<std::string>;

}  // namespace

TEST_CASE("kubernetes: all is told at first and then what changed, coalesced") {
  Bench bench;
  for (int i = 0; i < 3; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), fmt::format("10.0.0.{}", i + 1)));
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.size() == 3);
  REQUIRE(bench.cluster.sent().size() == 2);
  CHECK(bench.cluster.sent()[0].request.target == "http://kube/api/v1/pods?limit=500");
  const std::string watch = bench.cluster.sent()[1].request.target;
  CHECK_THAT(watch,
             Catch::StartsWith("http://kube/api/v1/pods?allowWatchBookmarks=true&resourceVersion=103&timeoutSeconds="));
  CHECK_THAT(watch, Catch::EndsWith("&watch=true"));
  CHECK(bench.cluster.sent()[0].request.headers.get("Accept") == "application/json");

  bench.cluster.put(kPods, pod("p3", "10.0.0.9"));
  bench.cluster.put(kPods, pod("p0", "10.0.0.99"));
  bench.cluster.remove(kPods, "default/p1");
  CHECK(bench.news() == Set{"pod/default/p0", "pod/default/p1", "pod/default/p3"});
  CHECK(bench.words == 2);
  CHECK(bench.known.size() == 3);
  CHECK(bench.known.at("pod/default/p0").targets.at(0).get("__address__") == "10.0.0.99:80");
  CHECK(bench.stats->kubernetes_events.at({"pod", "add"}) == 4);
  CHECK(bench.stats->kubernetes_events.at({"pod", "update"}) == 1);
  CHECK(bench.stats->kubernetes_events.at({"pod", "delete"}) == 1);
}

TEST_CASE("kubernetes: an update that changes no label is not told") {
  Bench bench;
  bench.cluster.put(kPods, pod("p", "10.0.0.1"));
  bench.start();
  bench.cluster.put(kPods, pod("p", "10.0.0.1", R"(, "generation": 7)"));
  CHECK(bench.news().empty());
  CHECK(bench.words == 1);
}

TEST_CASE("kubernetes: nothing found is told once, so that an earlier configuration's targets go") {
  Bench bench;
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.empty());
}

TEST_CASE("kubernetes: a list comes in pages") {
  Bench bench;
  for (int i = 0; i < 7; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), "10.0.0.1"));
  bench.cluster.set_page_objects(3);
  bench.start();
  CHECK(bench.known.size() == 7);
  CHECK(bench.cluster.count({"limit=500"}) == 3);
  CHECK(bench.cluster.count({"continue="}) == 2);
}

TEST_CASE("kubernetes: a continue token that is too old begins the list again, all at once") {
  Bench bench;
  for (int i = 0; i < 7; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), "10.0.0.1"));
  bench.cluster.set_page_objects(3);
  bench.cluster.refuse("continue=", HttpResponse(410, status(410, "the continue token is too old")));
  bench.start();
  CHECK(bench.known.size() == 7);
  CHECK(bench.stats->kubernetes_failures == 0);
}

TEST_CASE("kubernetes: lines that come in any pieces are events") {
  Bench bench;
  bench.cluster.set_piece_bytes(GENERATE(1U, 7U, 64U));
  bench.start();
  for (int i = 0; i < 3; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), "10.0.0.1"));
  CHECK(bench.news(2s).size() == 3);
  CHECK(bench.cluster.open_watches() == 1);
}

TEST_CASE("kubernetes: a watch that breaks in a line goes on from where it was, and nothing is lost or told twice") {
  Bench bench;
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  bench.start();
  bench.cluster.put(kPods, pod("p1", "10.0.0.2"));
  CHECK(bench.news() == Set{"pod/default/p1"});
  bench.cluster.break_watches(R"({"type":"MODIFIED","object":{"metada)");
  bench.loop.advance(50ms);
  CHECK(bench.cluster.open_watches() == 0);
  bench.cluster.put(kPods, pod("p2", "10.0.0.3"));
  CHECK(bench.news(2s) == Set{"pod/default/p2"});
  CHECK(bench.cluster.count({"watch=true"}) == 2);
  CHECK(bench.cluster.count({"limit="}) == 1);
  CHECK(bench.cluster.count({"resourceVersion=102&"}) == 1);
  CHECK(bench.stats->kubernetes_failures == 0);
}

TEST_CASE("kubernetes: a watch whose time is over is asked for again at once") {
  Bench bench;
  bench.start();
  bench.loop.advance(11min);
  CHECK(bench.cluster.count({"limit="}) == 1);
  CHECK(bench.cluster.count({"watch=true"}) >= 2);
  CHECK(bench.stats->kubernetes_failures == 0);
}

TEST_CASE("kubernetes: a bookmark moves the place to go on from") {
  Bench bench;
  bench.start();
  bench.cluster.set_version(500);
  bench.cluster.send_bookmarks();
  bench.loop.advance(100ms);
  bench.cluster.end_watches();
  bench.loop.advance(3s);
  CHECK(bench.cluster.count({"resourceVersion=500&"}) == 1);
}

TEST_CASE("kubernetes: 410 Gone makes a new list, of which only the differences are told") {
  Bench bench;
  for (int i = 0; i < 3; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), "10.0.0.1"));
  bench.start();
  const int before = bench.words;
  const bool in_the_stream = GENERATE(true, false);
  if (in_the_stream) {
    bench.cluster.send_raw(R"({"type":"ERROR","object":)" + status(410, "too old resource version") + "}\n");
  } else {
    bench.cluster.break_watches();
  }
  bench.loop.advance(50ms);
  bench.cluster.put(kPods, pod("p1", "10.0.0.77"));
  bench.cluster.remove(kPods, "default/p2");
  bench.cluster.put(kPods, pod("p3", "10.0.0.5"));
  bench.cluster.forget_history();
  CHECK(bench.news(5s) == Set{"pod/default/p1", "pod/default/p2", "pod/default/p3"});
  CHECK(bench.words == before + 1);
  CHECK(bench.known.size() == 3);
  CHECK(bench.cluster.count({"limit="}) == 2);
  CHECK(bench.cluster.open_watches() == 1);
}

TEST_CASE("kubernetes: a server that is away keeps the last groups, is logged once, and asked with growing waits") {
  test::LogCapture log;
  Bench bench;
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  bench.start();
  bench.cluster.refuse("/", fail(Errc::kIo, "dial tcp: connect: connection refused"));
  bench.cluster.break_watches();
  bench.cluster.forget_sent();
  bench.loop.advance(5min);
  CHECK(bench.known.size() == 1);
  CHECK(bench.words == 1);
  const std::size_t asked = bench.cluster.sent().size();
  CHECK(asked >= 6);
  CHECK(asked <= 20);
  CHECK(bench.stats->kubernetes_failures == asked + 1);  // the watch that broke
  std::size_t errors = 0;
  for (const std::string& line : log.lines()) errors += line.find("level=error") != std::string::npos ? 1U : 0U;
  CHECK(errors <= 2);  // the watch, then the list
  CHECK(log.contains("failed to list pods"));
  CHECK(log.contains("connection refused"));

  bench.cluster.accept("/");
  bench.cluster.put(kPods, pod("p1", "10.0.0.2"));
  CHECK(bench.news(2min) == Set{"pod/default/p1"});
  CHECK(log.contains("list of pods works again"));
}

TEST_CASE("kubernetes: refusals of a list are told with the server's words and asked again") {
  struct Case {
    int code;
    const char* text;
  };
  const Case c = GENERATE(Case{401, "Unauthorized"}, Case{403, "Forbidden"}, Case{500, "Internal Server Error"},
                          Case{429, "Too Many Requests"});
  test::LogCapture log;
  Bench bench;
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  HttpResponse answer(c.code, status(c.code, "pods is not for you"));
  if (c.code == 429) answer.headers.set("Retry-After", "60");
  bench.cluster.refuse("limit=", answer);
  bench.start();
  CHECK(bench.words == 0);
  CHECK(log.contains(fmt::format("server returned HTTP status {} {}: pods is not for you", c.code, c.text)));
  bench.cluster.accept("limit=");
  bench.loop.advance(c.code == 429 ? 50s : 1s);
  CHECK(bench.words == (c.code == 429 ? 0 : bench.words));
  bench.loop.advance(20s);
  CHECK(bench.words == 1);
}

TEST_CASE("kubernetes: nonsense on a watch ends it, is counted, and the list is made anew") {
  test::LogCapture log;
  Bench bench;
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  bench.start();
  const std::string nonsense =
      GENERATE(std::string("<html>proxy error</html>\n"), std::string("{\"type\":\"ADDED\"}\n"),
               std::string(R"({"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":"5"}}})") + "\n");
  bench.cluster.send_raw(nonsense);
  bench.loop.advance(3s);
  CHECK(bench.stats->kubernetes_failures == 1);
  CHECK(log.contains("failed to watch pods"));
  CHECK(bench.cluster.count({"limit="}) == 2);
  CHECK(bench.known.size() == 1);
  CHECK(bench.words == 1);
  bench.cluster.put(kPods, pod("p1", "10.0.0.2"));
  CHECK(bench.news() == Set{"pod/default/p1"});
}

TEST_CASE("kubernetes: a line without end is cut off at its limit") {
  test::LogCapture log;
  Bench bench;
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  discovery::kubernetes::InformerLimits limits;
  limits.event_bytes = 10'000;
  bench.start(limits);
  for (int i = 0; i < 100; ++i) {
    bench.cluster.send_raw(std::string(1000, 'x'));
    bench.loop.advance(20ms);
  }
  CHECK(log.contains("an event has more than 10000 bytes"));
  CHECK(bench.known.size() == 1);
}

TEST_CASE("kubernetes: a list without end is cut off at its limits") {
  test::LogCapture log;
  Bench bench;
  for (int i = 0; i < 30; ++i) bench.cluster.put(kPods, pod(fmt::format("p{}", i), "10.0.0.1"));
  discovery::kubernetes::InformerLimits limits;
  SECTION("of objects") {
    limits.objects = 20;
    bench.start(limits);
    CHECK(log.contains("more than 20 objects"));
  }
  SECTION("of pages") {
    limits.pages = 5;
    bench.cluster.set_page_objects(2);
    bench.start(limits);
    CHECK(log.contains("the list does not end: 5 pages"));
  }
  CHECK(bench.words == 0);
}

TEST_CASE("kubernetes: a big object is read on a lane and keeps its place among the others") {
  Bench bench;
  bench.start();
  bench.cluster.put(kPods, pod("big", "10.0.0.1", R"(, "annotations": {"a": ")" + std::string(200'000, 'x') + "\"}"));
  bench.cluster.put(kPods, pod("big", "10.0.0.2"));
  bench.cluster.put(kPods, pod("small", "10.0.0.3"));
  CHECK(bench.news().size() == 2);
  CHECK(bench.known.at("pod/default/big").targets.at(0).get("__address__") == "10.0.0.2:80");
}

TEST_CASE("kubernetes: a watch that ends while its last event is still read on a lane goes on after it") {
  Bench bench;
  bench.start();
  bench.cluster.put(kPods, pod("big", "10.0.0.1", R"(, "annotations": {"a": ")" + std::string(200'000, 'x') + "\"}"));
  GENERATE(true, false) ? bench.cluster.end_watches() : bench.cluster.break_watches();
  CHECK(bench.news(3s) == Set{"pod/default/big"});
  CHECK(bench.cluster.open_watches() == 1);
  CHECK(bench.cluster.count({"limit="}) == 1);
  bench.cluster.put(kPods, pod("p1", "10.0.0.2"));
  CHECK(bench.news() == Set{"pod/default/p1"});
}

TEST_CASE("kubernetes: after close nobody is told, and the watch ends at its next word") {
  Bench bench;
  bench.start();
  bench.discoverer.reset();
  bench.cluster.put(kPods, pod("p0", "10.0.0.1"));
  CHECK(bench.news(2s).empty());
  CHECK(bench.cluster.open_watches() == 0);
  CHECK(bench.loop.failures().empty());
}

TEST_CASE("kubernetes: selectors and namespaces are asked for") {
  Bench bench;
  bench.config.namespaces = {"a", "b", "a"};
  bench.config.selectors = {{"pod", "app in (x,y)", "status.phase=Running"}};
  bench.cluster.put(kPods, pod("p0", "10.0.0.1", "", "a"));
  bench.cluster.put(kPods, pod("p0", "10.0.0.2", "", "b"));
  bench.cluster.put(kPods, pod("p0", "10.0.0.3", "", "c"));
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.known.size() == 2);
  CHECK(bench.cluster.count({"/namespaces/a/pods?", "limit=500"}) == 1);
  CHECK(bench.cluster.count({"/namespaces/b/pods?", "watch=true", "fieldSelector=status.phase%3DRunning",
                             "labelSelector=app+in+%28x%2Cy%29"}) == 1);
  bench.cluster.put(kPods, pod("p1", "10.0.0.4", "", "b"));
  bench.cluster.put(kPods, pod("p1", "10.0.0.4", "", "c"));
  CHECK(bench.news() == Set{"pod/b/p1"});
}

TEST_CASE("kubernetes: what is attached to pods follows its own changes") {
  Bench bench;
  bench.config.attach_node = bench.config.attach_namespace = true;
  bench.config.attach_deployment = bench.config.attach_cronjob = true;
  const auto node = [](const std::string& zone) {
    return R"({"metadata": {"name": "n1", "labels": {"zone": ")" + zone + R"("}}})";
  };
  bench.cluster.put("/api/v1/nodes", node("z1"));
  bench.cluster.put("/api/v1/namespaces", R"({"metadata": {"name": "default", "labels": {"tier": "1"}}})");
  bench.cluster.put(kPods, pod("p0", "10.0.0.1", R"(, "ownerReferences":
      [{"kind": "ReplicaSet", "name": "rs", "controller": true}])"));
  bench.start();
  CHECK(bench.words == 1);
  CHECK(bench.label("pod/default/p0", "node_label_zone") == "z1");
  CHECK(bench.label("pod/default/p0", "namespace_label_tier") == "1");
  bench.cluster.put("/api/v1/nodes", node("z2"));
  CHECK(bench.news() == Set{"pod/default/p0"});
  CHECK(bench.label("pod/default/p0", "node_label_zone") == "z2");
  bench.cluster.put("/api/v1/namespaces", R"({"metadata": {"name": "default", "labels": {"tier": "2"}}})");
  CHECK(bench.news() == Set{"pod/default/p0"});
  CHECK(bench.label("pod/default/p0", "namespace_label_tier") == "2");
  bench.cluster.put("/apis/apps/v1/replicasets", R"({"metadata": {"namespace": "default", "name": "rs",
      "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]}})");
  CHECK(bench.news() == Set{"pod/default/p0"});
  CHECK(bench.label("pod/default/p0", "pod_deployment_name") == "web");
  bench.cluster.remove("/api/v1/nodes", "n1");
  CHECK(bench.news() == Set{"pod/default/p0"});
  CHECK(bench.known.empty());
}

TEST_CASE("kubernetes: endpoints follow their services and pods") {
  const bool slices = GENERATE(false, true);
  Bench bench(slices ? "endpointslice" : "endpoints");
  bench.config.attach_deployment = true;
  const std::string source = slices ? "endpointslice/default/web" : "endpoints/default/web";
  if (slices) {
    bench.cluster.put("/apis/discovery.k8s.io/v1/endpointslices", R"({"metadata": {"namespace": "default",
        "name": "web", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4", "ports": [{"port": 80}],
        "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "namespace": "default", "name": "p0"}}]})");
  } else {
    bench.cluster.put("/api/v1/endpoints", R"({"metadata": {"namespace": "default", "name": "web"}, "subsets": [{
        "ports": [{"port": 80}],
        "addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "namespace": "default", "name": "p0"}}]}]})");
  }
  bench.start();
  CHECK(bench.label(source, "pod_name").empty());
  bench.cluster.put(kPods, pod("p0", "10.0.0.1", R"(, "ownerReferences":
      [{"kind": "ReplicaSet", "name": "rs", "controller": true}])"));
  bench.cluster.put(kPods, pod("p1", "10.0.0.2"));
  CHECK(bench.news() == Set{source});
  CHECK(bench.label(source, "pod_name") == "p0");
  bench.cluster.put("/api/v1/services", R"({"metadata": {"namespace": "default", "name": "web"}})");
  bench.cluster.put("/api/v1/services", R"({"metadata": {"namespace": "default", "name": "other"}})");
  CHECK(bench.news() == Set{source});
  CHECK(bench.label(source, "service_name") == "web");
  bench.cluster.put("/apis/apps/v1/replicasets", R"({"metadata": {"namespace": "default", "name": "rs",
      "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]}})");
  CHECK(bench.news() == Set{source});
  CHECK(bench.label(source, "pod_deployment_name") == "web");
}

TEST_CASE("kubernetes: nothing is told before all kinds are known") {
  Bench bench("endpoints");
  bench.cluster.refuse("/services", fail(Errc::kIo, "connection refused"));
  bench.cluster.put("/api/v1/endpoints", R"({"metadata": {"namespace": "default", "name": "web"}, "subsets": [{
      "ports": [{"port": 80}], "addresses": [{"ip": "10.0.0.1"}]}]})");
  bench.start();
  bench.loop.advance(5s);
  CHECK(bench.words == 0);
  bench.cluster.accept("/services");
  bench.loop.advance(1min);
  CHECK(bench.words == 1);
  CHECK(bench.known.size() == 1);
}

TEST_CASE("kubernetes: in a cluster the pod's own account is used, and its files are waited for") {
  test::LogCapture log;
  Bench bench;
  bench.in_cluster = true;
  bench.config.own_namespace = true;
  std::map<std::string, std::string> environment;
  bench.place.environment = [&environment](const std::string& name) { return environment[name]; };
  bench.start();
  CHECK(log.contains("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT"));

  environment = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}};
  REQUIRE(bench.fs.create_directories("/sa"));
  REQUIRE(bench.fs.write_file_atomic("/sa/token", "t0ken\n"));
  REQUIRE(bench.fs.write_file_atomic("/sa/ca.crt", "certificate"));
  REQUIRE(bench.fs.write_file_atomic("/sa/namespace", "here"));
  const auto access = discovery::kubernetes::find_access(bench.config, bench.place, bench.fs);
  REQUIRE(access);
  CHECK(access->server == "https://[fd00::1]:6443");
  CHECK(access->http.authorization_credentials_file == "/sa/token");
  CHECK(access->http.tls.ca_file == "/sa/ca.crt");
  CHECK(access->own_namespace == "here");
}

TEST_CASE("kubernetes: a kubeconfig file says where and who") {
  MemFs fs;
  REQUIRE(fs.create_directories("/k"));
  const auto read = [&fs](const std::string& text) {
    REQUIRE(fs.write_file_atomic("/k/config", text));
    return discovery::kubernetes::read_kubeconfig("/k/config", fs);
  };
  const std::string head = "current-context: main\ncontexts: [{name: main, context: {cluster: c, user: u}}]\n";
  const auto with = [&](const std::string& cluster, const std::string& user) {
    return read(head + "clusters: [{name: x, cluster: {}}, {name: c, cluster: " + cluster +
                "}]\nusers: [{name: u, user: " + user + "}]\n");
  };

  const auto token =
      with("{server: 'https://k:6443/', certificate-authority: ca.pem, tls-server-name: n}", "{token: t}");
  REQUIRE(token);
  CHECK(token->server == "https://k:6443");
  CHECK(token->http.tls.ca_file == "/k/ca.pem");
  CHECK(token->http.tls.server_name == "n");
  CHECK(token->http.authorization_credentials.reveal() == "t");

  const auto data = with("{server: k, certificate-authority-data: Q0E=}",
                         "{client-certificate-data: \"Q0VS\\nVA==\", client-key-data: S0VZ, tokenFile: t}");
  REQUIRE(data);
  CHECK(data->server == "https://k");
  CHECK(data->http.tls.ca == "CA");
  CHECK(data->http.tls.cert == "CERT");
  CHECK(data->http.tls.key.reveal() == "KEY");
  CHECK(data->http.authorization_credentials_file == "/k/t");

  const auto basic = with("{server: 'http://k', insecure-skip-tls-verify: true}", "{username: a, password: b}");
  REQUIRE(basic);
  CHECK(basic->http.tls.insecure_skip_verify);
  CHECK(basic->http.username == "a");

  const auto refused = [](const Result<discovery::kubernetes::Access>& access) {
    return access ? "accepted" : access.error().message;
  };
  CHECK_THAT(refused(with("{server: k}", "{exec: {command: aws}}")),
             Catch::Contains("\"exec\" of a kubeconfig user is not supported"));
  CHECK_THAT(refused(with("{}", "{}")), Catch::Contains("/k/config:3:55: the cluster has no server"));
  CHECK_THAT(refused(with("{server: k, certificate-authority: a, insecure-skip-tls-verify: true}", "{}")),
             Catch::Contains("specifying a root certificates file with the insecure flag is not allowed"));
  CHECK_THAT(refused(with("{server: k, certificate-authority-data: '*'}", "{}")),
             Catch::Contains("illegal base64 data"));
  CHECK_THAT(refused(read("{}\n")), Catch::Contains("current-context is not set"));
  CHECK_THAT(refused(read(head)), Catch::Contains("cluster \"c\" does not exist"));
  CHECK_THAT(refused(read("[")), Catch::StartsWith("/k/config:"));
  CHECK_THAT(refused(discovery::kubernetes::read_kubeconfig("/k/none", fs)), Catch::Contains("/k/none"));
}
