#include "config/environment.hpp"

#include <catch2/catch.hpp>

#include "config/prometheus_config.hpp"

using namespace tocsin;

namespace {

std::string environment(const std::string& name) {
  if (name == "HOST") return "db-1";
  if (name == "N") return "7";
  if (name == "PASSWORD") return "hunter2";
  return "";
}

std::string expand(const char* text) {
  const auto expanded = config::expand_variables(text, environment);
  return expanded ? *expanded : "error: " + expanded.error().message;
}

auto load(const std::string& text) {
  config::LoadOptions options;
  options.environment = environment;
  options.expand_env = true;
  return config::parse_prometheus_config(text, "p.yml", options);
}

}  // namespace

TEST_CASE("variables stand for their values, and any other dollar for itself") {
  struct Case {
    const char* text;
    const char* expanded;
  };
  const Case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"${HOST}", "db-1"},
      {"a${HOST}b${N}", "adb-1b7"},
      {"${NONE:-x}", "x"},
      {"${NONE:-}", ""},
      {"${HOST:-x}", "db-1"},
      {"${NONE:-a:-b$c}", "a:-b$c"},
      {"$$", "$"},
      {"$${HOST}", "${HOST}"},
      {"$$$${HOST}", "$${HOST}"},
      {"cost$", "cost$"},
      {"$HOST", "$HOST"},
      {"${1}", "${1}"},
      {"${}", "${}"},
      {"${HOST", "${HOST"},
      {"${HO ST}", "${HO ST}"},
      {"${HOST-x}", "${HOST-x}"},
      {"${NONE}", "error: environment variable NONE is empty or not set; ${NONE:-...} gives it a default"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(expand(c.text) == c.expanded);
  }
}

TEST_CASE("a number in quotes is a text, with or without a variable") {
  const auto config = load("global: {sample_limit: \"${N}\"}");
  REQUIRE_FALSE(config);
  CHECK(config.error().message == "p.yml:1:24: cannot unmarshal !!str `7` into uint");
}

TEST_CASE("an expanded value is what it looks like") {
  const auto loaded = load(R"(
global:
  target_limit: ${N}
  external_labels: {a: "$$", b: $N}
scrape_configs:
  - job_name: ${HOST}
    scrape_interval: ${NONE:-5s}
    scrape_timeout: 1s
    honor_labels: ${NONE:-true}
    basic_auth: {username: u, password: "${PASSWORD}"}
    static_configs: [{targets: ["${HOST}:9100"], labels: {"k": x}}]
    relabel_configs:
      - {source_labels: [a], regex: '(.*)${N}', target_label: 'x${1}', replacement: '${N}$$', action: replace}
      - source_labels: [a]
        modulus: ${N}
        target_label: t
        action: hashmod
)");
  INFO((loaded ? "" : loaded.error().message));
  REQUIRE(loaded);
  const config::PrometheusConfig& config = **loaded;
  CHECK(config.external_labels.get("a") == "$");  // Prometheus' own expansion, once
  CHECK(config.external_labels.get("b") == "7");
  REQUIRE(config.scrape_configs.size() == 1);
  const config::ScrapeConfig& scrape = config.scrape_configs[0];
  CHECK(scrape.job_name == "db-1");
  CHECK(scrape.scrape_interval == std::chrono::seconds(5));
  CHECK(scrape.target_limit == 7);
  CHECK(scrape.honor_labels);
  CHECK(scrape.http.password.reveal() == "hunter2");
  CHECK(scrape.discovery.statics[0].targets == std::vector<std::string>{"db-1:9100"});
  CHECK(scrape.relabel_configs[0].regex->expression() == "(.*)${N}");
  CHECK(scrape.relabel_configs[0].target_label == "x${1}");
  CHECK(scrape.relabel_configs[0].replacement == "${N}$$");
  CHECK(scrape.relabel_configs[1].modulus == 7);
  // What is shown is what was written.
  CHECK_THAT(config.text, Catch::Contains("job_name: ${HOST}"));
  CHECK_THAT(config.text, !Catch::Contains("hunter2"));
}

TEST_CASE("a variable without value and default is an error with its place") {
  const auto config = load("scrape_configs:\n  - job_name: a\n    metrics_path: /${NONE}\n");
  REQUIRE_FALSE(config);
  CHECK(config.error().message ==
        "p.yml:3:19: environment variable NONE is empty or not set; ${NONE:-...} gives it a default");
}
