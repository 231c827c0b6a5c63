#include "exporters/postgres/dsn.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::postgres {

TEST_CASE("connection strings are read as libpq reads them", "[postgres]") {
  struct Case {
    const char* text;
    const char* server;
    const char* user;
    const char* password;
    const char* database;
  };
  const Case cases[] = {
      {"postgresql://u:p@db.example:6543/app?sslmode=require", "db.example:6543", "u", "p", "app"},
      {"postgres://db", "db:5432", "", "", ""},
      {"postgresql://", "localhost:5432", "", "", ""},
      {"postgresql://u%40x:p%3A%2F@h/d%20b", "h:5432", "u@x", "p:/", "d b"},
      {"postgresql://u:@[::1]:7777/", "::1:7777", "u", "", ""},
      {"postgresql://a:1,b:2/x?user=w&password=q", "a,b:1,2", "w", "q", "x"},
      {"postgresql:///app?host=/run/postgresql", "/run/postgresql:5432", "", "", "app"},
      {"host=h port=1 user=u password=p dbname=d", "h:1", "u", "p", "d"},
      {"  host = 'a b'  password = 'it\\'s \\\\ x' ", "a b:5432", "", "it's \\ x", ""},
      {"password= user=u", "localhost:5432", "", "user=u", ""},  // spaces may stand behind `=`, as in libpq
      {"hostaddr=10.0.0.1 dbname=''", "10.0.0.1:5432", "", "", ""},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto dsn = parse_dsn(c.text);
    REQUIRE(dsn);
    CHECK(server_label(*dsn) == c.server);
    CHECK(dsn->get("user") == c.user);
    CHECK(dsn->password.reveal() == c.password);
    CHECK(dsn->get("dbname") == c.database);
  }
  CHECK(parse_dsn("postgresql://h?ssl=true")->get("sslmode") == "require");
}

TEST_CASE("a wrong connection string is an error that tells nothing of it", "[postgres]") {
  for (const char* text : {"", "hunter2", "host=h hunter2", "password='hunter2", "postgresql://u:hunter2@h:port/",
                           "postgresql://u:hunter2%zz@h", "postgresql://h?hunter2", "postgresql://[::1/hunter2",
                           "postgresql://u:a@hunter2@h:1x/", "=hunter2"}) {
    INFO(text);
    const auto dsn = parse_dsn(text);
    REQUIRE_FALSE(dsn);
    CHECK(dsn.error().code == Errc::kInvalid);
    CHECK(dsn.error().message.starts_with("wrong connection string: "));
    CHECK_FALSE(dsn.error().message.contains("hunter2"));
  }
}

TEST_CASE("the target of a probe may be a URI without its scheme", "[postgres]") {
  const auto dsn = parse_dsn(as_uri("db:6000/app?sslmode=disable"));
  REQUIRE(dsn);
  CHECK(server_label(*dsn) == "db:6000");
  CHECK(dsn->get("dbname") == "app");
  CHECK(dsn->get("sslmode") == "disable");
  CHECK(as_uri("host=x") == "host=x");
  CHECK(as_uri("postgres://x") == "postgres://x");
  CHECK_FALSE(parse_dsn(as_uri("db:port")));
}

}  // namespace tocsin::exporters::postgres
