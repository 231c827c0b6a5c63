#include "api/query_api.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "harness.hpp"
#include "support/map_store.hpp"

namespace tocsin::api {
namespace {

model::Labels series(std::string_view name, std::string_view job) {
  return model::LabelsBuilder().set(model::kMetricName, name).set("job", job).build();
}

struct QueryHarness : Harness {
  test::MapStore store;
  promql::Engine engine{promql::EngineOptions(), loop.clock()};
  promql::QueryRecorder recorder{loop.clock()};
  QueryApi api;

  explicit QueryHarness(QueryApiOptions options = {}) : api(lane, engine, store, recorder, std::move(options)) {
    api.add_to(router);
    for (const std::string_view job : {"a", "b", "c"}) store.add(series("up", job), 1'000'020, 1);
    store.add(series("errors", "a"), 1'000'020, 0.5);
  }
};

TEST_CASE("an instant query answers with samples, a scalar and a string with plain times") {
  QueryHarness h;
  CHECK(h.data("/api/v1/query?query=errors&time=1000.02") ==
        R"({"resultType":"vector","result":[{"metric":{"__name__":"errors","job":"a"},"value":[1000.020,"0.5"]}]})");
  CHECK(h.body("/api/v1/query?query=1&time=1000.02") ==
        R"({"status":"success","data":{"resultType":"scalar","result":[1000.02,"1"]}})");
  CHECK(h.body("/api/v1/query?query=%22x%22&time=7") ==
        R"({"status":"success","data":{"resultType":"string","result":[7,"x"]}})");
  const net::HttpResponse form = h.post("/api/v1/query", "query=errors&time=1000.02");
  CHECK(form.body.view() == h.body("/api/v1/query?query=errors&time=1000.02"));
}

TEST_CASE("a scalar has no exponent, a sample has one from 1e21 on and below 1e-6") {
  QueryHarness h;
  CHECK(h.data("/api/v1/query?query=1e21&time=0.01") ==
        R"({"resultType":"scalar","result":[0.01,"1000000000000000000000"]})");
  CHECK(h.data("/api/v1/query?query=1e-7&time=0") == R"({"resultType":"scalar","result":[0,"0.0000001"]})");
  CHECK(h.data("/api/v1/query?query=-Inf&time=0") == R"({"resultType":"scalar","result":[0,"-Inf"]})");
  CHECK(h.data("/api/v1/query?query=vector(1e21)&time=0.01") ==
        R"({"resultType":"vector","result":[{"metric":{},"value":[0.010,"1e+21"]}]})");
}

TEST_CASE("annotations have their place in the expression") {
  QueryHarness h;
  CHECK(h.body("/api/v1/query?query=rate(up%5B1m%5D)&time=1000")
            .find("PromQL info: metric might not be a counter, "
                  "name does not end in _total/_sum/_count/_bucket: "
                  "\\\"up\\\" (1:6)") == std::string::npos);
  h.store.add(series("up", "a"), 1'030'020, 1);
  CHECK(h.body("/api/v1/query?query=rate(up%5B1m%5D)&time=1031").find("\\\"up\\\" (1:6)") != std::string::npos);
}

TEST_CASE("wrong parameters are told in Prometheus' words and order") {
  QueryHarness h;
  struct Case {
    std::string_view target, error;
  };
  const Case cases[] = {
      {"query?limit=x&time=y",
       "400 bad_data: invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"},
      {"query?time=y&query=(",
       "400 bad_data: invalid parameter \"time\": invalid time value for 'time': cannot parse \"y\" to a valid "
       "timestamp"},
      {"query?query=1&timeout=y",
       "400 bad_data: invalid parameter \"timeout\": cannot parse \"y\" to a valid duration"},
      {"query?query=1&timeout=0", "503 timeout: query timed out in query execution"},
      {"query_range?query=1&start=1&end=2&step=1&timeout=-1s1",
       "400 bad_data: invalid parameter \"timeout\": cannot parse "
       "\"-1s1\" to a valid duration"},
      {"query_range?query=1&start=1&end=2&step=1&timeout=-1", "503 timeout: query timed out in query execution"},
      {"query?query=(&lookback_delta=y",
       "400 bad_data: error parsing lookback delta duration: cannot parse \"y\" to a valid duration"},
      {"query",
       "400 bad_data: invalid parameter \"query\": unknown position: parse error: no expression found in input"},
      {"query_range?query=up", "400 bad_data: invalid parameter \"start\": cannot parse \"\" to a valid timestamp"},
      {"query_range?query=up&start=0&end=-1",
       "400 bad_data: invalid parameter \"end\": end timestamp must not be before start time"},
      {"query_range?query=up&start=0&end=1&step=0",
       "400 bad_data: invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try "
       "a "
       "positive integer"},
      {"query_range?query=up&start=0&end=11001&step=1",
       "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
       "(?step=XX)"},
      {"query_range?query=up&start=0&end=1.2&step=0.0001",
       "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
       "(?step=XX)"},
      {"query_range?query=up&start=-9e11&end=9e11&step=1d",
       "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
       "(?step=XX)"},
      {"query_range?query=up%5B5m%5D&start=0&end=1&step=1",
       "400 bad_data: invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be "
       "Scalar or instant Vector"},
      {"query?query=up%5B5-10%5D&time=0",
       "400 bad_data: invalid parameter \"query\": 3:7: duration must be greater than 0"},
      {"series", "400 bad_data: no match[] parameter provided"},
      {"series?match[]=(", "400 bad_data: invalid parameter \"match[]\": 1:1: parse error: unexpected \"(\""},
      {"labels?match[]=%7B%7D", "400 bad_data: match[] must contain at least one non-empty matcher"},
      {"labels?limit=-1", "400 bad_data: invalid parameter \"limit\": limit must be non-negative"},
      {"label/%ff/values", "400 bad_data: invalid label name: \"\\xff\""},
      {"query_exemplars?query=up&start=2&end=1", "400 bad_data: end timestamp must not be before start timestamp"},
      {"query_exemplars?query=(", "400 bad_data: 1:2: parse error: unclosed left parenthesis"},
      {"format_query?query=(",
       "400 bad_data: invalid parameter \"query\": 1:2: parse error: unclosed left parenthesis"},
  };
  for (const Case& c : cases) {
    INFO(c.target);
    const std::string error = h.error("/api/v1/" + std::string(c.target));
    if (c.target.starts_with("series?") || c.target.starts_with("label/")) {
      CHECK_THAT(error, Catch::StartsWith(std::string(c.error.substr(0, 45))));
    } else {
      CHECK(error == c.error);
    }
  }
}

TEST_CASE("limits cut, and say so") {
  QueryHarness h;
  CHECK(h.body("/api/v1/query?query=up&time=1001&limit=2").find(R"("warnings":["results truncated due to limit"])") !=
        std::string::npos);
  CHECK(h.body("/api/v1/query?query=up&time=1001&limit=3").find("warnings") == std::string::npos);
  CHECK(h.body("/api/v1/series?match[]=up&limit=1") ==
        R"({"status":"success","data":[{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"]})");
  CHECK(h.body("/api/v1/labels?limit=1") ==
        R"({"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]})");
  CHECK(h.body("/api/v1/label/job/values?limit=0") == R"({"status":"success","data":["a","b","c"]})");
}

TEST_CASE("series and labels are of the time asked for; a time that ends before it begins has none") {
  QueryHarness h;
  CHECK(h.data("/api/v1/series?match[]=errors&match[]=%7Bjob=%22a%22%7D") ==
        R"([{"__name__":"errors","job":"a"},{"__name__":"up","job":"a"}])");
  CHECK(h.data("/api/v1/series?match[]=up&start=2000") == "[]");
  CHECK(h.data("/api/v1/series?match[]=up&start=2&end=1") == "[]");
  CHECK(h.data("/api/v1/labels?start=2&end=1") == "[]");
  CHECK(h.data("/api/v1/label/U______name____/values?match[]=errors") == R"(["errors"])");
}

TEST_CASE("statistics are shown when asked for; another word than true and all is told off") {
  QueryHarness h;
  const std::string with = h.body("/api/v1/query?query=up&time=1001&stats=all");
  CHECK(with.find(R"("stats":{"timings":{"evalTotalTime":)") != std::string::npos);
  CHECK(with.find(R"("samples":{"totalQueryableSamples":3,"samplesRead":3,"peakSamples":)") != std::string::npos);
  CHECK(with.find("warnings") == std::string::npos);
  CHECK(h.body("/api/v1/query?query=up&time=1001&stats=yes")
            .find(R"(value \"yes\" for parameter \"stats\" is deprecated)") != std::string::npos);
  CHECK(h.body("/api/v1/query?query=up&time=1001").find("stats") == std::string::npos);
}

TEST_CASE("each query is counted and logged with its asker, whatever became of it") {
  QueryApiOptions options;
  options.path_prefix = "/prom";
  QueryHarness h(std::move(options));
  MemFs fs;
  h.recorder.log_to(std::make_shared<LineLog>(fs, h.loop, "/q.log", "promql", "the query log"));
  const auto lines = [&] {
    h.loop.run_ready();
    return fs.read_file("/q.log").value();
  };
  net::HttpRequest request("GET", "/api/v1/query?query=up&time=1001");
  request.peer = "[::1]:4711";
  CHECK(h.ask(std::move(request)).status == 200);
  std::string seen = lines();
  CHECK(seen.find(R"("params":{"end":"1970-01-01T00:16:41.000Z","query":"up","start":"1970-01-01T00:16:41.000Z",)"
                  R"("step":0},"stats":{)") != std::string::npos);
  CHECK(seen.find(R"("samplesRead":3,)") != std::string::npos);
  CHECK(seen.ends_with(R"("httpRequest":{"clientIP":"::1","method":"GET","path":"/prom/api/v1/query"}})"
                       "\n"));
  CHECK(h.post("/api/v1/query_range",
               "query=sum(up)%2Blabel_replace(up,%22a%22,%22%22,%22b%22,%22(%22)&start=1&end=9&step=2")
            .status == 422);
  seen = lines();
  CHECK(seen.find(R"("end":"1970-01-01T00:00:09.000Z")") != std::string::npos);
  CHECK(seen.find(R"("step":2},"error":"invalid regular expression in label_replace(): (","stats":{)") !=
        std::string::npos);
  CHECK(h.get("/api/v1/query?query=sum(").status == 400);  // no query yet
  CHECK(lines() == seen);
  CHECK(h.recorder.totals().evaluation.count == 2);
}

TEST_CASE("exemplars are those of all selectors; an expression without any has no content") {
  QueryApiOptions options;
  std::vector<std::string> asked;
  options.exemplars = [&asked](Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) {
    asked.push_back(fmt::format("{} {} {}", start, end, matchers.front().value()));
    std::map<model::Labels, std::vector<storage::Exemplar>> out;
    if (matchers.front().value() != "up") return out;
    storage::Exemplar exemplar;
    exemplar.labels = model::LabelsBuilder().set("trace_id", "x").build();
    exemplar.value = 2;
    exemplar.t = 1500;
    out[series("up", "a")] = {exemplar};
    return out;
  };
  QueryHarness h(std::move(options));
  CHECK(
      h.body("/api/v1/query_exemplars?query=up+%2B+errors&start=1&end=2") ==
      R"({"status":"success","data":[{"seriesLabels":{"__name__":"up","job":"a"},"exemplars":[{"labels":{"trace_id":"x"},"value":"2","timestamp":1.500}]}]})");
  CHECK(asked == std::vector<std::string>{"1000 2000 up", "1000 2000 errors"});
  CHECK(h.get("/api/v1/query_exemplars?query=1").status == 204);
  QueryHarness without;
  CHECK(without.data("/api/v1/query_exemplars?query=up") == "[]");
}

TEST_CASE("format_query writes long expressions over several lines") {
  QueryHarness h;
  CHECK(h.data("/api/v1/format_query?query=sum(up)by(job)") == "\"sum by (job) (up)\"");
  const std::string a(60, 'a'), b(60, 'b');
  CHECK(h.data("/api/v1/format_query?query=sum(" + a + ")%2B" + b) == "\"  sum(" + a + ")\\n+\\n  " + b + "\"");
}

TEST_CASE("a query whose asker has gone is told to end, and its place is free") {
  QueryHarness h;
  auto seen = std::make_shared<std::shared_ptr<const std::atomic<bool>>>();
  {
    test::TestLoop other;
    QueryLane lane(other, other.work(), {});
    QueryLane::Answer answer = [seen](const AnswerContext& context) {
      *seen = context.canceled;
      return net::HttpResponse(200, "done");
    };
    CHECK(other.run(lane.run(std::move(answer))).status == 200);
    CHECK(lane.stats().running == 0);
  }
  REQUIRE(*seen);
  CHECK((*seen)->load());
}

TEST_CASE("the tree of an expression has the keys of Prometheus' web UI") {
  QueryHarness h;
  struct Case {
    std::string_view query, data;
  };
  const Case cases[] = {
      {"1", R"({"type":"numberLiteral","val":"1"})"},
      {"(%22x%22)", R"({"expr":{"type":"stringLiteral","val":"x"},"type":"parenExpr"})"},
      {"-up",
       R"({"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"op":"-","type":"unaryExpr"})"},
      {"up%5B5m%5D+offset+1m+@+2",
       R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":60000,"offsetExpr":null,"range":300000,"rangeExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":2000,"type":"matrixSelector"})"},
      {"time()",
       R"({"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar","variadic":0},"type":"call"})"},
  };
  for (const Case& c : cases) {
    INFO(c.query);
    CHECK(h.data("/api/v1/parse_query?query=" + std::string(c.query)) == c.data);
  }
  const std::string binary = h.data("/api/v1/parse_query?query=a+%3D%3D+bool+on(x)+group_left(y)+b");
  CHECK(binary.find(R"("bool":true)") != std::string::npos);
  CHECK(
      binary.find(
          R"("matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},"include":["y"],"labels":["x"],"on":true},"op":"==")") !=
      std::string::npos);
  CHECK(
      h.data("/api/v1/parse_query?query=topk+without(x)+(3,a)")
          .find(
              R"("grouping":["x"],"op":"topk","param":{"type":"numberLiteral","val":"3"},"type":"aggregation","without":true})") !=
      std::string::npos);
  const std::string subquery = h.data("/api/v1/parse_query?query=a%5B1h%2A2:step()%5D+@+end()");
  CHECK(
      subquery.find(
          R"("range":0,"rangeExpr":{"lhs":{"duration":true,"type":"numberLiteral","val":"3600"},"op":"*","rhs":{"duration":false,"type":"numberLiteral","val":"2"},"type":"durationExpr","wrapped":false})") !=
      std::string::npos);
  CHECK(subquery.find(R"("startOrEnd":"end","step":0,"stepExpr":{"lhs":null,"op":"step","rhs":null,)") !=
        std::string::npos);
}

}  // namespace
}  // namespace tocsin::api
