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
  auto config = config::parse_prometheus_config(text, "/etc/p/p.yml", {no_environment});
  INFO((config ? "" : config.error().message));
  REQUIRE(config);
  return *config;
}

std::string error_of(const std::string& text) {
  const auto config = config::parse_prometheus_config(text, "p.yml", {no_environment});
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

TEST_CASE("global says when rule groups are evaluated; these keys are not Prometheus'") {
  const auto read = [](const std::string& global) {
    return config::parse_prometheus_config("global: {" + global + "}\n", "p.yml");
  };
  const auto nothing = read("");
  REQUIRE(nothing.has_value());
  CHECK_FALSE((*nothing)->evaluate_on_scrape.has_value());
  CHECK_FALSE((*nothing)->evaluation_min_interval.has_value());
  const auto both = read("evaluation: on_scrape, evaluation_min_interval: 50ms");
  REQUIRE(both.has_value());
  CHECK((*both)->evaluate_on_scrape == true);
  CHECK((*both)->evaluation_min_interval == Duration(50ms));
  CHECK((*read("evaluation: interval"))->evaluate_on_scrape == false);
  for (const char* wrong : {"evaluation: never", "evaluation: [on_scrape]", "evaluation: {on_scrape: 1}"}) {
    const auto refused = read(wrong);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message == R"(p.yml:1:22: evaluation must be "interval" or "on_scrape")");
  }
  CHECK_FALSE(read("evaluation_min_interval: often").has_value());
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
      "  scrape_native_histograms: true\n"
      "  always_scrape_classic_histograms: false\n"
      "runtime: {gogc: 50}\n"
      "scrape_configs:\n"
      "  - job_name: a\n"
      "    nomad_sd_configs: [{server: 'http://x'}]\n"
      "    native_histogram_bucket_limit: 100\n"
      "    native_histogram_min_bucket_factor: 1.1\n"
      "    convert_classic_histograms_to_nhcb: true\n"
      "remote_write:\n"
      "  - url: http://x\n"
      "  - {url: http://y, sigv4: {region: r}}\n"
      "remote_read: [{url: http://x}]\n"
      "tracing: {endpoint: x}\n"
      "otlp: {promote_scope_metadata: true}\n"
      "storage:\n"
      "  tsdb:\n"
      "    retention: {time: 1d, size: 1GB, percentage: 5}\n"
      "    out_of_order_time_window: 1h\n"
      "    stale_series_compaction_threshold: 0.2\n"
      "    chunk_encoding: {floats: xor2}\n"
      "alerting:\n"
      "  alertmanagers:\n"
      "    - sigv4: {region: r}\n");
  std::vector<std::string> where;
  for (const std::string& warning : config->warnings) {
    CHECK_THAT(warning, Catch::EndsWith(" is not supported by this build and is ignored"));
    CHECK_THAT(warning, Catch::StartsWith("/etc/p/p.yml:"));
    const std::string rest = warning.substr(std::string("/etc/p/p.yml:").size());
    where.push_back(rest.substr(0, rest.find(" is not")));
  }
  std::sort(where.begin(), where.end());
  CHECK(where == std::vector<std::string>{
                     "13:1: field remote_write of config.plain",
                     "16:1: field remote_read of config.plain",
                     "17:1: field tracing of config.plain",
                     "18:1: field otlp of config.plain",
                     "23:5: field stale_series_compaction_threshold of config.plain",
                     "24:22: field floats of config.ChunkEncodingConfig",
                     "27:7: field sigv4 of config.AlertmanagerConfig",
                     "6:1: field runtime of config.plain",
                     "9:5: field nomad_sd_configs of config.ScrapeConfig",
                 });
  CHECK(config->scrape_configs[0].scrape_protocols ==
        std::vector<std::string>{"PrometheusProto", "PrometheusText0.0.4"});
  CHECK(config->scrape_configs[0].scrape_native_histograms);
  CHECK(config->scrape_configs[0].native_histogram_bucket_limit == 100);
  CHECK(config->scrape_configs[0].native_histogram_min_bucket_factor == 1.1);
  CHECK(config->scrape_configs[0].convert_classic_histograms_to_nhcb);
  CHECK(config->storage.retention_time == 24h);
  CHECK(config->storage.retention_size == 1U << 30U);
  CHECK(config->storage.out_of_order_time_window == 1h);
}

TEST_CASE("what is switched off is no warning") {
  CHECK(must_load("global: {scrape_native_histograms: false, convert_classic_histograms_to_nhcb: false}\n"
                  "scrape_configs: [{job_name: a, native_histogram_bucket_limit: 0}]\n"
                  "storage: {tsdb: {chunk_encoding: {floats: xor}, out_of_order_time_window: 0s}}\n")
            ->warnings.empty());
}

TEST_CASE("scrape configurations take from global what they do not say") {
  const auto config = must_load(R"(
global:
  keep_dropped_targets: 5
  scrape_failure_log_file: fails.log
  extra_scrape_metrics: true
  metric_name_validation_scheme: legacy
  label_limit: 3
scrape_configs:
  - job_name: a
  - job_name: b
    keep_dropped_targets: 9
    scrape_failure_log_file: /abs/b.log
    extra_scrape_metrics: false
    metric_name_validation_scheme: utf8
    label_limit: 4
  - job_name: c
    metric_name_escaping_scheme: dots
    relabel_configs: [{target_label: ok, replacement: x}]
)");
  CHECK(config->warnings.empty());
  const config::ScrapeConfig& a = config->scrape_configs[0];
  CHECK(a.keep_dropped_targets == 5);
  CHECK(a.scrape_failure_log_file == "/etc/p/fails.log");
  CHECK(a.extra_scrape_metrics);
  CHECK(a.metric_name_validation_scheme == "legacy");
  CHECK(a.metric_name_escaping_scheme == "underscores");
  CHECK(a.label_limit == 3);
  const config::ScrapeConfig& b = config->scrape_configs[1];
  CHECK(b.keep_dropped_targets == 9);
  CHECK(b.scrape_failure_log_file == "/abs/b.log");
  CHECK_FALSE(b.extra_scrape_metrics);
  CHECK(b.metric_name_validation_scheme == "utf8");
  CHECK(b.metric_name_escaping_scheme == "allow-utf-8");
  CHECK(b.label_limit == 4);
  const config::ScrapeConfig& c = config->scrape_configs[2];
  CHECK(c.metric_name_escaping_scheme == "dots");
  CHECK(c.relabel_configs[0].legacy_names);
}

TEST_CASE("sections that are not built are checked all the same") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"scrape_configs: []\nscrape_configs: []", "p.yml:2:1: field scrape_configs already set in type config.plain"},
      {"global: {external_labels: {a: b, a: c}}", "p.yml:1:34: key \"a\" already set in map"},
      {"scrape_config_files: [a/*/b.yml]", "p.yml:1:23: invalid scrape config file path \"a/*/b.yml\""},
      {"runtime: {gogc: x}", "p.yml:1:17: cannot unmarshal !!str `x` into int"},
      {"global: {metric_name_validation_scheme: legacy, external_labels: {a-b: c}}",
       "p.yml:1:67: \"a-b\" is not a valid label name"},
      {"global: {metric_name_escaping_scheme: x}\nscrape_configs: [{job_name: a}]",
       "p.yml:2:18: unknown global name escaping method specified, must be one of 'allow-utf-8', 'underscores', "
       "'dots', "
       "or 'values', got \"x\""},
      {"scrape_configs: [{job_name: a, metric_name_escaping_scheme: x}]",
       "p.yml:1:61: unknown scrape config name escaping method specified, must be one of 'allow-utf-8', 'underscores', "
       "'dots', or 'values', got \"x\""},
      {"scrape_configs: [{job_name: a, metric_name_validation_scheme: legacy, metric_name_escaping_scheme: "
       "allow-utf-8}]",
       "p.yml:1:18: utf8 metric names requested but validation scheme is not set to UTF8"},
      {"global: {metric_name_validation_scheme: legacy}\nalerting: {alert_relabel_configs: [{target_label: a-b}]}",
       "p.yml:2:51: \"a-b\" is invalid 'target_label' for replace action"},
      {"storage: {tsdb: {retention: {time: -1h}}}", "p.yml:1:36: not a valid duration string: \"-1h\""},
      {"storage: {tsdb: {retention: {size: -1GB}}}",
       "p.yml:1:36: 'storage.tsdb.retention.size' must be greater than or equal to 0, got -1GB"},
      {"storage: {tsdb: {retention: {percentage: 101}}}",
       "p.yml:1:42: 'storage.tsdb.retention.percentage' must be in the range [0, 100], got 101"},
      {"storage: {tsdb: {chunk_encoding: {floats: zip}}}",
       "p.yml:1:43: 'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted "
       "entirely, got \"zip\""},
      {"storage: {exemplars: {max: 1}}", "p.yml:1:23: field max not found in type config.ExemplarsConfig"},
      {"tracing: {}", "p.yml:1:10: tracing endpoint must be set"},
      {"tracing: {endpoint: a, client_type: tcp}",
       "p.yml:1:37: expected tracing client type to be to be http or grpc, but got tcp"},
      {"tracing: {endpoint: a, compression: zip}",
       "p.yml:1:37: invalid compression type zip provided, valid options: gzip"},
      {"tracing: {endpoint: a, headers: {Authorization: b}}",
       "p.yml:1:34: custom authorization header configuration is not yet supported"},
      {"tracing: {endpoint: a, tls_config: {key: k}}",
       "p.yml:1:36: exactly one of cert or cert_file must be configured when a client key is configured"},
      {"remote_write: [{}]", "p.yml:1:16: url for remote_write is empty"},
      {"remote_write: [{url: ':x'}]", "p.yml:1:22: parse \":x\": missing protocol scheme"},
      {"remote_write: [{url: http://a, write_relabel_configs: [~]}]",
       "p.yml:1:56: empty or null relabeling rule in remote write config"},
      {"remote_write: [{url: http://a, queue_config: {capacity: 0}}]",
       "p.yml:1:57: remote write queue capacity must be positive"},
      {"remote_write: [{url: http://a, queue_config: {min_backoff: 10s}}]",
       "p.yml:1:46: remote write queue max_backoff must not be less than min_backoff"},
      {"remote_write: [{url: http://a, queue_config: {max_samples_per_send: -1}}]",
       "p.yml:1:69: remote write queue max_samples_per_send must be positive"},
      {"remote_write: [{url: http://a, basic_auth: {}, sigv4: {}}]",
       "p.yml:1:16: at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. "
       "Currently configured: [basic_auth sigv4]"},
      {"remote_write: [{url: http://a, sigv4: {access_key: a}}]",
       "p.yml:1:39: must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 "
       "config"},
      {"remote_write: [{url: http://a, azuread: {}}]",
       "p.yml:1:41: must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or "
       "Azure SDK in the Azure AD config"},
      {"remote_write: [{url: http://a, azuread: {oauth: {client_id: a}}}]",
       "p.yml:1:49: must provide an Azure OAuth client_secret in the Azure AD config"},
      {"remote_write: [{url: http://a, azuread: {managed_identity: {client_id: a}}}]",
       "p.yml:1:72: the provided Azure Managed Identity client_id is invalid"},
      {"remote_read: [{url: http://a, name: n}, {url: http://b, name: n}]",
       "p.yml:1:63: found multiple remote read configs with job name \"n\""},
      {"remote_read: [{url: http://a, headers: {Host: b}}]",
       "p.yml:1:41: Host is a reserved header. It must not be changed"},
      {"remote_read: [{url: http://a, bearer_token: x, basic_auth: {}}]",
       "p.yml:1:15: at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
      {"otlp: {promote_resource_attributes: [a, ' a', '']}",
       "p.yml:1:37: invalid 'promote_resource_attributes': duplicated promoted OTel resource attribute \"a\"\nempty "
       "promoted OTel resource attribute"},
      {"alerting: {alertmanagers: [{basic_auth: {}, sigv4: {}}]}",
       "p.yml:1:28: at most one of basic_auth, authorization, oauth2, & sigv4 must be configured"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(error_of(c.text) == c.error);
  }
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
      "p.yml", {environment});
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
      "  - job_name: c\n"
      "    proxy_url: http://proxy\n"
      "    proxy_connect_header: {X-Key: [hunter2]}\n"
      "    tls_config: {cert: shown, key: hunter2}\n"
      "    oauth2:\n"
      "      client_id: id\n"
      "      grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer\n"
      "      token_url: http://u:hunter2@auth/\n"
      "      client_certificate_key: hunter2\n"
      "remote_write: [{url: 'http://x', bearer_token: 'hunter2'}, "
      "{url: 'https://u:hunter2@x', sigv4: {access_key: a, secret_key: hunter2}}]\n");
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

TEST_CASE("scrape_config_files are read after the main file, each seen from its own folder") {
  MemFs fs;
  REQUIRE(fs.create_directories("conf/jobs"));
  REQUIRE(fs.write_file_atomic("conf/p.yml",
                               "global: {scrape_interval: 7s}\n"
                               "scrape_config_files: [jobs/*.yml, none.yml]\n"
                               "scrape_configs: [{job_name: main}]\n"));
  REQUIRE(fs.write_file_atomic("conf/jobs/a.yml", "scrape_configs: [{job_name: a, bearer_token_file: token}]"));
  REQUIRE(fs.write_file_atomic("conf/jobs/b.yml", "scrape_configs: [{job_name: b}]"));
  const auto config = config::load_prometheus_config(fs, "conf/p.yml");
  INFO((config ? "" : config.error().message));
  REQUIRE(config);
  REQUIRE((*config)->scrape_configs.size() == 3);
  CHECK((*config)->scrape_configs[0].job_name == "main");
  CHECK((*config)->scrape_configs[1].job_name == "a");
  CHECK((*config)->scrape_configs[1].scrape_interval == 7s);
  CHECK((*config)->scrape_configs[1].http.authorization_credentials_file == "conf/jobs/token");
  CHECK((*config)->scrape_configs[2].job_name == "b");
}

TEST_CASE("what is wrong in one of scrape_config_files refuses all, and names the file") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case c = GENERATE(values<Case>({
      {"scrape_configs: [{job_name: main}]",
       "conf/a.yml:1:29: found multiple scrape configs with job name \"main\", first found in main config file"},
      {"scrape_configs: [{job_name: a}, {job_name: a}]",
       "conf/a.yml:1:44: found multiple scrape configs with job name \"a\", first found in \"conf/a.yml\""},
      {"scrape_configs: [{job_name: a, scrape_timeout: 2m}]",
       "conf/a.yml:1:48: scrape timeout greater than scrape interval for scrape config with job name \"a\""},
      {"global: {}", "conf/a.yml:1:1: field global not found in type config.ScrapeConfigs"},
      {"scrape_configs: [~]", "conf/a.yml:1:18: empty or null scrape config section"},
      {"scrape_configs: []\nscrape_configs: []",
       "conf/a.yml:2:1: field scrape_configs already set in type config.ScrapeConfigs"},
  }));
  MemFs fs;
  REQUIRE(fs.create_directories("conf"));
  REQUIRE(fs.write_file_atomic("conf/p.yml", "scrape_config_files: [a.yml]\nscrape_configs: [{job_name: main}]\n"));
  REQUIRE(fs.write_file_atomic("conf/a.yml", c.text));
  const auto config = config::load_prometheus_config(fs, "conf/p.yml");
  REQUIRE_FALSE(config);
  CHECK(config.error().message == c.error);
}

TEST_CASE("scrape configurations that say the same are equal") {
  const std::string text =
      "scrape_configs: [{job_name: a, relabel_configs: [{regex: x, action: labeldrop}], "
      "static_configs: [{targets: [b]}], basic_auth: {username: u}}]";
  CHECK(must_load(text)->scrape_configs[0] == must_load(text)->scrape_configs[0]);
  CHECK(must_load(text)->scrape_configs[0] != must_load("scrape_configs: [{job_name: a}]")->scrape_configs[0]);
}
