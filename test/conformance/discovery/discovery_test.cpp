// Files, answers of HTTP endpoints and of the Docker API from Prometheus' own tests, and the targets that Prometheus
// makes of them.

#include <cstdlib>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "discovery/docker_targets.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using Groups = std::vector<TargetGroup>;

namespace {

std::string corpus() {
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora != nullptr) return std::string(corpora) + "/discovery";
  WARN("TOCSIN_CORPORA is not set: Prometheus' discovery fixtures were not tried");
  return "";
}

std::string read_file(const std::string& path) {
  INFO(path);
  const auto text = posix_fs().read_file(path);
  REQUIRE(text);
  return *text;
}

/// What a discoverer says at first.
struct Heard {
  test::LogCapture log;
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  discovery::Services services{loop, loop.work(), client, posix_fs(), "job"};
  std::vector<Groups> words;

  void listen(std::unique_ptr<discovery::Discoverer> discoverer) {
    discoverer->start([this](Groups groups) { words.push_back(std::move(groups)); });
    loop.advance(1s);
  }
};

TargetGroup group(const std::string& source, const std::vector<std::string>& addresses, model::LabelsBuilder labels) {
  TargetGroup out{source, {}, labels.build()};
  for (const auto& address : addresses) out.targets.push_back({{"__address__", address}});
  return out;
}

model::LabelsBuilder of_file(const std::string& path) {
  model::LabelsBuilder labels;
  labels.set("__meta_filepath", path);
  return labels;
}

std::vector<model::Labels> expected_targets(const boost::json::value& list) {
  std::vector<model::Labels> out;
  for (const auto& target : list.as_array()) {
    model::LabelsBuilder labels;
    for (const auto& [name, value] : target.as_object()) labels.set(name, std::string(value.as_string()));
    out.push_back(labels.build());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("Prometheus' file_sd fixtures give its groups") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  for (const std::string name : {"valid.json", "valid.yml", "valid3.yml"}) {
    const std::string path = folder + "/file/fixtures/" + name;
    Heard heard;
    heard.listen(discovery::make_file_discoverer({.files = {path}}, heard.services));
    REQUIRE(heard.words.size() == 1);
    CHECK(heard.words[0] ==
          Groups{group(path + ":0", {"localhost:9090", "example.org:443"}, of_file(path).set("foo", "bar")),
                 group(path + ":1", {"my.domain"}, of_file(path))});
  }
  const std::string path = folder + "/file/fixtures/valid2.yml";
  Heard heard;
  heard.listen(discovery::make_file_discoverer({.files = {path}}, heard.services));
  REQUIRE(heard.words.size() == 1);
  CHECK(heard.words[0] ==
        Groups{group(path + ":0", {"my.domain"}, of_file(path)),
               group(path + ":1", {"localhost:9090"}, of_file(path).set("foo", "bar").set("fred", "baz")),
               group(path + ":2", {"example.org:443"}, of_file(path).set("scheme", "https"))});
}

TEST_CASE("Prometheus' bad file_sd fixtures give nothing but an error") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  for (const std::string name : {"invalid_nil.json", "invalid_nil.yml"}) {
    Heard heard;
    heard.listen(discovery::make_file_discoverer({.files = {folder + "/file/fixtures/" + name}}, heard.services));
    REQUIRE(heard.words.size() == 1);
    CHECK(heard.words[0].empty());
    CHECK(heard.services.stats->file_read_errors == 1);
    CHECK(heard.log.contains("nil target group item found"));
  }
}

TEST_CASE("Prometheus' http_sd fixture gives its group") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  Heard heard;
  const std::string url = "http://sd.example/http_sd.good.json";
  heard.client.when("GET", url,
                    net::HttpResponse(200, "application/json", read_file(folder + "/http/fixtures/http_sd.good.json")));
  heard.listen(discovery::make_http_discoverer({.url = url}, heard.services));
  REQUIRE(heard.words.size() == 1);
  model::LabelsBuilder labels;
  labels.set("__meta_datacenter", "bru1").set("__meta_url", url);
  CHECK(heard.words[0] == Groups{group(url + ":0", {"127.0.0.1:9090"}, labels)});
}

TEST_CASE("Prometheus' answers of the Docker API give its targets") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  const auto cases = boost::json::parse(read_file(std::string(TOCSIN_TEST_DATA) + "/docker_targets.json"));
  CHECK(cases.as_array().size() == 3);
  for (const auto& c : cases.as_array()) {
    const std::string answers = folder + "/moby/testdata/" + std::string(c.at("folder").as_string());
    INFO(answers);
    config::DockerSdConfig config;
    config.match_first_network = c.at("match_first_network").as_bool();
    const auto found = discovery::docker_targets(config, read_file(answers + "/containers/json.json"),
                                                 read_file(answers + "/networks.json"));
    REQUIRE(found);
    CHECK(found->source == "Docker");
    std::vector<model::Labels> targets = found->targets;
    std::sort(targets.begin(), targets.end());
    CHECK(targets == expected_targets(c.at("targets")));
  }
}
