// The small parts: password hashes, the token bucket, URLs, cross-origin fields, the access log's line.

#include <catch2/catch.hpp>

#include "web/access_log.hpp"
#include "web/authenticator.hpp"
#include "web/bcrypt.hpp"
#include "web/cors.hpp"
#include "web/external_url.hpp"
#include "web/rate_limiter.hpp"

namespace tocsin::web {

using namespace std::chrono_literals;

TEST_CASE("passwords match their hashes, whatever the minor version is called", "[web]") {
  // "U*U" is a vector of the OpenBSD and Openwall tests; the others are of cost 4.
  CHECK(bcrypt_matches("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
  const std::string rest = "$04$abcdefghijklmnopqrstuuzf81SVB9Th/mFZ5guB/NrjqJybuBxAK";
  for (const char* version : {"$2y", "$2a", "$2b"}) {
    CHECK(check_bcrypt_hash(version + rest).has_value());
    CHECK(bcrypt_cost(version + rest) == 4);
    CHECK(bcrypt_matches(version + rest, "alice-pass"));
    CHECK_FALSE(bcrypt_matches(version + rest, "alice-pas"));
    CHECK_FALSE(bcrypt_matches(version + rest, ""));
    CHECK_FALSE(bcrypt_matches(version + rest, std::string("alice-pass\0x", 12)));
    CHECK_FALSE(bcrypt_matches(version + rest + "x", "alice-pass"));
  }
  CHECK_FALSE(bcrypt_matches("$2b$04$!!!!!!!!!!!!!!!!!!!!!!zf81SVB9Th/mFZ5guB/NrjqJybuBxAK", "alice-pass"));
}

TEST_CASE("a decoy is a hash like any other, that nothing matches", "[web]") {
  const std::string decoy = bcrypt_decoy(4);
  CHECK(check_bcrypt_hash(decoy).has_value());
  CHECK(bcrypt_cost(decoy) == 4);
  CHECK(decoy.size() == 60);
  CHECK_FALSE(bcrypt_matches(decoy, ""));
  CHECK_FALSE(bcrypt_matches(decoy, "fakepassword"));
}

TEST_CASE("credentials are read as Go reads them", "[web]") {
  const auto given = parse_basic_auth("bAsIc QWxhZGRpbjpvcGVuOnNlc2FtZQ==");
  REQUIRE(given.has_value());
  CHECK(given->user == "Aladdin");
  CHECK(given->password == "open:sesame");
  for (const char* none : {"", "Basic", "Basic ", "Bearer abc", "Basic QWxhZGRpbg==", "Basic QWxh*GRpbjpvcGVu",
                           "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ", "Basic  QWxhZGRpbjpvcGVu"}) {
    INFO(none);
    CHECK_FALSE(parse_basic_auth(none).has_value());
  }
  CHECK(parse_basic_auth("Basic Og==")->user.empty());
}

TEST_CASE("the token bucket is full at first and fills again by time", "[web]") {
  RateLimiter limiter;
  const RateLimitOptions options{1s, 3};
  const MonoTime start(1'000s);
  for (int i = 0; i < 3; ++i) CHECK(limiter.allow(options, start));
  CHECK_FALSE(limiter.allow(options, start + 999ms));
  CHECK(limiter.allow(options, start + 1s));
  CHECK_FALSE(limiter.allow(options, start + 1s));
  for (int i = 0; i < 3; ++i) CHECK(limiter.allow(options, start + 1h));
  CHECK_FALSE(limiter.allow(options, start + 1h));
  CHECK_FALSE(limiter.allow({1s, 0}, start + 2h));  // no burst, no request
  for (int i = 0; i < 100; ++i) CHECK(limiter.allow({0s, 0}, start + 2h));
}

TEST_CASE("external URLs lose their last slashes, and give the prefix", "[web]") {
  struct Case {
    std::string given, text, path;
  };
  const Case cases[] = {
      {"http://proxy.example/prometheus", "http://proxy.example/prometheus", "/prometheus"},
      {"https://proxy.example/a/b//", "https://proxy.example/a/b", "/a/b"},
      {"http://proxy.example", "http://proxy.example", ""},
      {"http://proxy.example:9090/", "http://proxy.example:9090", ""},
      {"/only/path/", "/only/path", "/only/path"},
      {"https://double--dash.example/x?y#z", "https://double--dash.example/x", "/x"},
  };
  for (const Case& c : cases) {
    INFO(c.given);
    CHECK(external_url(c.given, ":9090").value() == ExternalUrl{c.text, c.path});
  }
  CHECK(external_url("", "127.0.0.1:4711").value().text.ends_with(":4711"));
  for (const char* quoted :
       {"'https://url/prometheus'", "'relative/path/with/quotes'", "ends/with/quote\"", "'http://starts/with/quote"}) {
    CHECK(external_url(quoted, ":1").error().message.ends_with("URL must not begin or end with quotes"));
  }
  CHECK_FALSE(external_url("ftp://x", ":1").has_value());
  CHECK_FALSE(external_url("http:///path", ":1").has_value());
  CHECK(route_prefix("", {"http://a/b", "/b"}) == "/b");
  CHECK(route_prefix("", {"http://a", ""}) == "/");
  CHECK(route_prefix("other/", {"http://a/b", "/b"}) == "/other");
  CHECK(route_prefix("/", {"http://a/b", "/b"}) == "/");
}

TEST_CASE("cross-origin fields are Prometheus'", "[web]") {
  const auto fields_for = [](const std::string& origins, std::string_view origin) {
    net::Headers fields;
    Cors::compile(origins).value()->apply(origin, fields);
    return fields;
  };
  CHECK(fields_for(".*", "").fields().empty());
  const net::Headers all = fields_for(".*", "https://a.example");
  CHECK(all.get("Access-Control-Allow-Origin") == "*");
  CHECK(all.get("Access-Control-Allow-Methods") == "GET, POST, OPTIONS");
  CHECK(all.get("Access-Control-Allow-Headers") == "Accept, Authorization, Content-Type, Origin");
  CHECK(all.get("Access-Control-Expose-Headers") == "Date");
  CHECK(all.get("Vary") == "Origin");
  CHECK(fields_for("https?://(a|b)\\.example", "https://a.example").get("Access-Control-Allow-Origin") ==
        "https://a.example");
  CHECK_FALSE(fields_for("https?://a\\.example", "https://a.example.evil").has("Access-Control-Allow-Origin"));
  CHECK(Cors::compile("(").error().message.starts_with("could not compile CORS regex string \"(\": "));
}

TEST_CASE("a line of the access log is one JSON object, whatever a client sends", "[web]") {
  AccessEntry entry;
  entry.time = 1'767'323'045'678;
  entry.peer = "127.0.0.1:4711";
  entry.user = "al\"ice";
  entry.method = "GET";
  entry.path = "/a\\b\n\xff\x7f";
  entry.status = 200;
  entry.bytes = 2048;
  entry.took = 2100us;
  CHECK(access_line(entry) ==
        "{\"time\":\"2026-01-02T03:04:05.678Z\",\"peer\":\"127.0.0.1:4711\",\"user\":\"al\\\"ice\",\"method\":\"GET\","
        "\"path\":\"/a\\\\b\\u000a\\u00ff\\u007f\",\"status\":200,\"bytes\":2048,\"seconds\":0.002100}\n");
}

}  // namespace tocsin::web
