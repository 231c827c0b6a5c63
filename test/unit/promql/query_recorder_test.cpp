#include "promql/query_recorder.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "base/virtual_loop.hpp"

namespace tocsin::promql {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHead =
    R"({"time":"2023-11-14T22:13:20Z","level":"INFO","source":"query_recorder.cpp","msg":"promql query logged",)";
constexpr std::string_view kNoSpan = R"("spanID":"0000000000000000","traceID":"00000000000000000000000000000000")";

QueryRecord record(std::string_view text) {
  QueryRecord out;
  out.text = text;
  out.start = 1'699'999'400'000;
  out.end = 1'700'000'000'007;
  out.step_ms = 15'500;
  out.stats.total_samples = 12;
  out.stats.samples_read = 7;
  out.stats.peak_samples = 3;
  out.stats.waiting = 250ms;
  out.stats.preparation = 1ms;
  out.stats.evaluation = 2ms;
  out.stats.sorting = 500us;
  return out;
}

TEST_CASE("a logged query is a line of JSON with Prometheus' fields") {
  QueryRecord query = record("up{a=\"\n<\"}");
  query.origin = HttpOrigin{"::1", "POST", "/prom/api/v1/query_range"};
  CHECK(
      query_log_line(1'700'000'000'000, query) ==
      std::string(kHead) +
          R"("params":{"end":"2023-11-14T22:13:20.007Z","query":"up{a=\"\n<\"}","start":"2023-11-14T22:03:20.000Z","step":15},)"
          R"("stats":{"timings":{"evalTotalTime":0.0035,"resultSortTime":0.0005,"queryPreparationTime":0.001,)"
          R"("innerEvalTime":0.002,"execQueueTime":0.25,"execTotalTime":0.2535},)"
          R"("samples":{"totalQueryableSamples":12,"samplesRead":7,"peakSamples":3}},)" +
          std::string(kNoSpan) +
          R"(,"httpRequest":{"clientIP":"::1","method":"POST","path":"/prom/api/v1/query_range"}})"
          "\n");
}

TEST_CASE("samples of steps stand before their sums") {
  QueryStats stats;
  stats.total_samples = 5;
  stats.samples_read = 4;
  stats.steps = {{1'000, 2, 2}, {1'500, 3, 2}};
  std::string out;
  append_query_stats(out, stats);
  CHECK(out.ends_with(R"("samples":{"totalQueryableSamplesPerStep":[[1,2],[1.5,3]],"totalQueryableSamples":5,)"
                      R"("samplesReadPerStep":[[1,2],[1.5,2]],"samplesRead":4,"peakSamples":0}})"));
}

TEST_CASE("a logged query that failed says why, one of a rule whose it is") {
  QueryRecord query = record("up");
  query.start = query.end = -1;
  query.step_ms = 0;
  const Error error{Errc::kTimeout, "query timed out in expression evaluation"};
  query.error = &error;
  query.origin = RuleOrigin{"rules.yml", "a \"group\""};
  const std::string line = query_log_line(1'700'000'000'000, query);
  INFO(line);
  CHECK(line.starts_with(
      std::string(kHead) +
      R"("params":{"end":"1969-12-31T23:59:59.999Z","query":"up","start":"1969-12-31T23:59:59.999Z","step":0},)"
      R"("error":"query timed out in expression evaluation","stats":{)"));
  CHECK(line.ends_with(std::string(kNoSpan) + R"(,"ruleGroup":{"file":"rules.yml","name":"a \"group\""}})"
                                              "\n"));
}

TEST_CASE("queries are counted, and logged where there is a log") {
  VirtualLoop loop;
  MemFs fs;
  QueryRecorder recorder(loop);
  recorder.add(record("a"));
  CHECK_FALSE(recorder.totals().logs);
  const auto log = std::make_shared<LineLog>(fs, loop, "/q.log", "promql", "the query log");
  recorder.log_to(log);
  QueryRecord unsorted = record("b");
  unsorted.stats.sorting.reset();
  recorder.add(unsorted);
  loop.run_ready();
  const std::string text = fs.read_file("/q.log").value();
  CHECK(text == query_log_line(loop.now(), unsorted));
  const auto full = std::make_shared<LineLog>(fs, loop, "/no/such/folder/q.log", "promql", "the query log");
  recorder.log_to(full);
  recorder.add(unsorted);
  loop.run_ready();
  CHECK(recorder.totals().log_lines_dropped == 1);
  recorder.log_to(nullptr);
  recorder.add(unsorted);
  loop.run_ready();
  CHECK(fs.read_file("/q.log").value() == text);

  const QueryTotals totals = recorder.totals();
  CHECK_FALSE(totals.logs);
  CHECK(totals.log_lines_dropped == 1);
  CHECK(totals.samples == 48);
  CHECK(totals.evaluation.count == 4);
  CHECK(totals.waiting.sum_seconds == Approx(1));
  CHECK(totals.preparation.quantiles[2] == Approx(0.001));
  CHECK(totals.sorting.count == 1);
  const auto underway = std::make_unique<QueryRecorder::Underway>(recorder);
  CHECK(recorder.totals().underway == 1);
}

}  // namespace
}  // namespace tocsin::promql
