#include <catch2/catch.hpp>

#include "discovery/discoverer.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using Groups = std::vector<TargetGroup>;

namespace {

constexpr const char* kUrl = "http://sd.example/targets?env=a";

Result<net::HttpResponse> json(std::string body, std::string type = "application/json") {
  return net::HttpResponse(200, type, std::move(body));
}

struct Fixture {
  test::LogCapture log;
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  discovery::Services services{loop, loop.work(), client, posix_fs(), "job"};
  config::HttpSdConfig config;
  std::vector<Groups> heard;
  std::unique_ptr<discovery::Discoverer> discoverer;

  void start() {
    config.url = kUrl;
    discoverer = discovery::make_http_discoverer(config, services);
    discoverer->start([this](Groups groups) { heard.push_back(std::move(groups)); });
    loop.advance(1s);
  }
};

}  // namespace

TEST_CASE("the request says what it wants and how often") {
  Fixture f;
  f.client.when("GET", kUrl, json("[]"));
  f.config.refresh_interval = 90s;
  f.config.http.authorization_credentials = Secret("token");
  f.start();
  REQUIRE(f.client.sent().size() == 1);
  const auto& [request, options, at] = f.client.sent()[0];
  CHECK(request.target == kUrl);
  CHECK(request.headers.get("Accept") == "application/json");
  CHECK(request.headers.get("X-Prometheus-Refresh-Interval-Seconds") == "90");
  CHECK(request.headers.get("Authorization") == "Bearer token");
  CHECK(options.timeout == Duration(90s));
  CHECK(options.max_body_bytes == 64U << 20U);
}

TEST_CASE("groups carry the URL as source and label") {
  Fixture f;
  f.client.when("GET", kUrl, json(R"([{"targets": ["a:1"], "labels": {"x": "y"}}, {"targets": ["b:1"]}])"));
  f.start();
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0] == Groups{{std::string(kUrl) + ":0", {{{"__address__", "a:1"}}}, {{"__meta_url", kUrl}, {"x", "y"}}},
                             {std::string(kUrl) + ":1", {{{"__address__", "b:1"}}}, {{"__meta_url", kUrl}}}});
}

TEST_CASE("groups at the end of the list that are not there any more are gone") {
  Fixture f;
  f.client.when_in_turn("GET", kUrl,
                        {json(R"([{"targets": ["a:1"]}, {"targets": ["b:1"]}])"), json(R"([{"targets": ["a:1"]}])")});
  f.start();
  f.loop.advance(60s);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{{std::string(kUrl) + ":1", {}, {}}});
}

TEST_CASE("content types are taken and refused as in Prometheus") {
  struct Case {
    const char* type;
    bool taken;
  };
  const Case c = GENERATE(values<Case>({
      {"application/json", true},
      {" Application/JSON ", true},
      {"application/json; charset=utf-8", true},
      {"application/json;charset=UTF-8", true},
      {"application/json;\tcharset=\"utf-8\"", true},
      {"application/json; charset=latin1", false},
      {"application/json;", false},
      {"application/jsonp", false},
      {"text/html", false},
      {"", false},
  }));
  INFO(c.type);
  Fixture f;
  f.client.when("GET", kUrl, json("[]", c.type));
  f.start();
  CHECK(f.heard.size() == (c.taken ? 1 : 0));
  if (!c.taken) CHECK(f.log.contains("unsupported content type"));
}

TEST_CASE("an answer that is no list of groups keeps the last one, is counted and logged once") {
  struct Case {
    Result<net::HttpResponse> answer;
    const char* words;
  };
  const Case c = GENERATE(values<Case>({
      {net::HttpResponse(500, "application/json", "[]"), "server returned HTTP status 500 Internal Server Error"},
      {net::HttpResponse(404, "text/plain", "no"), "server returned HTTP status 404 Not Found"},
      {net::HttpResponse(204, "application/json", ""), "server returned HTTP status 204 No Content"},
      {fail(Errc::kIo, "dial tcp 10.0.0.1:80: connect: connection refused"), "connection refused"},
      {fail(Errc::kTimeout, "context deadline exceeded"), "context deadline exceeded"},
      {fail(Errc::kLimit, "body is too large"), "body is too large"},
      {json("<html>", "text/html"), "unsupported content type"},
      {json(""), "unexpected end of JSON input"},
      {json("[{\"targets\": [\"a:1\"]"), "unexpected end of JSON input"},
      {json("[null]"), "nil target group item found"},
      {json(std::string(1000, '\0')), "invalid JSON"},
  }));
  INFO(c.words);
  Fixture f;
  const auto good = json(R"([{"targets": ["a:1"]}])");
  f.client.when_in_turn("GET", kUrl, {good, c.answer, c.answer, good});
  f.start();
  f.loop.advance(120s);
  CHECK(f.heard.size() == 1);
  CHECK(f.services.stats->http_failures == 2);
  CHECK(f.services.stats->refreshes.at({"http", "job"}).failures == 2);
  CHECK(f.log.contains(c.words));
  CHECK(f.log.lines().size() == 1);
  f.loop.advance(60s);
  CHECK(f.log.contains("can be refreshed again"));
  CHECK(f.services.stats->http_failures == 2);
}

TEST_CASE("a server that does not answer is given up at the interval and asked again") {
  Fixture f;
  f.client.when("GET", kUrl, json("[]"));
  f.client.set_delay(10min);
  f.start();
  f.loop.advance(60s);
  CHECK(f.services.stats->http_failures == 1);
  f.client.set_delay(0s);
  f.loop.advance(60s);
  CHECK(f.heard.size() == 1);
}

TEST_CASE("an HTTP discoverer may go while it is asking") {
  Fixture f;
  f.client.when("GET", kUrl, json(R"([{"targets": ["a:1"]}])"));
  f.client.set_delay(5s);
  f.start();
  CHECK(f.client.in_flight() == 1);
  f.discoverer = nullptr;
  f.loop.advance(100s);
  CHECK(f.heard.empty());
  CHECK(f.client.sent().size() == 1);
}
