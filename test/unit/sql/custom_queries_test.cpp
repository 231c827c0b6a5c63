#include "exporters/sql/custom_queries.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

namespace tocsin::exporters::sql {

namespace {

Result<CustomQueries> load(const std::string& text) {
  MemFs fs;
  REQUIRE(fs.create_directories("/q"));
  REQUIRE(fs.write_file_atomic("/q/queries.yaml", text));
  return CustomQueries::load(fs, "/q/queries.yaml");
}

}  // namespace

TEST_CASE("a file of queries in postgres_exporter's form is read", "[sql]") {
  const auto queries = load(R"(pg_replication:
  query: "SELECT 1 AS lag"
  master: true
  cache_seconds: 30
  runonserver: ">=10.0.0"
  metrics:
    - lag:
        usage: "GAUGE"
        description: "Replication lag"
orders:
  query: |
    SELECT state, count(*) FROM orders GROUP BY 1
  metrics:
    - state: {usage: LABEL, description: State}
    - count: {usage: COUNTER}
    - mode: {usage: MAPPEDMETRIC, metric_mapping: {off: 0, full: 2.5}}
)");
  REQUIRE(queries);
  CHECK(queries->file == "/q/queries.yaml");
  CHECK(queries->sha256.size() == 64);
  REQUIRE(queries->queries.size() == 2);
  const CustomQuery& first = queries->queries[0];
  CHECK(first.mapping.prefix == "pg_replication");
  CHECK(first.sql == "SELECT 1 AS lag");
  CHECK(first.where == "/q/queries.yaml:1:1");
  CHECK(first.master);
  CHECK(first.cache_time == std::chrono::seconds(30));
  CHECK_FALSE(first.versions.contains({9, 6, 0}));
  CHECK(first.mapping.columns[0].usage == Usage::kGauge);
  CHECK(first.mapping.columns[0].help == "Replication lag");
  const CustomQuery& second = queries->queries[1];
  CHECK_FALSE(second.master);
  CHECK(second.mapping.server_label);
  CHECK(second.mapping.columns[2].mapping.at("full") == 2.5);
  CHECK(load("")->queries.empty());
}

TEST_CASE("what is wrong with a file of queries is said with its place", "[sql]") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"- a", "/q/queries.yaml:1:1: queries must be a map of names to queries"},
      {"a: {query: ''}", "/q/queries.yaml:1:1: a has no query"},
      {"a: {metrics: []}", "/q/queries.yaml:1:1: a has no query"},
      {"a b: {query: x}", "/q/queries.yaml:1:1: `a b` is no name of a metric"},
      {"a: {query: x, qery: y}", "/q/queries.yaml:1:15: field qery not found in type query"},
      {"a:\n  query: x\n  metrics:\n    - b: {usage: GAUGES}\n",
       "/q/queries.yaml:4:18: usage must be DISCARD, LABEL, COUNTER, GAUGE, HISTOGRAM, MAPPEDMETRIC or DURATION, not "
       "`GAUGES`"},
      {"a:\n  query: x\n  metrics:\n    - b: {}\n", "/q/queries.yaml:4:10: the column b has no usage"},
      {"a:\n  query: x\n  metrics:\n    - b: {usage: MAPPEDMETRIC}\n",
       "/q/queries.yaml:4:10: the column b is a MAPPEDMETRIC without metric_mapping"},
      {"a:\n  query: x\n  metrics:\n    - b-c: {usage: GAUGE}\n", "/q/queries.yaml:4:7: `b-c` is no name of a metric"},
      {"a:\n  query: x\n  metrics:\n    - 'b:c': {usage: LABEL}\n", "/q/queries.yaml:4:7: `b:c` is no name of a label"},
      {"a: {query: x, cache_seconds: -1}", "/q/queries.yaml:1:30: cannot unmarshal !!int `-1` into uint"},
      {"a: {query: x, master: 3}", "/q/queries.yaml:1:23: cannot unmarshal !!int `3` into bool"},
      {"a: {query: x, runonserver: '>=ten'}", "/q/queries.yaml:1:28: runonserver: `>=ten` is no version"},
      {"a: {query: x, metrics: {b: c}}", "/q/queries.yaml:1:24: cannot unmarshal !!map into []map"},
      {"a: {query: x}\na: {query: y}", "/q/queries.yaml:2:1: "},
      {"a: [", "/q/queries.yaml:1:"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto queries = load(c.text);
    REQUIRE_FALSE(queries);
    CHECK_THAT(queries.error().message, Catch::StartsWith(c.error));
  }
  MemFs fs;
  CHECK_FALSE(CustomQueries::load(fs, "/nowhere.yaml"));
}

}  // namespace tocsin::exporters::sql
