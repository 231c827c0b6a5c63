#include "exporters/postgres/scraper.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "base/virtual_loop.hpp"
#include "exporters/postgres/builtin.hpp"
#include "fake_server.hpp"

namespace tocsin::exporters::postgres {

namespace {

using test::FakeRows;

std::shared_ptr<Options> all_off() {
  auto options = std::make_shared<Options>();
  for (const CollectorDefault& collector : kCollectors) options->collectors.emplace(collector.name, false);
  options->default_metrics = false;
  return options;
}

/// A scraper of a scripted server.
struct Fixture {
  VirtualLoop loop;
  MemFs fs;
  test::FakeServer server;
  std::shared_ptr<Options> options = all_off();
  std::unique_ptr<Scraper> scraper;
  expo::Page page;

  std::string scrape(std::string* error = nullptr) {
    if (scraper == nullptr) {
      Login login;
      login.dsn = Credential::of(Secret("postgresql://u:pw@db:5432/main"));
      scraper = std::make_unique<Scraper>(
          options, login, "",
          Surroundings{loop.clock(), fs, [](const std::string&) { return ""; }, server.connector()});
    }
    page.begin();
    auto result = scraper->scrape(page, loop.clock().mono() + std::chrono::seconds(5));
    page.end();
    if (error != nullptr) *error = result ? "" : result.error().message;
    return page.render();
  }
};

bool has(const std::string& page, std::string_view line) {
  return page.starts_with(std::string(line) + "\n") || page.contains("\n" + std::string(line) + "\n");
}

const FakeRows kRoles{{{"rolname"}, {"connection_limit"}}, {{"u", "-1"}}};
const FakeRows kWal{{{"segments"}, {"size_bytes"}}, {{"3", "50331648"}}};

}  // namespace

TEST_CASE("a scrape asks everything in one message of a session that is kept", "[postgres]") {
  Fixture f;
  f.options->collectors["roles"] = f.options->collectors["wal"] = true;
  f.server.answer("pg_roles", kRoles);
  f.server.answer("pg_ls_waldir", kWal);
  std::string error;
  const std::string page = f.scrape(&error);
  CHECK(error.empty());
  for (const char* line :
       {"pg_up 1", "pg_exporter_last_scrape_error 0", "pg_exporter_scrapes_total 1",
        "pg_roles_connection_limit{rolname=\"u\"} -1", "pg_wal_segments 3", "pg_wal_size_bytes 5.0331648e+07",
        "pg_scrape_collector_success{collector=\"roles\"} 1", "pg_scrape_collector_success{collector=\"wal\"} 1"}) {
    INFO(line);
    CHECK(has(page, line));
  }
  CHECK(has(f.scrape(), "pg_exporter_scrapes_total 2"));
  CHECK(f.server.databases == std::vector<std::string>{"main"});
  CHECK(f.server.messages.size() == 3);  // one to set the session up, then one a scrape
  CHECK(f.server.messages[0].contains("SET statement_timeout TO 2500"));
}

TEST_CASE("a statement that fails costs its collector and nothing else", "[postgres]") {
  Fixture f;
  f.options->collectors["roles"] = f.options->collectors["wal"] = true;
  f.server.answer("pg_roles", fail(Errc::kExecution, "permission denied (SQLSTATE 42501)"));
  f.server.answer("pg_ls_waldir", kWal);
  std::string error;
  const std::string page = f.scrape(&error);
  CHECK(error == "roles: permission denied (SQLSTATE 42501)");
  CHECK(has(page, "pg_up 1"));
  CHECK(has(page, "pg_exporter_last_scrape_error 0"));  // as in postgres_exporter, which counts older metrics only
  CHECK(has(page, "pg_scrape_collector_success{collector=\"roles\"} 0"));
  CHECK(has(page, "pg_scrape_collector_success{collector=\"wal\"} 1"));
  CHECK(has(page, "pg_wal_segments 3"));
}

TEST_CASE("a default metric that fails is a scrape error", "[postgres]") {
  Fixture f;
  f.options->default_metrics = true;
  f.server.answer("pg_stat_database_conflicts", fail(Errc::kExecution, "no"));
  std::string error;
  const std::string page = f.scrape(&error);
  CHECK(error == "pg_stat_database_conflicts: no");
  CHECK(has(page, "pg_exporter_last_scrape_error 1"));
  CHECK(has(page, "pg_static{server=\"db:5432\",short_version=\"15.0.0\",version=\"PostgreSQL 15.0 on a fake\"} 1"));
}

TEST_CASE("a server that is down is pg_up 0 with the reason, and asked anew at the next scrape", "[postgres]") {
  Fixture f;
  f.options->collectors["roles"] = true;
  f.server.refuses = Error{Errc::kUnavailable, "connection refused"};
  std::string error;
  std::string page = f.scrape(&error);
  CHECK(error == "connection refused");
  CHECK(has(page, "pg_up 0"));
  CHECK(has(page, "pg_exporter_last_scrape_error 1"));
  CHECK(has(page, "pg_scrape_collector_success{collector=\"roles\"} 0"));
  f.server.refuses.reset();
  page = f.scrape(&error);
  CHECK(error.empty());
  CHECK(has(page, "pg_up 1"));
}

TEST_CASE("a kept session that the server has closed is replaced within the scrape", "[postgres]") {
  Fixture f;
  f.options->collectors["roles"] = true;
  f.server.answer("pg_roles", kRoles);
  CHECK(has(f.scrape(), "pg_up 1"));
  f.server.answers.insert(f.server.answers.begin(), {"pg_roles", fail(Errc::kUnavailable, "terminated")});
  const Connector connector = f.server.connector();
  std::string error;
  CHECK(has(f.scrape(&error), "pg_up 0"));  // the new session is lost as well
  CHECK(error == "terminated");
  CHECK(f.server.databases.size() == 2);
  f.server.answers.erase(f.server.answers.begin());
  CHECK(has(f.scrape(), "pg_up 1"));
}

TEST_CASE("a server that does not answer in time is not asked twice", "[postgres]") {
  Fixture f;
  f.options->collectors["roles"] = true;
  CHECK(has(f.scrape(), "pg_up 1"));
  f.server.breaks = Error{Errc::kTimeout, "no answer in time"};
  std::string error;
  CHECK(has(f.scrape(&error), "pg_up 0"));
  CHECK(error == "no answer in time");
  CHECK(f.server.databases.size() == 1);
}

TEST_CASE("a server older than 9.4 is too old", "[postgres]") {
  Fixture f;
  f.server.version = 90325;
  std::string error;
  CHECK(has(f.scrape(&error), "pg_up 0"));
  CHECK(error == "PostgreSQL 9.3 is too old, 9.4 or newer is needed");
}

TEST_CASE("a user's queries run alone, are kept as long as they say, and only where they say", "[postgres]") {
  Fixture f;
  REQUIRE(f.fs.write_file_atomic("/q.yaml", R"(
kept: {query: SELECT kept, cache_seconds: 60, metrics: [{v: {usage: GAUGE}}]}
newer: {query: SELECT newer, runonserver: '>=16.0.0', metrics: [{v: {usage: GAUGE}}]}
broken: {query: SELECT broken, metrics: [{v: {usage: GAUGE}}]}
several: {query: 'SET x TO 1; SELECT several;', metrics: [{v: {usage: GAUGE}}]}
)"));
  f.options->custom = sql::CustomQueries::load(f.fs, "/q.yaml").value();
  f.server.answer("SELECT kept", FakeRows{{{"v", 20}}, {{"1"}}});
  f.server.answer("SELECT newer", FakeRows{{{"v", 20}}, {{"1"}}});
  f.server.answer("SELECT broken", fail(Errc::kExecution, "syntax error"));
  f.server.answer("SELECT several", FakeRows{{{"v", 20}}, {{"4"}}});
  std::string error;
  const std::string page = f.scrape(&error);
  CHECK(error == "/q.yaml:4:1: broken: syntax error");
  CHECK(has(page, "pg_exporter_last_scrape_error 1"));
  CHECK(has(page, "kept_v{server=\"db:5432\"} 1"));
  CHECK(has(page, "several_v{server=\"db:5432\"} 4"));
  CHECK_FALSE(page.contains("newer_v"));
  CHECK(page.contains("pg_exporter_user_queries_load_error{filename=\"/q.yaml\",hashsum=\""));

  f.server.answers[0].rows = FakeRows{{{"v", 20}}, {{"2"}}};
  f.loop.advance(std::chrono::seconds(59));
  CHECK(has(f.scrape(), "kept_v{server=\"db:5432\"} 1"));
  f.loop.advance(std::chrono::seconds(2));
  CHECK(has(f.scrape(), "kept_v{server=\"db:5432\"} 2"));
}

TEST_CASE("found databases are asked for their tables and the user's queries", "[postgres]") {
  Fixture f;
  f.options->auto_discover_databases = true;
  f.options->exclude_databases = {"hidden"};
  f.options->collectors["statio_user_tables"] = f.options->collectors["roles"] = true;
  REQUIRE(f.fs.write_file_atomic("/q.yaml", R"(
everywhere: {query: SELECT everywhere, metrics: [{v: {usage: GAUGE}}]}
once: {query: SELECT once, master: true, metrics: [{v: {usage: GAUGE}}]}
)"));
  f.options->custom = sql::CustomQueries::load(f.fs, "/q.yaml").value();
  f.server.answer("datname <> current_database()", FakeRows{{{"datname"}}, {{"app"}, {"hidden"}, {"shop"}}});
  std::string error;
  f.scrape(&error);
  CHECK(f.server.databases == std::vector<std::string>{"main", "app", "shop"});
  const auto count = [&](std::string_view words) {
    return std::ranges::count_if(f.server.messages, [&](const std::string& m) { return m.contains(words); });
  };
  CHECK(count("pg_statio_user_tables") == 3);
  CHECK(count("pg_roles") == 1);
  CHECK(count("SELECT everywhere") == 3);
  CHECK(count("SELECT once") == 1);
  f.scrape();
  CHECK(f.server.databases.size() == 3);  // kept
}

TEST_CASE("a password that was rotated is used for a new session", "[postgres]") {
  Fixture f;
  std::string password = "old";
  Login login;
  login.dsn = Credential::of(Secret("host=db"));
  auto root = yaml::parse("password_env: PW", "agent.yml");
  yaml::Fields fields(*root, "target");
  login.password = *Credential::read(fields, "password");
  f.scraper = std::make_unique<Scraper>(
      f.options, login, "",
      Surroundings{f.loop.clock(), f.fs, [&](const std::string&) { return password; }, f.server.connector()});
  f.scrape();
  f.scrape();
  password = "new";
  f.scrape();
  CHECK(f.server.passwords == std::vector<std::string>{"old", "new"});
}

TEST_CASE("queries follow the server's version", "[postgres]") {
  Options options = *all_off();
  for (auto& [name, enabled] : options.collectors) enabled = true;
  options.default_metrics = true;
  const auto texts = [&](int version) {
    std::string all;
    for (const Query& query : builtin_queries(options, version)) all += query.sql + "\n";
    return all;
  };
  CHECK(texts(90400).contains("pg_current_xlog_location()"));
  CHECK_FALSE(texts(90400).contains("pg_current_wal_lsn()"));
  CHECK_FALSE(texts(90400).contains("active_pid"));
  CHECK_FALSE(texts(90400).contains("pg_ls_waldir"));
  CHECK_FALSE(texts(100000).contains("xlog_location"));
  CHECK(texts(120000).contains("s.total_time"));
  CHECK(texts(130000).contains("s.total_exec_time"));
  CHECK(texts(160000).contains("checkpoints_timed"));
  CHECK_FALSE(texts(170000).contains("checkpoints_timed"));
  CHECK(texts(170000).contains("pg_stat_checkpointer"));
  CHECK(texts(170000).contains("shared_blk_read_time"));
  CHECK_FALSE(texts(150000).contains("pg_buffercache_summary"));
}

TEST_CASE("names in SQL are literals whatever they contain", "[postgres]") {
  CHECK(sql_literal("it's \\ x") == "E'it''s \\\\ x'");
  CHECK(sql_not_in("d", {"a", "b'"}) == " AND d NOT IN (E'a', E'b''')");
  CHECK(sql_not_in("d", {}).empty());
}

}  // namespace tocsin::exporters::postgres
