#include "scrape/failure_log.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using scrape::FailureLog;

namespace {

constexpr Timestamp kTime = 1'700'000'000'123;

struct Bench {
  test::LogCapture logged;
  test::TestLoop loop;
  MemFs fs;
  std::shared_ptr<FailureLog> log = std::make_shared<FailureLog>(fs, loop.lane(Lane::kQuery), "/f.json");
  std::string text() { return fs.read_file("/f.json").value_or("none"); }
};

}  // namespace

TEST_CASE("a failure is one line of JSON, whatever the server put into its words") {
  Bench bench;
  bench.log->write({kTime, "node", "http://a/metrics", "Get \"http://a/metrics\": bad \x01 \xff\n"});
  bench.loop.run_ready();
  CHECK(bench.text() ==
        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"ERROR\",\"source\":\"scrape_run.cpp\",\"msg\":\"Get "
        "\\\"http://a/metrics\\\": bad \\u0001 "
        "\xef\xbf\xbd\\n\",\"job_name\":\"node\",\"target\":\"http://a/metrics\"}\n");
}

TEST_CASE("lines are written together off the loop, and those beyond a MiB that waits are dropped") {
  Bench bench;
  const std::string error(1000, 'e');
  for (int i = 0; i < 2000; ++i) bench.log->write({kTime, "j", "t", error});
  CHECK(bench.text() == "none");
  bench.loop.run_ready();
  const std::string text = bench.text();
  const auto written = std::count(text.begin(), text.end(), '\n');
  CHECK(text.size() <= 1U << 20U);
  CHECK(written > 900);
  CHECK(bench.log->dropped() == 2000 - static_cast<std::uint64_t>(written));
  bench.log->write({kTime, "j", "t", "later"});
  bench.loop.run_ready();
  CHECK(bench.text().size() > text.size());
}

TEST_CASE("a file that cannot be written is complained about once, and tried again") {
  Bench bench;
  REQUIRE(bench.fs.create_directories("/dir"));
  const auto log = std::make_shared<FailureLog>(bench.fs, bench.loop.lane(Lane::kQuery), "/dir");
  for (int i = 0; i < 3; ++i) {
    log->write({kTime, "j", "t", "e"});
    bench.loop.run_ready();
  }
  CHECK(log->dropped() == 3);
  CHECK(bench.logged.lines().size() == 1);
  CHECK(bench.logged.contains("can't write the scrape failure log"));
}
