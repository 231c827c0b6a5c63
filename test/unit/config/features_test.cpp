#include "config/features.hpp"

#include <catch2/catch.hpp>

#include "config/prometheus_config.hpp"

using namespace tocsin;
using namespace tocsin::config;

TEST_CASE("names of features switch what is built, one by one or with commas") {
  std::vector<FeatureNote> notes;
  const Features features = parse_features({"promql-experimental-functions,st-storage", "type-and-unit-labels"}, notes);
  Features wanted;
  wanted.promql_experimental_functions = wanted.st_storage = wanted.type_and_unit_labels = true;
  CHECK(features == wanted);
  CHECK(features.reads_starts());
  REQUIRE(notes.size() == 3);
  CHECK(notes[0].level == log::Level::kInfo);
  CHECK(notes[0].option == "promql-experimental-functions");
  CHECK(notes[0].text == "Experimental PromQL functions enabled.");
}

TEST_CASE("a feature that nobody knows is a warning in Prometheus' words") {
  std::vector<FeatureNote> notes;
  CHECK(parse_features({"agent, st-storage"}, notes) == Features());
  REQUIRE(notes.size() == 2);
  for (const FeatureNote& note : notes) {
    CHECK(note.level == log::Level::kWarn);
    CHECK(note.text == "Unknown option for --enable-feature");
  }
  CHECK(notes[1].option == " st-storage");  // blanks belong to the name, as there
}

TEST_CASE("every feature of Prometheus 3.14 is known, and who does nothing says why") {
  for (const std::string_view name : feature_names()) {
    INFO(name);
    std::vector<FeatureNote> notes;
    parse_features({std::string(name)}, notes);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].text != "Unknown option for --enable-feature");
    CHECK_FALSE(notes[0].text.empty());
  }
  const std::vector<std::string_view> names = feature_names();
  for (const std::string_view name : {"exemplar-storage",
                                      "memory-snapshot-on-shutdown",
                                      "extra-scrape-metrics",
                                      "metadata-wal-records",
                                      "promql-per-step-stats",
                                      "auto-reload-config",
                                      "concurrent-rule-eval",
                                      "promql-experimental-functions",
                                      "promql-duration-expr",
                                      "native-histograms",
                                      "ooo-native-histograms",
                                      "created-timestamp-zero-ingestion",
                                      "xor2-encoding",
                                      "histograms-st-encoding",
                                      "st-synthesis",
                                      "st-storage",
                                      "use-start-timestamps",
                                      "delayed-compaction",
                                      "promql-delayed-name-removal",
                                      "promql-extended-range-selectors",
                                      "promql-binop-fill-modifiers",
                                      "old-ui",
                                      "otlp-deltatocumulative",
                                      "otlp-native-delta-ingestion",
                                      "type-and-unit-labels",
                                      "use-uncached-io",
                                      "fast-startup",
                                      "search-api"}) {
    INFO(name);
    CHECK(std::ranges::find(names, name) != names.end());
  }
  CHECK(names.size() == 28);
}

TEST_CASE("features change defaults of the configuration, not what it says") {
  LoadOptions options;
  options.prefer_protobuf = options.extra_scrape_metrics = true;
  const std::string text =
      "scrape_configs:\n"
      "  - job_name: a\n"
      "  - job_name: b\n"
      "    scrape_protocols: [PrometheusText0.0.4]\n"
      "    extra_scrape_metrics: false\n";
  const auto config = parse_prometheus_config(text, "p.yml", options);
  REQUIRE(config);
  const ScrapeConfig& first = (*config)->scrape_configs[0];
  CHECK(first.scrape_protocols.front() == "PrometheusProto");
  CHECK(first.scrape_protocols.size() == 5);
  CHECK(first.extra_scrape_metrics);
  const ScrapeConfig& second = (*config)->scrape_configs[1];
  CHECK(second.scrape_protocols == std::vector<std::string>{"PrometheusText0.0.4"});
  CHECK_FALSE(second.extra_scrape_metrics);
  const auto plain = parse_prometheus_config(text, "p.yml");
  REQUIRE(plain);
  CHECK((*plain)->scrape_configs[0].scrape_protocols.empty());
}
