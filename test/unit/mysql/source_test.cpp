#include "exporters/mysql/source.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "exporters/mysql/access.hpp"
#include "exporters/mysql/collectors.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::exporters::mysql {
namespace {

struct Fixture {
  MemFs fs;
  test::RuntimeThread thread;
  std::shared_ptr<LoopAnchor> anchor = std::make_shared<LoopAnchor>(thread.loop());
  std::unique_ptr<net::HttpClient> http = net::make_http_client(thread.loop(), {});

  Fixture() {
    REQUIRE(fs.create_directories("/etc"));
    REQUIRE(fs.write_file_atomic("/etc/my.cnf", "[client]\nuser=a\nhost=h\n[nouser]\nport=1\n"));
  }
  ~Fixture() { anchor->close(); }

  Result<std::unique_ptr<Source>> make(const std::string& text) {
    const auto root = yaml::parse(text, "/etc/agent.yml");
    REQUIRE(root);
    return thread.call([&] {
      return source_info().make(*root, Services{.loop = thread.loop(),
                                                .work = thread.runtime().work(),
                                                .http = *http,
                                                .resolver = nullptr,
                                                .fs = fs,
                                                .anchor = anchor});
    });
  }
  std::string error_of(const std::string& text) {
    const auto source = make(text);
    return source ? "fine" : source.error().message;
  }
};

std::string address_of(std::string_view text) {
  ConnectOptions options;
  const auto set = set_address(text, Access::of_file("f", "s"), options);
  return set ? options.address() : set.error().message;
}

}  // namespace

TEST_CASE("the section mysql names servers, by addresses, sockets and option files", "[mysql]") {
  Fixture f;
  const auto source = f.make(
      "listen: 127.0.0.1:9104\n"
      "config_my_cnf: my.cnf\n"
      "collectors: {collect.info_schema.processlist: true, info_schema.processlist.min_time: 5, slave_status: off}\n"
      "auth_modules:\n  admin: {user: root, password_env: PW}\n"
      "lock_wait_timeout: 5\nlog_slow_filter: true\nquery_timeout: 2s\ndeadline: 3s\n"
      "targets:\n"
      "  - {address: db1, user: u, password: p}\n"
      "  - {address: 'unix:///run/s.sock', auth_module: admin, server: local}\n"
      "  - {address: '[::1]:3307', collectors: {heartbeat: true, heartbeat.table: t}}\n"
      "  - {my_cnf: /etc/my.cnf}\n");
  REQUIRE(source);
  std::vector<std::string> names;
  for (const auto& target : (*source)->targets()) names.push_back(target.server);
  CHECK(names == std::vector<std::string>{"db1:3306", "local", "[::1]:3307", "h:3306"});
  CHECK((*source)->options().listen == "127.0.0.1:9104");
  CHECK((*source)->options().deadline == std::chrono::seconds(3));
  CHECK((*source)->probe_path() == "/probe");
}

TEST_CASE("mistakes of the section have their position and tell no secret", "[mysql]") {
  Fixture f;
  CHECK(f.error_of("targts: []").starts_with("/etc/agent.yml:1:1: "));
  CHECK(f.error_of("collectors: {info_schema.tabels: true}") ==
        "/etc/agent.yml:1:14: there is no collector or option info_schema.tabels of mysql");
  CHECK(f.error_of("collectors: {heartbeat: maybe}").starts_with("/etc/agent.yml:1:25: "));
  CHECK(f.error_of("collectors: {info_schema.processlist.min_time: -1}") ==
        "/etc/agent.yml:1:48: info_schema.processlist.min_time must not be negative");
  CHECK(f.error_of("collectors: [a]").starts_with("/etc/agent.yml:1:13: "));
  CHECK(f.error_of("targets: [{address: 'u:secret@tcp(h:1)', user: u}]") ==
        "/etc/agent.yml:1:11: the address must be host:port or unix:///path");
  CHECK(f.error_of("targets: [{address: h}]") == "/etc/agent.yml:1:11: there is no auth_module \"client\"");
  CHECK(f.error_of("targets: [{address: h, password: secret}]") == "/etc/agent.yml:1:11: a login without user");
  CHECK(f.error_of("targets: [{address: h, user: a, my_cnf: x}]").find("at most one of user") != std::string::npos);
  CHECK(f.error_of("targets: [{my_cnf: my.cnf, auth_module: nouser}]") ==
        "/etc/agent.yml:1:11: /etc/my.cnf: section [nouser]: no user");
  CHECK(f.error_of("targets: [{address: h, my_cnf: comes-later.cnf}]") == "fine");
  CHECK(f.error_of("targets: [{address: h, user: a}, {address: 'h:3306', user: b}]") ==
        "/etc/agent.yml:1:34: two targets of the name h:3306: give one of them another `server`");
  CHECK(f.error_of("custom_queries: none.yml").find("none.yml") != std::string::npos);
  REQUIRE(f.fs.write_file_atomic("/etc/q.yml", "a:\n  query: SELECT 1\n  metrics:\n    - b: {usage: WRONG}\n"));
  CHECK(f.error_of("targets: [{address: h, user: a, custom_queries: q.yml}]")
            .starts_with("/etc/q.yml:4:18: usage must be"));
  CHECK(f.error_of("auth_modules: {x: {}}") == "/etc/agent.yml:1:19: a login without user");
  CHECK(f.error_of("targets: [{address: h, user: a, tls_config: {ca: text}}]")
            .ends_with("libmariadb reads certificates from files: use ca_file, cert_file and key_file"));
  CHECK(f.error_of("targets: [{address: h, user: a, tls_config: {server_name: other}}]")
            .ends_with("which libmariadb cannot verify"));
  CHECK(f.error_of("targets: [{address: h, user: a, tls_config: {server_name: h}}]") == "fine");
}

TEST_CASE("addresses are hosts with ports, or sockets", "[mysql]") {
  CHECK(address_of("h") == "h:3306");
  CHECK(address_of("h:1") == "h:1");
  CHECK(address_of("[fe80::1]") == "[fe80::1]:3306");
  CHECK(address_of("[fe80::1]:7") == "[fe80::1]:7");
  CHECK(address_of("unix:///a/b") == "unix:///a/b");
  for (const char* wrong :
       {"h:", "h:0", "h:65536", "h:1x", ":1", "[::1", "[::1]x:1", "[]:1", "unix://a", "a b:1", "::1"}) {
    INFO(wrong);
    CHECK(address_of(wrong) == "the address must be host:port or unix:///path");
  }
}

TEST_CASE("a probe names its target and how to log in", "[mysql]") {
  Fixture f;
  const auto source = f.make("config_my_cnf: my.cnf\nauth_modules: {admin: {user: root}}\n");
  REQUIRE(source);
  const auto probe = [&](const std::string& query) {
    return f.thread.call([&]() -> std::string {
      const auto target = (*source)->probe(net::HttpRequest("GET", "/probe?" + query));
      return target ? "fine" : target.error().message;
    });
  };
  CHECK(probe("target=db2:3306") == "fine");
  CHECK(probe("target=db2:3306&auth_module=admin&collect[]=global_status") == "fine");
  CHECK(probe("") == "target is required");
  CHECK(probe("target=db2:x") == "the address must be host:port or unix:///path");
  CHECK(probe("target=db2:1&auth_module=none") == "/etc/my.cnf: there is no section [none]");
}

TEST_CASE("collect[] leaves on what it names, or everything if it names nothing that is on", "[mysql]") {
  const auto names_of = [](const std::vector<std::string>& kept) {
    CollectorOptions options = default_options();
    keep_only(options, kept);
    std::size_t on = 0;
    for (const bool enabled : options.enabled) on += enabled ? 1 : 0;
    return on;
  };
  CHECK(names_of({"global_status", "slave_status", "heartbeat"}) == 2);
  CHECK(names_of({"heartbeat"}) == names_of({"nonsense"}));
  CHECK(names_of({"heartbeat"}) == 7);
}

}  // namespace tocsin::exporters::mysql
