#include "api/status_api.hpp"

#include <catch2/catch.hpp>

#include "api/admin_api.hpp"
#include "api/features.hpp"
#include "harness.hpp"

namespace tocsin::api {
namespace {

struct StatusHarness : Harness {
  StatusHarness() {
    StatusSource source;
    source.started = 1000;
    source.flags = {{"web.listen-address", ":9090"}, {"config.file", "p.yml"}};
    source.wal_replay = [] { return StatusSource::WalReplay{2, 7, 5}; };
    source.now = [] { return RuntimeStatus{false, 2000, "global: {}\n", "32d"}; };
    source.tsdb = [](std::size_t limit) {
      TsdbStatus status;
      status.series = 7;
      status.series_by_metric = {{"up", limit}};
      if (limit == 3) {
        status.series_limit_per_job = 100;
        status.series_shed = 4;
        status.jobs = {{"node", 100, 100, 4, true}};
      }
      return status;
    };
    source.blocks = [] { return std::vector<std::string>{"{\"ulid\":\"01A\"}", "{\n}"}; };
    source.alertmanagers = [] { return StatusSource::Alertmanagers{{"http://a/api/v2/alerts"}, {"http://b/x"}}; };
    source.metrics_page = [] {
      return std::make_shared<const std::string>(
          "# HELP a_total A \\\"help\\\".\n# TYPE a_total counter\na_total{x=\"1\"} 2\na_total{x=\"2\"} NaN\n"
          "# HELP h Spread.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count "
          "3\n"
          "# HELP s Quantiles.\n# TYPE s summary\ns{quantile=\"0.5\"} 0.1\ns_sum 1\ns_count 2\n");
    };
    add_status_api(router, lane, std::move(source));
  }
};

TEST_CASE("flags, configuration, alertmanagers, blocks and replay have Prometheus' shape") {
  StatusHarness h;
  CHECK(h.data("/api/v1/status/flags") == R"({"config.file":"p.yml","web.listen-address":":9090"})");
  CHECK(h.data("/api/v1/status/config") == R"({"yaml":"global: {}\n"})");
  CHECK(h.data("/api/v1/alertmanagers") ==
        R"({"activeAlertmanagers":[{"url":"http://a/api/v2/alerts"}],"droppedAlertmanagers":[{"url":"http://b/x"}]})");
  CHECK(h.data("/api/v1/status/tsdb/blocks") == "{\"blocks\":[{\"ulid\":\"01A\"},{\n}]}");
  CHECK(h.data("/api/v1/status/walreplay") == R"({"min":2,"max":7,"current":5})");
}

TEST_CASE("runtimeinfo says where and when") {
  StatusHarness h;
  const auto info = boost::json::parse(h.data("/api/v1/status/runtimeinfo"));
  CHECK(info.at("startTime").as_string() == "1970-01-01T00:00:01Z");
  CHECK(info.at("serverTime").as_string() == "2023-11-14T22:13:20Z");
  CHECK_FALSE(info.at("hostname").as_string().empty());
  CHECK(info.at("CWD").as_string().starts_with("/"));
  CHECK(info.at("reloadConfigSuccess").as_bool() == false);
  CHECK(info.at("storageRetention").as_string() == "32d");
}

TEST_CASE("a build info of Prometheus, also as plain text") {
  StatusHarness h;
  const std::string info = h.data("/api/v1/status/buildinfo");
  CHECK(info.starts_with(R"({"version":"3.14.0","revision":")"));
  CHECK(info.find("features") == std::string::npos);
  const net::HttpResponse version = h.get("/version");
  CHECK(version.body.view() == info + "\n");
  CHECK(version.headers.get("content-type") == "text/plain; charset=utf-8");
}

TEST_CASE("the series budget is told beside Prometheus' fields, if there is one") {
  StatusHarness h;
  CHECK(h.data("/api/v1/status/tsdb").find("seriesBudget") == std::string::npos);
  CHECK(h.data("/api/v1/status/tsdb?limit=3")
            .find(R"("seriesBudget":{"limit":0,"limitPerJob":100,"shed":4,"jobs":[)"
                  R"({"job":"node","series":100,"limit":100,"shed":4,"shedding":true}]})") != std::string::npos);
}

TEST_CASE("the limit of the cardinality is checked") {
  StatusHarness h;
  CHECK(h.data("/api/v1/status/tsdb").find(R"("seriesCountByMetricName":[{"name":"up","value":10}])") !=
        std::string::npos);
  CHECK(h.data("/api/v1/status/tsdb?limit=5").find(R"({"name":"up","value":5})") != std::string::npos);
  CHECK(h.error("/api/v1/status/tsdb?limit=0") == "400 bad_data: limit must be a positive number");
  CHECK(h.error("/api/v1/status/tsdb?limit=many") == "400 bad_data: limit must be a positive number");
  CHECK(h.error("/api/v1/status/tsdb?limit=10001") == "400 bad_data: limit must not exceed 10000");
}

TEST_CASE("own metrics are families in protobuf's JSON") {
  StatusHarness h;
  CHECK(
      h.data("/api/v1/status/self_metrics?metric_name_pattern=a_.*") ==
      R"([{"name":"a_total","help":"A \\\"help\\\".","type":"COUNTER","metric":[{"label":[{"name":"x","value":"1"}],"counter":{"value":2}},{"label":[{"name":"x","value":"2"}],"counter":{"value":"NaN"}}]}])");
  CHECK(
      h.data("/api/v1/status/self_metrics?metric_name_pattern=h") ==
      R"([{"name":"h","help":"Spread.","type":"HISTOGRAM","metric":[{"label":[],"histogram":{"sampleCount":"3","sampleSum":4.5,"bucket":[{"cumulativeCount":"1","upperBound":0.5},{"cumulativeCount":"3","upperBound":"Infinity"}]}}]}])");
  CHECK(h.data("/api/v1/status/self_metrics?metric_name_pattern=s")
            .find(R"("summary":{"sampleCount":"2","sampleSum":1,"quantile":[{"quantile":0.5,"value":0.1}]})") !=
        std::string::npos);
  CHECK(h.data("/api/v1/status/self_metrics?metric_name_pattern=none") == "[]");
  CHECK_THAT(h.error("/api/v1/status/self_metrics?metric_name_pattern=%5B"),
             Catch::StartsWith("400 bad_data: invalid metric_name_pattern: error parsing regexp"));
}

TEST_CASE("features tell what is on, operators without escapes") {
  Harness h;
  FeatureSwitches switches;
  switches.lifecycle = true;
  add_features_api(h.router, make_features(switches));
  const std::string text = h.data("/api/v1/features");
  CHECK(text.find(R"("lifecycle":true)") != std::string::npos);
  CHECK(text.find(R"(">=":true)") != std::string::npos);
  CHECK(text.find(R"("mad_over_time":false)") != std::string::npos);
  CHECK(text.find(R"("limitk":false)") != std::string::npos);
  CHECK(text.find(R"("kubernetes":true)") != std::string::npos);
  switches.engine.parser.experimental_functions = true;
  CHECK(make_features(switches)["promql_functions"]["mad_over_time"]);
  CHECK(text.find(R"("start_timestamp_zero_ingestion":false,"type_and_unit_labels":false)") != std::string::npos);
  CHECK(text.find("metadata_wal_records") == std::string::npos);  // told only where it is on, as there
  switches.features.created_timestamp_zero_ingestion = switches.features.metadata_wal_records = true;
  CHECK(make_features(switches)["scrape"]["start_timestamp_zero_ingestion"]);
  CHECK(make_features(switches)["tsdb"]["metadata_wal_records"]);
}

TEST_CASE("what is closed says so as a Prometheus in which it is off") {
  Harness closed, open;
  std::vector<std::string> calls;
  AdminSource source;
  source.remove = [&](Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) -> Result<void> {
    if (start == 7000) return fail(Errc::kIo, "no space");
    calls.push_back(fmt::format("remove {} {} {}", start, end, matchers.size()));
    return {};
  };
  source.clean_tombstones = [&]() -> Result<void> {
    calls.push_back("clean");
    return {};
  };
  source.snapshot = [&](const std::string& name, bool with_head) -> Result<void> {
    calls.push_back(fmt::format("snapshot {} {}", name.size(), with_head));
    return {};
  };
  add_admin_api(closed.router, closed.lane, false, source);
  add_admin_api(open.router, open.lane, true, source);
  const auto post = [](Harness& h, const std::string& path) { return h.post("/api/v1/admin/tsdb/" + path, ""); };
  for (const char* path : {"delete_series", "clean_tombstones", "snapshot"}) {
    const net::HttpResponse response = post(closed, path);
    CHECK(response.status == 500);
    CHECK(response.body.view() == R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  }
  CHECK(calls.empty());
  CHECK(post(open, "delete_series").body.view() ==
        R"({"status":"error","errorType":"bad_data","error":"no match[] parameter provided"})");
  CHECK(post(open, "delete_series?match[]=up{job=%22a%22}&match[]=x&start=1&end=2").status == 204);
  CHECK(post(open, "delete_series?match[]=%7B%7D&start=1&end=2").status == 204);
  CHECK(post(open, "delete_series?match[]=up&start=x").status == 400);
  CHECK(post(open, "delete_series?match[]=up%7B").status == 400);
  CHECK(post(open, "delete_series?match[]=up&start=7").body.view() ==
        R"({"status":"error","errorType":"internal","error":"no space"})");
  CHECK(post(open, "clean_tombstones").status == 204);
  CHECK(post(open, "snapshot?skip_head=maybe").status == 400);
  const net::HttpResponse made = post(open, "snapshot?skip_head=true");
  CHECK(made.status == 200);
  CHECK(made.body.view().starts_with(R"({"status":"success","data":{"name":"20231114T221320Z-)"));
  CHECK(post(open, "snapshot").status == 200);
  CHECK(calls == std::vector<std::string>{"remove 1000 2000 2", "remove 1000 2000 1", "remove 1000 2000 0", "clean",
                                          "snapshot 33 false", "snapshot 33 true"});
  CHECK(closed.get("/api/v1/admin/tsdb/snapshot").status == 405);
  CHECK(closed.error("/api/v1/search/metric_names") == "500 unavailable: search API disabled");
}

}  // namespace
}  // namespace tocsin::api
