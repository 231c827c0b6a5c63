#include "config/discovery_config.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace tocsin;

namespace {

template <typename Config>
using Read = Result<Config> (*)(const yaml::Node&, std::vector<std::string>&);

template <typename Config>
Result<Config> read(Read<Config> reader, const std::string& text) {
  const auto node = yaml::parse(text, "/etc/prometheus/p.yml");
  REQUIRE(node);
  std::vector<std::string> warnings;
  return reader(*node, warnings);
}

struct Bad {
  const char* text;
  const char* words;
};

template <typename Config>
void must_refuse(Read<Config> reader, const Bad& bad) {
  INFO(bad.text);
  const std::string text = bad.text;
  const auto config = read(reader, text.starts_with("{") ? text : "{" + text + "}");
  REQUIRE(!config);
  CHECK_THAT(config.error().message, Catch::StartsWith("/etc/prometheus/p.yml:") && Catch::Contains(bad.words));
}

}  // namespace

TEST_CASE("file_sd: patterns are seen from the folder of the configuration") {
  const auto config = read(config::read_file_sd_config, "files: [a.json, t/*.yml, /srv/x*y.yaml, A.JSON, .YML]");
  REQUIRE(config);
  CHECK(config->files == std::vector<std::string>{"/etc/prometheus/a.json", "/etc/prometheus/t/*.yml", "/srv/x*y.yaml",
                                                  "/etc/prometheus/A.JSON", "/etc/prometheus/.YML"});
  CHECK(config->refresh_interval == Duration(5min));
}

TEST_CASE("file_sd: what Prometheus refuses") {
  must_refuse<config::FileSdConfig>(
      config::read_file_sd_config,
      GENERATE(values<Bad>({
          {"{}", "file service discovery config must contain at least one path name"},
          {"files: []", "must contain at least one path name"},
          {"files: [a.txt]", ":1:10: path name \"a.txt\" is not valid for file discovery"},
          {"files: [ok.json, '*/a.json']", "path name \"*/a.json\" is not valid for file discovery"},
          {"files: [a.Json]", "path name \"a.Json\" is not valid"},
          {"files: [a.json], foo: 1", "field foo not found in type file.plain"},
          {"files: [a.json], refresh_interval: x", "not a valid duration string"},
      })));
}

TEST_CASE("http_sd: URLs as Prometheus wants them") {
  const auto config =
      read(config::read_http_sd_config, "url: HTTPS://u:p@sd.example:8443/x?y\nrefresh_interval: 30s\nbearer_token: t");
  REQUIRE(config);
  CHECK(config->url == "HTTPS://u:p@sd.example:8443/x?y");
  CHECK(config->refresh_interval == Duration(30s));
  CHECK(config->http.authorization_credentials.reveal() == "t");
}

TEST_CASE("http_sd: what Prometheus refuses") {
  must_refuse<config::HttpSdConfig>(config::read_http_sd_config,
                                    GENERATE(values<Bad>({
                                        {"{}", "URL is missing"},
                                        {"url: ''", "URL is missing"},
                                        {"url: www.example.com/sd", "URL scheme must be 'http' or 'https'"},
                                        {"url: 'localhost:8080/sd'", "URL scheme must be 'http' or 'https'"},
                                        {"url: 'ftp://x/sd'", "URL scheme must be 'http' or 'https'"},
                                        {"url: 'http:///sd'", "host is missing in URL"},
                                        {"url: 'http:sd'", "host is missing in URL"},
                                        {"url: 'https://?x'", "host is missing in URL"},
                                        {"url: 'http://a b/'", "parse \"http://a b/\""},
                                        {"url: 'http://a:x/'", "parse \"http://a:x/\""},
                                        {"url: 'http://a/', basic_auth: {}, bearer_token: x", "at most one of"},
                                        {"url: 'http://a/', foo: 1", "field foo not found in type http.plain"},
                                    })));
}

TEST_CASE("dns_sd: types in any case, a port where the records have none") {
  auto config = read(config::read_dns_sd_config, "names: [_http._tcp.example]");
  REQUIRE(config);
  CHECK(config->type == "SRV");
  CHECK(config->refresh_interval == Duration(30s));
  config = read(config::read_dns_sd_config, "names: [a, b]\ntype: aaaa\nport: 9100");
  REQUIRE(config);
  CHECK(config->type == "AAAA");
  CHECK(config->port == 9100);
}

TEST_CASE("dns_sd: what Prometheus refuses") {
  must_refuse<config::DnsSdConfig>(
      config::read_dns_sd_config,
      GENERATE(values<Bad>({
          {"{}", "DNS-SD config must contain at least one SRV record name"},
          {"names: [a], type: A", "a port is required in DNS-SD configs for all record types except SRV"},
          {"names: [a], type: mx", "a port is required"},
          {"names: [a], type: TXT, port: 1", "invalid DNS-SD records type TXT"},
          {"names: [a], port: 99999999999", "cannot unmarshal"},
          {"names: [a], foo: 1", "field foo not found in type dns.plain"},
      })));
}

TEST_CASE("docker_sd: defaults and filters") {
  const auto config = read(config::read_docker_sd_config,
                           "host: unix:///var/run/docker.sock\nfilters:\n- name: label\n  values: [a=b, c]\n");
  REQUIRE(config);
  CHECK(config->host == "unix:///var/run/docker.sock");
  CHECK(config->port == 80);
  CHECK(config->host_networking_host == "localhost");
  CHECK(config->match_first_network);
  CHECK(config->refresh_interval == Duration(1min));
  REQUIRE(config->filters.size() == 1);
  CHECK(config->filters[0].first == "label");
  CHECK(config->filters[0].second == std::vector<std::string>{"a=b", "c"});
}

TEST_CASE("docker_sd: what Prometheus refuses") {
  must_refuse<config::DockerSdConfig>(
      config::read_docker_sd_config,
      GENERATE(values<Bad>({
          {"{}", "host missing"},
          {"host: localhost", "unable to parse docker host \"localhost\""},
          {"host: 'tcp://'", "unable to parse docker host"},
          {"host: 'npipe:////./pipe/x'", "is not one of unix, tcp, http, https"},
          {"host: 'tcp://x', filters: [{nam: x}]", "field nam not found in type moby.Filter"},
          {"host: 'tcp://x', foo: 1", "field foo not found in type moby.plain"},
      })));
}

TEST_CASE("a null element of any kind is refused, be it built or not") {
  const std::string kind = GENERATE("static_configs", "http_sd_configs", "gce_sd_configs");
  const auto node = yaml::parse(kind + ":\n-\n", "p.yml");
  REQUIRE(node);
  yaml::Fields fields(*node, "config.plain");
  config::DiscoveryConfigs out;
  std::vector<std::string> warnings;
  config::read_discovery(fields, out, warnings);
  const auto finished = fields.finish();
  REQUIRE(!finished);
  CHECK_THAT(finished.error().message, Catch::Contains("empty or null section in " + kind));
}

TEST_CASE("a kind that is not built loads with one warning") {
  const auto node =
      yaml::parse("gce_sd_configs: [{project: x}, {project: y}]\nstatic_configs: [{targets: [a]}]", "p.yml");
  REQUIRE(node);
  yaml::Fields fields(*node, "config.plain");
  config::DiscoveryConfigs out;
  std::vector<std::string> warnings;
  config::read_discovery(fields, out, warnings);
  REQUIRE(fields.finish());
  CHECK(out.statics.size() == 1);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "p.yml:1:1: field gce_sd_configs of config.plain is not supported by this build and is ignored");
}
