#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "exporters/elasticsearch/elasticsearch.hpp"
#include "support/fake_http_client.hpp"
#include "support/test_loop.hpp"

namespace tocsin::exporters::elasticsearch {
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
                    .environment = [](const std::string& name) { return name == "KEY" ? "abc" : ""; },
                    .anchor = std::make_shared<LoopAnchor>(loop)};
  std::unique_ptr<Source> source;

  Result<void> read(const std::string& text) {
    TOCSIN_TRY(const yaml::Node root, yaml::parse(text, "agent.yml"));
    TOCSIN_TRY(source, source_info().make(root["elasticsearch"], services));
    return {};
  }
  void answer(const std::string& path, const std::string& json) {
    http.when("GET", "http://es:9200" + path, net::HttpResponse(200, json));
  }
  /// The page, and behind it the error if there is one.
  std::string collect(const std::shared_ptr<Target>& target) {
    auto page = std::make_shared<expo::Page>();
    page->begin();
    const auto result = loop.run(target->collect(page, loop.clock().mono() + std::chrono::seconds(5)));
    page->end();
    return page->render() + (result ? "" : result.error().message);
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a target asks for what its section says, with its credentials", "[elasticsearch]") {
  Fixture f;
  REQUIRE(f.read("elasticsearch:\n  targets: [{uri: 'http://u:p@es:9200/', all: true, tasks: true}]\n"));
  REQUIRE(f.source->targets().size() == 1);
  CHECK(f.source->targets()[0].server == "es:9200");
  f.answer("/", R"({"cluster_name":"c","version":{"number":"8.9.1"}})");
  f.answer("/_cluster/health", R"({"cluster_name":"c","status":"green"})");
  f.answer("/_nodes/stats", R"({"cluster_name":"c","nodes":{"id":{"name":"n"}}})");
  f.answer("/_tasks?group_by=none&actions=indices%3A%2A", R"({"tasks":[{"action":"a"},{"action":"a"}]})");
  const std::string page = f.collect(f.source->targets()[0].target);
  CHECK(has(page, "elasticsearch_version{"));
  CHECK(has(page, "elasticsearch_nodes_roles{"));
  CHECK(has(page, "elasticsearch_task_stats_action{action=\"a\"} 2\n"));
  CHECK(has(page, "elasticsearch_scrape_success{collector=\"tasks\"} 1\n"));
  CHECK(page.ends_with("elasticsearch_cluster_health_up 1\n") == false);
  CHECK(has(page, "elasticsearch_cluster_health_up 1\n"));
  for (const auto& sent : f.http.sent()) CHECK(sent.request.headers.get("Authorization") == "Basic dTpw");
}

TEST_CASE("a key of the environment is sent, and never named", "[elasticsearch]") {
  Fixture f;
  REQUIRE(f.read("elasticsearch:\n  targets: [{uri: 'http://es:9200', api_key_env: KEY}]\n"));
  const std::string page = f.collect(f.source->targets()[0].target);
  REQUIRE_FALSE(f.http.sent().empty());
  CHECK(f.http.sent()[0].request.headers.get("Authorization") == "ApiKey abc");
  CHECK(has(page, "elasticsearch_cluster_health_up 0\n"));
  CHECK_FALSE(has(page, "abc"));
}

TEST_CASE("a node that does not answer is asked once, one that refuses a document for the others", "[elasticsearch]") {
  Fixture f;
  REQUIRE(f.read("elasticsearch:\n  targets: [{uri: 'http://es:9200', ilm: true, snapshots: true}]\n"));
  const std::string down = f.collect(f.source->targets()[0].target);
  CHECK(f.http.sent().size() == 1);
  CHECK(has(down, "GET /: "));
  f.http.forget();
  f.answer("/", R"({"cluster_name":"c"})");
  f.http.when("GET", "http://es:9200/_cluster/health", net::HttpResponse(403, "no"));
  f.answer("/_nodes/_local/stats", "not JSON");
  f.answer("/_snapshot", R"({"my repo":{}})");
  f.answer("/_snapshot/my%20repo/_all", R"({"snapshots":[]})");
  const std::string page = f.collect(f.source->targets()[0].target);
  CHECK(page.ends_with("GET /_cluster/health: HTTP Request failed with code 403"));
  CHECK(has(page, "elasticsearch_snapshot_stats_number_of_snapshots{repository=\"my repo\"} 0\n"));
  CHECK(has(page, "elasticsearch_scrape_success{collector=\"ilm\"} 0\n"));
}

TEST_CASE("a probe takes its address from the request and the rest from its module", "[elasticsearch]") {
  Fixture f;
  REQUIRE(f.read("elasticsearch:\n  auth_modules: {m: {basic_auth: {username: u, password: p}}}\n"));
  CHECK(f.source->targets().empty());
  CHECK(f.source->probe_path() == "/probe");
  const auto probe = [&](const std::string& query) {
    return f.source->probe(net::HttpRequest("GET", "/probe?" + query));
  };
  CHECK(probe("").error().message == "missing target parameter");
  CHECK(probe("target=es:9200&auth_module=x").error().message == "unknown auth_module \"x\"");
  CHECK(probe("target=ftp://es").error().code == Errc::kInvalid);
  const auto target = probe("target=es:9200&auth_module=m");
  REQUIRE(target);
  f.collect(*target);
  REQUIRE_FALSE(f.http.sent().empty());
  CHECK(f.http.sent()[0].request.target == "http://es:9200/");
  CHECK(f.http.sent()[0].request.headers.get("Authorization") == "Basic dTpw");
}

TEST_CASE("the section's switches are those of its targets, modules and probes, which may say otherwise",
          "[elasticsearch]") {
  Fixture f;
  REQUIRE(
      f.read("elasticsearch:\n  all: true\n  tasks: true\n  targets: [{uri: 'http://es:9200'}, {uri: 'http://es:9200', "
             "server: b, "
             "tasks: false}]\n  auth_modules: {m: {all: false}}\n"));
  f.answer("/", R"({"cluster_name":"c"})");
  const auto asked = [&](const std::shared_ptr<Target>& target) {
    const std::size_t before = f.http.sent().size();
    f.collect(target);
    std::string paths;
    for (std::size_t i = before; i < f.http.sent().size(); ++i) {
      paths += f.http.sent()[i].request.target.substr(std::string_view("http://es:9200").size()) + " ";
    }
    return paths;
  };
  const std::string tasks = "/_tasks?group_by=none&actions=indices%3A%2A ";
  CHECK(asked(f.source->targets()[0].target) == "/ /_cluster/health /_nodes/stats " + tasks);
  CHECK(asked(f.source->targets()[1].target) == "/ /_cluster/health /_nodes/stats ");
  CHECK(asked(*f.source->probe(net::HttpRequest("GET", "/probe?target=es:9200"))) ==
        "/ /_cluster/health /_nodes/stats " + tasks);
  CHECK(asked(*f.source->probe(net::HttpRequest("GET", "/probe?target=es:9200&auth_module=m"))) ==
        "/ /_cluster/health /_nodes/_local/stats " + tasks);
}

TEST_CASE("a section with mistakes says where", "[elasticsearch]") {
  Fixture f;
  CHECK(f.read("elasticsearch:\n  targets: [{uri: 'http://es:9200', indexes: true}]\n").error().message ==
        "agent.yml:2:37: field indexes not found in type elasticsearch target");
  CHECK(f.read("elasticsearch:\n  targets: [{uri: nowhere}]\n").error().message.starts_with("agent.yml:2:13: uri: "));
  CHECK(f.read("elasticsearch:\n  targets: [{uri: 'http://es:9200'}, {uri: 'http://es:9200'}]\n").error().message ==
        "agent.yml:2:38: two targets of the name es:9200: give one of them another `server`");
  CHECK(f.read("elasticsearch:\n  target: []\n").error().message ==
        "agent.yml:2:3: field target not found in type elasticsearch");
}

}  // namespace tocsin::exporters::elasticsearch
