#include "config/prometheus_config.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using config::PrometheusConfig;

namespace {

std::string no_environment(const std::string&) {
  return "";
}

std::shared_ptr<const PrometheusConfig> must_load(const std::string& text) {
  auto config = config::parse_prometheus_config(text, "/etc/p/p.yml", no_environment);
  INFO((config ? "" : config.error().message));
  REQUIRE(config);
  return *config;
}

std::string error_of(const std::string& text) {
  const auto config = config::parse_prometheus_config(text, "p.yml", no_environment);
  return config ? "" : config.error().message;
}

}  // namespace

TEST_CASE("an empty configuration has Prometheus' defaults") {
  for (const char* text : {"", "global:\nscrape_configs:\nalerting:\nrule_files:\n", "{}"}) {
    INFO(text);
    const auto config = must_load(text);
    CHECK(config->scrape_interval == 1min);
    CHECK(config->scrape_timeout == 10s);
    CHECK(config->evaluation_interval == 1min);
    CHECK(config->rule_query_offset == 0s);
    CHECK(config->external_labels.empty());
    CHECK(config->scrape_configs.empty());
    CHECK(config->warnings.empty());
  }
}

TEST_CASE("a whole configuration is read") {
  const auto config = must_load(R"(
scrape_configs:
  - job_name: node
    honor_labels: true
    honor_timestamps: false
    track_timestamps_staleness: true
    scrape_interval: 5s
    metrics_path: /m
    scheme: https
    params: {z: [1], module: [a, b]}
    enable_compression: false
    body_size_limit: 1KB
    sample_limit: 7
    fallback_scrape_protocol: PrometheusText0.0.4
    scrape_protocols: [PrometheusText1.0.0]
    basic_auth: {username: u, password: p}
    follow_redirects: false
    static_configs:
      - targets: ["a:1", "b:2"]
        labels: {zone: x}
      - targets: ["c:3"]
    relabel_configs:
      - {action: labeldrop, regex: tmp}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: go_.*, action: drop}
  - job_name: plain
global:
  scrape_interval: 15s
  evaluation_interval: 20s
  rule_query_offset: 1m
  external_labels: {site: here, empty: ""}
  target_limit: 9
  sample_limit: 100
rule_files: ["*.yml", /abs/x.yml]
alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: replica}
  alertmanagers:
    - scheme: https
      path_prefix: /am
      timeout: 3s
      authorization: {credentials: c}
      static_configs: [{targets: ["am:9093"]}]
)");
  CHECK(config->warnings.empty());
  CHECK(config->scrape_interval == 15s);
  CHECK(config->scrape_timeout == 10s);
  CHECK(config->evaluation_interval == 20s);
  CHECK(config->rule_query_offset == 1min);
  CHECK(config->external_labels.to_string() == "{site=\"here\"}");
  CHECK(config->rule_files == std::vector<std::string>{"/etc/p/*.yml", "/abs/x.yml"});

  REQUIRE(config->scrape_configs.size() == 2);
  const config::ScrapeConfig& node = config->scrape_configs[0];
  CHECK(node.job_name == "node");
  CHECK(node.honor_labels);
  CHECK_FALSE(node.honor_timestamps);
  CHECK(node.track_timestamps_staleness);
  CHECK(node.scrape_interval == 5s);
  CHECK(node.scrape_timeout == 5s);  // the default, lowered to the interval
  CHECK(node.metrics_path == "/m");
  CHECK(node.scheme == "https");
  REQUIRE(node.params.size() == 2);
  CHECK(node.params[0].first == "module");
  CHECK(node.params[0].second == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(node.enable_compression);
  CHECK(node.body_size_limit == 1024);
  CHECK(node.sample_limit == 7);
  CHECK(node.target_limit == 9);
  CHECK(node.fallback_scrape_protocol == "PrometheusText0.0.4");
  CHECK(node.scrape_protocols == std::vector<std::string>{"PrometheusText1.0.0"});
  CHECK(node.http.username == "u");
  CHECK(node.http.password.reveal() == "p");
  CHECK_FALSE(node.http.follow_redirects);
  REQUIRE(node.discovery.statics.size() == 2);
  CHECK(node.discovery.statics[0].targets == std::vector<std::string>{"a:1", "b:2"});
  CHECK(node.discovery.statics[0].labels.get("zone") == "x");
  CHECK(node.relabel_configs.size() == 1);
  CHECK(node.metric_relabel_configs.size() == 1);

  const config::ScrapeConfig& plain = config->scrape_configs[1];
  CHECK(plain.scrape_interval == 15s);
  CHECK(plain.scrape_timeout == 10s);
  CHECK(plain.sample_limit == 100);
  CHECK(plain.metrics_path == "/metrics");
  CHECK(plain.http.follow_redirects);

  CHECK(config->alert_relabel_configs.size() == 1);
  REQUIRE(config->alertmanagers.size() == 1);
  const config::AlertmanagerTarget& alertmanager = config->alertmanagers[0];
  CHECK(alertmanager.scheme == "https");
  CHECK(alertmanager.path_prefix == "/am");
  CHECK(alertmanager.timeout == 3s);
  CHECK(alertmanager.http.authorization_type == "Bearer");
  CHECK(alertmanager.http.authorization_credentials.reveal() == "c");
  CHECK(alertmanager.discovery.statics[0].targets == std::vector<std::string>{"am:9093"});
}

TEST_CASE("mistakes are refused with position and Prometheus' words") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"globl: {}", "p.yml:1:1: field globl not found in type config.plain"},
      {"global:\n  interval: 1s", "p.yml:2:3: field interval not found in type config.plain"},
      {"global: {scrape_interval: 1s, scrape_timeout: 2s}",
       "p.yml:1:47: global scrape timeout greater than scrape interval"},
      {"global: {scrape_interval: 5x}", "p.yml:1:27: unknown unit \"x\" in duration \"5x\""},
      {"global: {external_labels: {a: !!binary /w==}}", "p.yml:1:31: \"\\xff\" is not a valid label value"},
      {"global: {scrape_protocols: [a]}",
       "p.yml:1:29: scrape_protocols: unknown scrape protocol a, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 "
       "PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] for global config"},
      {"global: {metric_name_validation_scheme: loose}", "p.yml:1:41: unrecognized ValidationScheme: \"loose\""},
      {"scrape_configs: [~]", "p.yml:1:18: empty or null scrape config section"},
      {"scrape_configs: [{}]", "p.yml:1:18: job_name is empty"},
      {"scrape_configs: {}", "p.yml:1:17: cannot unmarshal !!map into a sequence of scrape_configs"},
      {"scrape_configs:\n- job_name: a\n- job_name: a\n",
       "p.yml:3:13: found multiple scrape configs with job name \"a\""},
      {"scrape_configs: [{job_name: a, scrape_interval: 1s, scrape_timeout: 2s}]",
       "p.yml:1:69: scrape timeout greater than scrape interval for scrape config with job name \"a\""},
      {"scrape_configs: [{job_name: a, static_configs: [{targets: [\"http://a:1\"]}]}]",
       "p.yml:1:60: \"http://a:1\" is not a valid hostname"},
      {"scrape_configs: [{job_name: a, static_configs: [{targets: a}]}]",
       "p.yml:1:59: cannot unmarshal !!str `a` into []string"},
      {"scrape_configs: [{job_name: a, static_configs: [{target: [a]}]}]",
       "p.yml:1:50: field target not found in type targetgroup.Group"},
      {"scrape_configs: [{job_name: a, static_configs: [{labels: {\"\": a}}]}]",
       "p.yml:1:59: \"\" is not a valid label name"},
      {"scrape_configs: [{job_name: a, basic_auth: {username: a}, authorization: {credentials: b}}]",
       "p.yml:1:18: at most one of basic_auth, oauth2 & authorization must be configured"},
      {"scrape_configs: [{job_name: a, authorization: {type: BASIC}}]",
       "p.yml:1:54: authorization type cannot be set to \"basic\", use \"basic_auth\" instead"},
      {"scrape_configs: [{job_name: a, basic_auth: {user: a}}]",
       "p.yml:1:45: field user not found in type config.plain"},
      {"scrape_configs: [{job_name: a, body_size_limit: 10}]", "p.yml:1:49: units: unknown unit  in 10"},
      {"scrape_configs: [{job_name: a, relabel_configs: [~]}]",
       "p.yml:1:50: empty or null target relabeling rule in scrape config"},
      {"scrape_configs: [{job_name: a, params: {x: v}}]", "p.yml:1:44: cannot unmarshal !!str `v` into []string"},
      {"rule_files: [a/*/b.yml]", "p.yml:1:14: invalid rule file path \"a/*/b.yml\""},
      {"rule_files: a.yml", "p.yml:1:13: cannot unmarshal !!str `a.yml` into []string"},
      {"alerting: {alertmanagers: [{api_version: v1}]}",
       "p.yml:1:42: expected Alertmanager api version to be one of [v2] but got v1"},
      {"alerting: {alertmanagers: [{static_configs: [{targets: [a/b]}]}]}",
       "p.yml:1:57: \"a/b\" is not a valid hostname"},
      {"alerting: {alert_relabel_configs: [~]}", "p.yml:1:36: empty or null alert relabeling rule"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(error_of(c.text) == c.error);
  }
}

TEST_CASE("a target that looks like a URL is left to relabelling if there is any") {
  CHECK(error_of("scrape_configs: [{job_name: a, static_configs: [{targets: [\"http://a/b\"]}], "
                 "relabel_configs: [{source_labels: [__address__], target_label: __param_target}]}]")
            .empty());
}

TEST_CASE("what Prometheus knows and this build does not do is named once, with its position") {
  const auto config = must_load(
      "global:\n"
      "  query_log_file: q.log\n"
      "  scrape_protocols: [PrometheusProto, PrometheusText0.0.4]\n"
      "scrape_configs:\n"
      "  - job_name: a\n"
      "    gce_sd_configs: [{project: x, refresh_interval: 1m}]\n"
      "    keep_dropped_targets: 5\n"
      "remote_write:\n"
      "  - url: http://x\n"
      "storage: {tsdb: {retention: {time: 1d}}}\n"
      "alerting:\n"
      "  alertmanagers:\n"
      "    - relabel_configs: [{target_label: a, replacement: b}]\n");
  std::vector<std::string> where;
  for (const std::string& warning : config->warnings) {
    CHECK_THAT(warning, Catch::EndsWith(" is not supported by this build and is ignored"));
    CHECK_THAT(warning, Catch::StartsWith("/etc/p/p.yml:"));
    const std::string rest = warning.substr(std::string("/etc/p/p.yml:").size());
    where.push_back(rest.substr(0, rest.find(" is not")));
  }
  std::sort(where.begin(), where.end());
  CHECK(where == std::vector<std::string>{
                     "10:1: field storage of config.plain",
                     "13:7: field relabel_configs of config.AlertmanagerConfig",
                     "2:3: field query_log_file of config.plain",
                     "3:22: scrape protocol PrometheusProto",
                     "6:5: field gce_sd_configs of config.ScrapeConfig",
                     "7:5: field keep_dropped_targets of config.ScrapeConfig",
                     "8:1: field remote_write of config.plain",
                 });
  CHECK(config->scrape_configs[0].scrape_protocols == std::vector<std::string>{"PrometheusText0.0.4"});
}

TEST_CASE("the name scheme that is built is no warning, the other is") {
  CHECK(must_load("global: {metric_name_validation_scheme: utf8}")->warnings.empty());
  CHECK(must_load("global: {metric_name_validation_scheme: legacy}")->warnings.size() == 1);
}

TEST_CASE("a bearer token is an authorization") {
  const auto config = must_load("scrape_configs: [{job_name: a, bearer_token: tok}]");
  CHECK(config->scrape_configs[0].http.authorization_type == "Bearer");
  CHECK(config->scrape_configs[0].http.authorization_credentials.reveal() == "tok");
}

TEST_CASE("variables of the environment are expanded in external labels, and there only") {
  const config::Environment environment = [](const std::string& name) { return name == "TEST" ? "value" : ""; };
  const auto loaded = config::parse_prometheus_config(
      "global:\n"
      "  external_labels:\n"
      "    bar: foo\n"
      "    foo: ${TEST}\n"
      "    baz: foo${TEST}bar\n"
      "    bare: $TEST/x\n"
      "    qux: foo$${TEST}\n"
      "    xyz: foo$$bar\n"
      "    end: cost$\n"
      "    gone: ${NONE}\n"
      "    broken: a${}b${\n"
      "scrape_configs: [{job_name: $TEST}]\n",
      "p.yml", environment);
  REQUIRE(loaded);
  const model::Labels& labels = (*loaded)->external_labels;
  CHECK(labels.get("bar") == "foo");
  CHECK(labels.get("foo") == "value");
  CHECK(labels.get("baz") == "foovaluebar");
  CHECK(labels.get("bare") == "value/x");
  CHECK(labels.get("qux") == "foo${TEST}");
  CHECK(labels.get("xyz") == "foo$bar");
  CHECK(labels.get("end") == "cost$");
  CHECK_FALSE(labels.has("gone"));
  CHECK(labels.get("broken") == "ab");
  CHECK((*loaded)->scrape_configs[0].job_name == "$TEST");
  REQUIRE((*loaded)->warnings.size() == 1);
  CHECK((*loaded)->warnings[0] == "p.yml:10:11: environment variable NONE in external label gone is empty or not set");
}

TEST_CASE("the text that may be shown holds no secret") {
  const auto config = must_load(
      "scrape_configs:\n"
      "  - job_name: a # with a comment\n"
      "    basic_auth: {username: u, password: hunter2}\n"
      "    proxy_url: http://user:hunter2@proxy:8080/x\n"
      "  - job_name: \"b: 1\"\n"
      "    authorization: {credentials: hunter2, credentials_file: }\n"
      "    http_headers: {X-Key: {secrets: [hunter2], values: [shown]}}\n"
      "remote_write: [{url: 'http://x', bearer_token: 'hunter2', sigv4: {secret_key: hunter2}}]\n");
  CHECK(config->text.find("hunter2") == std::string::npos);
  CHECK_THAT(config->text, Catch::Contains("    password: <secret>\n"));
  CHECK_THAT(config->text, Catch::Contains("proxy_url: http://user:xxxxx@proxy:8080/x\n"));
  CHECK_THAT(config->text, Catch::Contains("- job_name: \"b: 1\"\n"));
  CHECK_THAT(config->text, Catch::Contains("- shown\n"));
  CHECK(config->text.find("comment") == std::string::npos);
  // It is the same configuration, but for the secrets.
  const auto again = must_load(config->text);
  CHECK(again->text == config->text);
  CHECK(again->scrape_configs[1].job_name == "b: 1");
}

TEST_CASE("files are read from the file system, and errors name them") {
  MemFs fs;
  REQUIRE(fs.create_directories("conf"));
  REQUIRE(fs.write_file_atomic("conf/p.yml", "rule_files: [r/*.yml]"));
  const auto config = config::load_prometheus_config(fs, "conf/p.yml");
  REQUIRE(config);
  CHECK((*config)->rule_files == std::vector<std::string>{"conf/r/*.yml"});
  CHECK_THAT(config::load_prometheus_config(fs, "conf/none.yml").error().message, Catch::Contains("conf/none.yml"));
}
