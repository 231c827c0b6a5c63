#include "support/fake_http_client.hpp"

#include <catch2/catch.hpp>

#include "support/test_loop.hpp"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;
using net::HttpResponse;

}  // namespace

TEST_CASE("the fake client answers by method and URL and remembers requests", "[net]") {
  TestLoop loop;
  FakeHttpClient client(loop);
  client.when("", "http://hooks/*", HttpResponse(500, "no"));
  client.when("POST", "http://hooks/a", HttpResponse(200, "yes"));
  CHECK(loop.run(client.send(HttpRequest("POST", "http://hooks/a"), {}))->status == 200);
  CHECK(loop.run(client.send(HttpRequest("GET", "http://hooks/a"), {}))->status == 500);
  const auto nowhere = loop.run(client.send(HttpRequest("GET", "http://nowhere/"), {}));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::kIo);
  REQUIRE(client.sent().size() == 3);
  CHECK(client.sent()[1].request.method == "GET");
}

TEST_CASE("the fake client gives answers in turn", "[net]") {
  TestLoop loop;
  FakeHttpClient client(loop);
  client.when_in_turn("GET", "http://a/", {HttpResponse(503, ""), HttpResponse(200, "")});
  CHECK(loop.run(client.send(HttpRequest("GET", "http://a/"), {}))->status == 503);
  CHECK(loop.run(client.send(HttpRequest("GET", "http://a/"), {}))->status == 200);
  CHECK(loop.run(client.send(HttpRequest("GET", "http://a/"), {}))->status == 200);
}

TEST_CASE("a slow answer of the fake client is a timeout at the caller's deadline", "[net]") {
  TestLoop loop;
  FakeHttpClient client(loop);
  client.when("GET", "http://a/", HttpResponse(200, ""));
  client.set_delay(30s);
  net::SendOptions options;
  options.timeout = 10s;
  const MonoTime before = loop.clock().mono();
  const auto answer = loop.run(client.send(HttpRequest("GET", "http://a/"), options));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "context deadline exceeded");
  CHECK(loop.clock().mono() - before == 10s);
}

}  // namespace tocsin::test
