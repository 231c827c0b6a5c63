#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "exporters/postgres/options.hpp"
#include "exporters/postgres/postgres.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::exporters::postgres {

namespace {

struct Fixture {
  tocsin::test::RuntimeThread thread;
  MemFs fs;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(thread.loop(), {});
  Services services{.loop = thread.loop(),
                    .work = thread.runtime().work(),
                    .http = *http,
                    .resolver = nullptr,
                    .fs = fs,
                    .environment = [](const std::string& name) { return name == "DSN" ? "host=e port=7" : ""; },
                    .anchor = std::make_shared<LoopAnchor>(thread.loop())};

  Result<Section> read(const std::string& text) {
    auto root = yaml::parse(text, "/etc/agent.yml");
    REQUIRE(root);
    return read_section(*root, services);
  }
};

}  // namespace

TEST_CASE("the section of agent.yml is read", "[postgres]") {
  Fixture f;
  REQUIRE(f.fs.create_directories("/etc"));
  REQUIRE(f.fs.write_file_atomic("/etc/dsn", "postgresql://u:p@file:1/d\n"));
  REQUIRE(f.fs.write_file_atomic("/etc/user", "mon\n"));
  REQUIRE(f.fs.write_file_atomic("/etc/password", "pw\n"));
  const auto section = f.read(R"(
listen: 127.0.0.1:9187
deadline: 3s
targets:
  - dsn: postgresql://u:p@h:6000/d
  - dsn_file: dsn
    user_file: user
    password_file: password
  - dsn_env: DSN
  - dsn: postgresql://u:p@h:6000/other
    server: other
auth_modules:
  one:
    type: userpass
    userpass: {username: a, password: b}
    options: {sslmode: disable}
  two: {username: c, password_file: password}
collectors: {stat_statements: true, wal: false}
stat_statements: {include_query: true, limit: 5, exclude_users: [x]}
disable_settings_metrics: true
compatibility: "0.20"
statement_timeout: 1s
)");
  REQUIRE(section);
  CHECK(section->options->section.listen == "127.0.0.1:9187");
  REQUIRE(section->targets.size() == 4);
  CHECK(section->targets[0].server == "h:6000");
  CHECK(section->targets[1].server == "file:1");
  CHECK(section->targets[2].server == "e:7");
  CHECK(section->targets[3].server == "other");
  const auto dsn = resolve(section->targets[1].login, f.fs, f.services.environment);
  REQUIRE(dsn);
  CHECK(dsn->get("user") == "mon");
  CHECK(dsn->password.reveal() == "pw");
  CHECK(section->auth_modules.at("one").options.at("sslmode") == "disable");
  CHECK(section->options->collects("stat_statements"));
  CHECK_FALSE(section->options->collects("wal"));
  CHECK(section->options->collects("database"));
  CHECK_FALSE(section->options->settings_metrics);
  CHECK(section->options->statements.limit == 5);
  CHECK((section->options->style == Style::k020));
}

TEST_CASE("what is wrong with the section is said with its place and without passwords", "[postgres]") {
  Fixture f;
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"tragets: []", "/etc/agent.yml:1:1: field tragets not found in type postgres"},
      {"targets: [{server: a}]", "/etc/agent.yml:1:11: one of dsn, dsn_file and dsn_env is missing"},
      {"targets: [{dsn: 'host=h hunter2'}]", "/etc/agent.yml:1:11: wrong connection string: byte 15"},
      {"targets: [{dsn: host=h, dsn_env: A}]", "/etc/agent.yml:1:11: at most one of dsn, dsn_file and dsn_env"},
      {"targets: [{dsn_env: NONE}]", "/etc/agent.yml:1:11: the environment variable NONE is not set"},
      {"targets: [{dsn: host=h}, {dsn: host=h}]", "/etc/agent.yml:1:26: two targets of the name h:5432"},
      {"collectors: {wall: true}", "/etc/agent.yml:1:14: unknown collector `wall`"},
      {"collectors: {wal: maybe}", "/etc/agent.yml:1:19: cannot unmarshal"},
      {"compatibility: 0.12", "/etc/agent.yml:1:16: compatibility must be \"0.11\" or \"0.20\", not `0.12`"},
      {"auth_modules: {a: {type: kerberos}}", "/etc/agent.yml:1:19: unknown type of an auth module: `kerberos`"},
      {"stat_statements: {limit: 0}", "/etc/agent.yml:1:18: query_length and limit must not be 0"},
      {"custom_queries: nowhere.yaml", "open /etc/nowhere.yaml"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto section = f.read(c.text);
    REQUIRE_FALSE(section);
    CHECK_THAT(section.error().message, Catch::StartsWith(c.error));
    CHECK_FALSE(section.error().message.contains("hunter2"));
  }
}

TEST_CASE("a probe takes a target and an auth module as postgres_exporter does", "[postgres]") {
  Fixture f;
  auto root = yaml::parse("auth_modules: {good: {username: a, password: b}, empty: {username: a}}", "agent.yml");
  f.thread.run<int>([&]() -> net::Task<int> {
    auto source = source_info().make(*root, f.services);
    REQUIRE(source);
    CHECK((*source)->targets().empty());
    CHECK((*source)->probe_path() == "/probe");
    const auto error = [&](const char* query) {
      auto target = (*source)->probe(net::HttpRequest("GET", std::string("/probe") + query));
      return target ? std::string() : target.error().message;
    };
    CHECK(error("?target=db:5432&auth_module=good").empty());
    CHECK(error("?target=postgresql://db/x").empty());
    CHECK(error("") == "target is required");
    CHECK(error("?target=db&auth_module=none") == "auth_module none not found");
    CHECK(error("?target=db&auth_module=empty") == "auth_module empty has no username or password");
    CHECK_THAT(error("?target=db:x"), Catch::StartsWith("could not configure dsn for target: wrong connection string"));
    co_return 0;
  });
}

}  // namespace tocsin::exporters::postgres
