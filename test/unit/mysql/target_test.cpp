#include "exporters/mysql/target.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "fake_connection.hpp"
#include "support/log_capture.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::exporters::mysql {
namespace {

using test::Answer;
using test::broken;
using test::FakeConnection;
using test::refusal;

struct Fixture {
  std::map<std::string, Answer> answers = {
      {"SELECT @@version", {{"x"}, {{"10.11.6-MariaDB"}}, {}, 0}},
      {"SET SESSION", {}},
      {"SHOW GLOBAL STATUS", {{"a", "b"}, {{"Threads_running", "2"}}, {}, 0}},
      {"SHOW GLOBAL VARIABLES", {{"a", "b"}, {{"max_connections", "151"}}, {}, 0}},
      {"SHOW ALL SLAVES STATUS", {}},
      {"SELECT page_size", {}},
      {"SELECT @@query_response_time_stats", refusal(1193)},
      {"SELECT trx_state", {}},
  };
  std::vector<std::string> asked;
  std::optional<Error> dial_error;
  int dials = 0;
  MemFs fs;
  test::RuntimeThread thread;
  std::shared_ptr<LoopAnchor> anchor = std::make_shared<LoopAnchor>(thread.loop());
  std::unique_ptr<net::HttpClient> http = net::make_http_client(thread.loop(), {});
  Services services{.loop = thread.loop(),
                    .work = thread.runtime().work(),
                    .http = *http,
                    .resolver = nullptr,
                    .fs = fs,
                    .anchor = anchor};
  TargetOptions options{.server = "db1"};
  std::shared_ptr<Target> target;
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();

  Result<void> collect(MonoTime deadline = MonoTime::max()) {
    if (!target) {
      target =
          std::make_shared<MysqlTarget>(services, options, [this](MonoTime) -> Result<std::unique_ptr<Connection>> {
            ++dials;
            if (dial_error) return fail(*dial_error);
            return std::make_unique<FakeConnection>(answers, &asked);
          });
    }
    page->begin();
    auto result = thread.run<Result<void>>([&] { return target->collect(page, deadline); });
    page->end();
    return result;
  }
  bool has(const std::string& line) const {
    return ("\n" + page->render()).find("\n" + line + "\n") != std::string::npos;
  }
  ~Fixture() { anchor->close(); }
};

}  // namespace

TEST_CASE("a target keeps its connection and tells how its collectors did", "[mysql]") {
  Fixture f;
  REQUIRE(f.collect());
  REQUIRE(f.collect());
  CHECK(f.dials == 1);
  CHECK(f.has("mysql_up 1"));
  CHECK(f.has("mysql_exporter_last_scrape_error 0"));
  CHECK(f.has("mysql_exporter_scrapes_total 2"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.global_status\"} 1"));
  CHECK(f.has("mysql_global_status_threads_running 2"));
  CHECK(f.asked[1] == "SET SESSION lock_wait_timeout = 2");
  CHECK(f.asked[2] == "SHOW GLOBAL STATUS");  // no deadline, so none for the server either
  CHECK(f.page->render().find("collect.heartbeat") == std::string::npos);
}

TEST_CASE("a session begins with the settings that are wanted", "[mysql]") {
  Fixture f;
  f.options.session = {.lock_wait_timeout = std::nullopt, .log_slow_filter = true};
  const auto deadline = system_clock().mono() + std::chrono::hours(1);
  REQUIRE(f.collect(deadline));
  CHECK(f.asked[1] == "SET SESSION log_slow_filter = 'tmp_table_on_disk,filesort_on_disk'");
  CHECK(f.asked[2].starts_with("SET SESSION max_statement_time = 3"));
  Fixture mysql;
  mysql.answers["SELECT @@version"].rows = {{"8.0.36"}};
  mysql.answers["SHOW SLAVE STATUS"] = {};
  mysql.answers["SET SESSION max_execution_time"] = refusal(1227);  // only a help
  REQUIRE(mysql.collect(deadline));
  CHECK(mysql.asked[2].starts_with("SET SESSION max_execution_time = 3"));
}

TEST_CASE("a server that cannot be reached is down, with the reason", "[mysql]") {
  Fixture f;
  f.dial_error = Error{Errc::kIo, "db1:3306: Error 2002 (HY000): Can't connect"};
  const auto result = f.collect();
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "db1:3306: Error 2002 (HY000): Can't connect");
  CHECK(f.has("mysql_up 0"));
  CHECK(f.has("mysql_exporter_last_scrape_error 1"));
  CHECK(f.page->render().find("global_status") == std::string::npos);
  f.dial_error.reset();
  CHECK(f.collect());
  CHECK(f.has("mysql_up 1"));
}

TEST_CASE("a server older than 5.5, and one whose version nobody can read, is down", "[mysql]") {
  Fixture f;
  f.answers["SELECT @@version"].rows = {{"5.1.73-log"}};
  const auto old = f.collect();
  REQUIRE_FALSE(old);
  CHECK(old.error().message == "the server is too old: 5.1.73-log, MySQL or MariaDB 5.5 or newer is needed");
  CHECK(f.has("mysql_up 0"));
  f.answers["SELECT @@version"].rows = {{"proxy"}};
  CHECK(f.collect().error().message == "could not parse version from \"proxy\"");
}

TEST_CASE("a collector that fails leaves the others alone, and is logged once", "[mysql]") {
  test::LogCapture log;
  Fixture f;
  f.answers["SHOW ALL SLAVES STATUS"] = refusal(1227);
  REQUIRE(f.collect());
  REQUIRE(f.collect());
  CHECK(f.has("mysql_up 1"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.slave_status\"} 0"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.locks\"} 1"));
  CHECK(f.has("mysql_exporter_scrape_errors_total{collector=\"collect.slave_status\"} 2"));
  CHECK(f.has("mysql_exporter_last_scrape_error 1"));
  CHECK(f.dials == 1);
  f.answers["SHOW ALL SLAVES STATUS"] = {};
  REQUIRE(f.collect());
  CHECK(f.has("mysql_exporter_last_scrape_error 0"));
  int failed = 0, works = 0;
  for (const std::string& line : log.lines()) {
    failed += line.find("collector failed") != std::string::npos ? 1 : 0;
    works += line.find("collector works again") != std::string::npos ? 1 : 0;
  }
  CHECK(failed == 1);
  CHECK(works == 1);
}

TEST_CASE("a connection that breaks under a collector is made anew for the next", "[mysql]") {
  Fixture f;
  f.answers["SHOW GLOBAL STATUS"] = broken(Errc::kIo, "lost");
  REQUIRE(f.collect());
  CHECK(f.dials == 2);
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.global_status\"} 0"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.global_variables\"} 1"));
}

TEST_CASE("a kept connection that the server has closed is made anew, once", "[mysql]") {
  Fixture f;
  REQUIRE(f.collect());
  f.answers["SELECT @@version"].error = Error{Errc::kIo, "db1:3306: Error 2006 (HY000): Server has gone away"};
  const auto gone = f.collect();
  REQUIRE_FALSE(gone);
  CHECK(f.dials == 2);
  f.answers["SELECT @@version"].error.reset();
  REQUIRE(f.collect());
  CHECK(f.dials == 3);
}

TEST_CASE("once the time is over, the collectors that are left are not tried", "[mysql]") {
  Fixture f;
  f.answers["SHOW GLOBAL VARIABLES"] = broken(Errc::kTimeout, "db1:3306: no answer by the deadline");
  const auto result = f.collect(MonoTime::zero());
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::kTimeout);
  CHECK(f.has("mysql_up 1"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.global_status\"} 1"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.global_variables\"} 0"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"collect.locks\"} 0"));
  CHECK(f.asked.back() == "SHOW GLOBAL VARIABLES");
}

TEST_CASE("custom queries are asked behind the collectors, and fail for themselves", "[mysql]") {
  Fixture f;
  REQUIRE(f.fs.write_file_atomic("/q.yml",
                                 "good:\n  query: SELECT good\n  metrics:\n    - a: {usage: GAUGE}\n"
                                 "bad:\n  query: SELECT bad\n  metrics:\n    - a: {usage: GAUGE}\n"));
  f.options.custom = std::make_shared<const sql::CustomQueries>(*sql::CustomQueries::load(f.fs, "/q.yml"));
  f.answers["SELECT good"] = {{"a"}, {{"5"}}, {}, 0};
  REQUIRE(f.collect());
  CHECK(f.has("good_a 5"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"custom.good\"} 1"));
  CHECK(f.has("mysql_exporter_collector_success{collector=\"custom.bad\"} 0"));
}

}  // namespace tocsin::exporters::mysql
