// The client against an imposter: real sockets, virtual time.

#include <string>

#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "net/gzip.hpp"
#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;
using test::TestLoop;

/// Knows names by heart; "slow" never answers.
class FakeResolver final : public Resolver {
 public:
  explicit FakeResolver(TestLoop& loop) : loop_(loop) {}
  Task<Result<std::vector<std::string>>> lookup(std::string host, MonoTime deadline) override {
    ++lookups;
    if (host == "slow") {
      co_await sleep_until(loop_, deadline);
      co_return fail(Errc::kTimeout, "context deadline exceeded");
    }
    if (host == "here" || host == "there") co_return std::vector<std::string>{"127.0.0.1"};
    if (host == "second") co_return std::vector<std::string>{"127.0.0.254", "127.0.0.1"};
    co_return fail(Errc::kNotFound, "lookup {}: no such host", host);
  }
  int lookups = 0;

 private:
  TestLoop& loop_;
};

struct Fixture {
  Fixture() {
    HttpClientOptions options;
    options.resolver = resolver;
    client = make_http_client(loop, options);
  }
  Result<HttpResponse> send(HttpRequest request, SendOptions options = {}) {
    return loop.pump(client->send(std::move(request), options));
  }
  Result<HttpResponse> get(std::string url, SendOptions options = {}) {
    return send(HttpRequest("GET", std::move(url)), options);
  }
  std::string error_of(std::string url) {
    const auto response = get(std::move(url));
    return response ? "no error" : response.error().message;
  }
  std::string here(std::string_view path, std::string_view host = "here") const {
    return fmt::format("http://{}:{}{}", host, imposter.port(), path);
  }

  Imposter imposter;
  TestLoop loop;
  std::shared_ptr<FakeResolver> resolver = std::make_shared<FakeResolver>(loop);
  std::unique_ptr<HttpClient> client;
};

/// A port of loopback that nobody listens on.
std::uint16_t closed_port() {
  Imposter gone;
  return gone.port();
}

}  // namespace

TEST_CASE("a request carries what it should", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(201, "made", {{"X-Answer", "yes"}}));
  HttpRequest request("POST", f.imposter.url("/hook?a=b%20c#fragment"));
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Content-Length", "77");
  request.body = "{}";
  const auto response = f.send(request);
  REQUIRE(response);
  CHECK(response->status == 201);
  CHECK(response->body.view() == "made");
  CHECK(response->headers.get("x-answer") == "yes");
  const auto sent = f.imposter.requests().at(0);
  CHECK(sent.head == fmt::format("POST /hook?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: tocsin\r\n"
                                 "Content-Length: 2\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n",
                                 f.imposter.port()));
  CHECK(sent.body == "{}");
}

TEST_CASE("a connection is used again, also for another path, not for another host", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(200, "ok"));
  for (int i = 0; i < 5; ++i) CHECK(f.get(f.here("/" + std::to_string(i)))->status == 200);
  CHECK(f.imposter.connections() == 1);
  CHECK(f.resolver->lookups == 1);
  CHECK(f.get(f.here("/", "there"))->status == 200);
  CHECK(f.imposter.connections() == 2);
}

TEST_CASE("a connection that the server closed meanwhile is noticed before it is used", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer_and_close(200, "ok"));
  for (int i = 0; i < 3; ++i) {
    HttpRequest request("POST", f.here("/"));
    request.body = "x";
    CHECK(f.send(request)->status == 200);
    f.imposter.wait_until_closed();
  }
  CHECK(f.imposter.requests().size() == 3);
}

TEST_CASE("a safe request is repeated once if a kept connection dies without an answer, others are not", "[net]") {
  Fixture f;
  f.imposter.when_in_turn("", "*",
                          {Imposter::answer(200, "first"), Imposter::close_unanswered(), Imposter::answer(200, "third"),
                           Imposter::close_unanswered()});
  CHECK(f.get(f.here("/"))->body.view() == "first");
  CHECK(f.get(f.here("/"))->body.view() == "third");
  HttpRequest post("POST", f.here("/"));
  post.body = "x";
  const auto response = f.send(post);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::kIo);
  CHECK(response.error().message == "EOF");
  CHECK(f.imposter.requests().size() == 4);
}

TEST_CASE("a fresh connection that dies without an answer is an error at once", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::close_unanswered());
  CHECK(f.error_of(f.here("/")) == "EOF");
  CHECK(f.imposter.requests().size() == 1);
}

TEST_CASE("errors of connecting read as in Go", "[net]") {
  Fixture f;
  const std::uint16_t port = closed_port();
  CHECK(f.error_of(fmt::format("http://127.0.0.1:{}/", port)) ==
        fmt::format("dial tcp 127.0.0.1:{}: connect: connection refused", port));
  CHECK(
      f.error_of(fmt::format("http://[::1]:{}/", port)).starts_with(fmt::format("dial tcp [::1]:{}: connect: ", port)));
  CHECK(f.error_of("http://nohost/") == "dial tcp: lookup nohost: no such host");
  CHECK(f.error_of("ftp://a/") == "unsupported protocol scheme \"ftp\"");
  CHECK(f.error_of("/path") == "unsupported protocol scheme \"\"");
  CHECK(f.error_of("http:///path") == "no Host in request URL");
  CHECK(f.error_of("http://a:99999/").starts_with("parse \"http://a:99999/\": "));
  CHECK(f.error_of("http://a b/").starts_with("parse \"http://a b/\": "));
}

TEST_CASE("the second address of a name is tried", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(200, "ok"));
  CHECK(f.get(f.here("/", "second"))->status == 200);
}

TEST_CASE("the deadline covers everything", "[net]") {
  Fixture f;
  SendOptions options;
  options.timeout = 10s;
  std::string url;
  SECTION("the name") {
    url = "http://slow/";
  }
  SECTION("the answer") {
    f.imposter.when("", "*", Imposter::never());
    url = f.here("/");
  }
  SECTION("all redirects together") {
    f.imposter.when("", "/a", Imposter::answer(302, "", {{"Location", "/b"}}));
    f.imposter.when("", "/b", Imposter::never());
    url = f.here("/a");
  }
  auto sent = f.loop.start(f.client->send(HttpRequest("GET", url), options));
  f.loop.pump_until([&] { return url == "http://slow/" || !f.imposter.requests().empty(); });
  if (url.ends_with("/a")) f.loop.pump_until([&] { return f.imposter.requests().size() == 2; });
  f.loop.advance(10s - 1ms);
  CHECK_FALSE(sent.done());
  f.loop.advance(1ms);
  f.loop.pump_until([&] { return sent.done(); });
  const auto response = sent.get();
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::kTimeout);
  CHECK(response.error().message == "context deadline exceeded");
}

TEST_CASE("an answer that stops in the middle is an unexpected end", "[net]") {
  Fixture f;
  struct Case {
    std::string raw, error;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "unexpected EOF"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "unexpected EOF"},
      {"HTTP/1.1 200 OK\r\nContent-Le", "unexpected EOF"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "net/http: HTTP/1.x transport connection broken: bad chunk"},
      {"garbage\r\nmore", "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"garbage\""},
      {"what is this\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"is\""},
      {"HTTP/9.9 200 OK\r\n\r\n",
       "net/http: HTTP/1.x transport connection broken: malformed HTTP version \"HTTP/9.9\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
       "net/http: HTTP/1.x transport connection broken: bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(2 << 20, 'a'),
       "net/http: server response headers exceeded 1048576 bytes; aborted"},
  };
  for (const Case& c : cases) {
    INFO(c.raw.substr(0, 80));
    f.imposter.when("", "*", Imposter::raw(c.raw));
    CHECK(f.error_of(f.here("/")) == c.error);
  }
}

TEST_CASE("bodies come by length, by chunks, or until the end", "[net]") {
  Fixture f;
  f.imposter.when("", "/chunks",
                  Imposter::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n"));
  f.imposter.when("", "/end", Imposter::raw("HTTP/1.0 200 OK\r\n\r\nto the end"));
  f.imposter.when("", "/none", Imposter::raw("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"));
  f.imposter.when("", "/early",
                  Imposter::raw("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  f.imposter.when("HEAD", "/head", Imposter::answer(200, "never sent"));
  f.imposter.when("", "/reason", Imposter::raw("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"));
  CHECK(f.get(f.here("/chunks"))->body.view() == "abcde");
  CHECK(f.get(f.here("/end"))->body.view() == "to the end");
  CHECK(f.get(f.here("/none"))->body.size() == 0);
  CHECK(f.get(f.here("/early"))->body.view() == "ok");
  CHECK(f.get(f.here("/reason"))->body.view() == "ok");
  const auto head = f.send(HttpRequest("HEAD", f.here("/head")));
  CHECK(head->body.size() == 0);
  CHECK(head->headers.get("Content-Length") == "10");
}

TEST_CASE("endless 1xx answers are refused", "[net]") {
  Fixture f;
  std::string raw;
  for (int i = 0; i < 10; ++i) raw += "HTTP/1.1 100 Continue\r\n\r\n";
  f.imposter.when("", "*", Imposter::raw(raw));
  CHECK(f.error_of(f.here("/")) == "net/http: too many 1xx informational responses");
}

TEST_CASE("a compressed answer is decompressed, unless the caller said how", "[net]") {
  Fixture f;
  const std::string text(50'000, 't');
  const std::string packed = gzip(text);
  f.imposter.when("", "/", Imposter::answer(200, packed, {{"Content-Encoding", "gzip"}}));
  f.imposter.when("", "/joined", Imposter::answer(200, packed + gzip("more"), {{"Content-Encoding", "gzip"}}));
  f.imposter.when("", "/torn", Imposter::answer(200, packed.substr(0, 30), {{"Content-Encoding", "gzip"}}));
  f.imposter.when("", "/plain", Imposter::answer(200, "no gzip at all", {{"Content-Encoding", "gzip"}}));
  const auto response = f.get(f.here("/"));
  CHECK(response->body.view() == text);
  CHECK_FALSE(response->headers.has("Content-Encoding"));
  CHECK_FALSE(response->headers.has("Content-Length"));
  CHECK(f.get(f.here("/joined"))->body.view() == text + "more");
  CHECK(f.error_of(f.here("/torn")) == "unexpected EOF");
  CHECK(f.error_of(f.here("/plain")) == "gzip: invalid header");

  HttpRequest own("GET", f.here("/"));
  own.headers.set("Accept-Encoding", "gzip, zstd");
  CHECK(f.send(own)->body.view() == packed);
  SendOptions never;
  never.accept_gzip = false;
  CHECK(f.get(f.here("/"), never)->body.view() == packed);
  CHECK_FALSE(f.imposter.requests().back().headers.contains("accept-encoding"));
}

TEST_CASE("a body beyond the limit is refused, a bomb before it unfolds", "[net]") {
  Fixture f;
  f.imposter.when("", "/long", Imposter::answer(200, std::string(1001, 'a')));
  f.imposter.when("", "/just", Imposter::answer(200, std::string(1000, 'a')));
  f.imposter.when("", "/end", Imposter::raw("HTTP/1.0 200 OK\r\n\r\n" + std::string(1001, 'a')));
  f.imposter.when("", "/bomb",
                  Imposter::answer(200, gzip(std::string(64 << 20, '\0')), {{"Content-Encoding", "gzip"}}));
  SendOptions options;
  options.max_body_bytes = 1000;
  CHECK(f.get(f.here("/just"), options)->body.size() == 1000);
  for (const char* path : {"/long", "/end"}) {
    const auto response = f.get(f.here(path), options);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::kLimit);
    CHECK(response.error().message == "body size limit exceeded");
  }
  options.max_body_bytes = 1 << 20;
  const auto bomb = f.get(f.here("/bomb"), options);
  REQUIRE_FALSE(bomb);
  CHECK(bomb.error().code == Errc::kLimit);
}

TEST_CASE("redirects are followed as browsers and Go do", "[net]") {
  Fixture f;
  f.imposter.when("", "/301", Imposter::answer(301, "", {{"Location", "/end?x"}}));
  f.imposter.when("", "/307", Imposter::answer(307, "", {{"Location", "end"}}));
  f.imposter.when("", "/bad", Imposter::answer(302, "", {{"Location", "http://a b/"}}));
  f.imposter.when("", "/nowhere", Imposter::answer(302, "no location"));
  f.imposter.when("", "/304", Imposter::answer(304, "", {{"Location", "/end"}}));
  f.imposter.when("", "/end*", Imposter::answer(200, "end"));
  HttpRequest post("POST", f.here("/301"));
  post.body = "body";
  post.headers.set("Content-Type", "text/plain");
  CHECK(f.send(post)->body.view() == "end");
  CHECK(f.imposter.requests().back().head.starts_with("GET /end?x HTTP/1.1\r\n"));
  CHECK_FALSE(f.imposter.requests().back().headers.contains("content-type"));
  post.target = f.here("/307");
  CHECK(f.send(post)->body.view() == "end");
  CHECK(f.imposter.requests().back().method == "POST");
  CHECK(f.imposter.requests().back().body == "body");
  CHECK(f.error_of(f.here("/bad")) == "failed to parse Location header \"http://a b/\"");
  CHECK(f.get(f.here("/nowhere"))->status == 302);
  CHECK(f.get(f.here("/304"))->status == 304);
  SendOptions stay;
  stay.follow_redirects = false;
  CHECK(f.get(f.here("/301"), stay)->status == 301);
}

TEST_CASE("a redirect to another host takes no secrets along, to the same host all", "[net]") {
  Fixture f;
  Imposter other;
  other.when("", "/end", Imposter::answer(302, "", {{"Location", f.here("/back")}}));
  f.imposter.when("", "/same", Imposter::answer(302, "", {{"Location", "/end"}}));
  f.imposter.when("", "/other",
                  Imposter::answer(307, "", {{"Location", fmt::format("http://there:{}/end", other.port())}}));
  f.imposter.when("", "/end", Imposter::answer(200, "end"));
  f.imposter.when("", "/back", Imposter::answer(200, "back"));
  SendOptions options;
  options.secret_fields = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"X-Api-Key"});
  HttpRequest request("POST", f.here("/same"));
  for (const char* name : {"Authorization", "Cookie", "Proxy-Authorization", "x-api-key", "X-Plain"}) {
    request.headers.set(name, "value");
  }
  CHECK(f.send(request, options)->body.view() == "end");
  for (const char* name : {"authorization", "cookie", "x-api-key", "x-plain"}) {
    CHECK(f.imposter.requests().back().headers.count(name) == 1);
  }
  request.target = f.here("/other");
  CHECK(f.send(request, options)->body.view() == "back");
  // Nor do they come again with the way back.
  for (const auto& seen : {other.requests().back(), f.imposter.requests().back()}) {
    for (const char* name : {"authorization", "cookie", "proxy-authorization", "x-api-key"}) {
      INFO(name);
      CHECK(seen.headers.count(name) == 0);
    }
    CHECK(seen.headers.at("x-plain") == "value");
  }
}

TEST_CASE("a circle of redirects ends after ten", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(302, "", {{"Location", "/again"}}));
  CHECK(f.error_of(f.here("/")) == "stopped after 10 redirects");
  CHECK(f.imposter.requests().size() == 11);
}

TEST_CASE("credentials stay with their host", "[net]") {
  Fixture f;
  f.imposter.when("", "/same", Imposter::answer(302, "", {{"Location", "/end"}}));
  f.imposter.when("", "/other", Imposter::answer(302, "", {{"Location", f.here("/end", "there")}}));
  f.imposter.when("", "/end", Imposter::answer(200, "end"));
  for (const bool same : {true, false}) {
    HttpRequest request("GET", f.here(same ? "/same" : "/other"));
    request.headers.set("Authorization", "Bearer secret");
    request.headers.set("Cookie", "a=b");
    request.headers.set("X-Other", "stays");
    CHECK(f.send(request)->status == 200);
    const auto last = f.imposter.requests().back();
    CHECK(last.headers.contains("authorization") == same);
    CHECK(last.headers.contains("cookie") == same);
    CHECK(last.headers.contains("x-other"));
  }
}

TEST_CASE("userinfo of the URL becomes basic authentication", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(200, ""));
  CHECK(f.get(f.here("/", "user:p%40ss@here"))->status == 200);
  CHECK(f.imposter.requests().back().headers.at("authorization") == "Basic dXNlcjpwQHNz");
  CHECK(f.imposter.requests().back().headers.at("host") == fmt::format("here:{}", f.imposter.port()));
}

TEST_CASE("a request that would break the framing is not sent", "[net]") {
  Fixture f;
  HttpRequest value("GET", f.here("/"));
  value.headers.set("X-A", "b\r\nX-C: d");
  CHECK(f.send(value).error().message == "net/http: invalid header field value for \"X-A\"");
  HttpRequest name("GET", f.here("/"));
  name.headers.set("X A", "b");
  CHECK(f.send(name).error().message == "net/http: invalid header field name \"X A\"");
  CHECK(f.send(HttpRequest("GE T", f.here("/"))).error().message == "net/http: invalid method \"GE T\"");
  CHECK(f.imposter.connections() == 0);
}

TEST_CASE("an answer that comes before the request is read to its end counts", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(413, "too much"));
  HttpRequest request("POST", f.here("/"));
  request.body = std::string(1 << 20, 'x');
  CHECK(f.send(request)->status == 413);
}

TEST_CASE("idle connections are closed after their time", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(200, "ok"));
  CHECK(f.get(f.here("/"))->status == 200);
  f.loop.advance(10min);
  CHECK(f.get(f.here("/"))->status == 200);
  CHECK(f.imposter.connections() == 2);
}

TEST_CASE("no more idle connections are kept than allowed", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::answer(200, "ok"));
  std::vector<test::Started<Result<HttpResponse>>> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(f.loop.start(f.client->send(HttpRequest("GET", f.here("/")), {})));
  f.loop.pump_until([&] { return std::all_of(sent.begin(), sent.end(), [](const auto& s) { return s.done(); }); });
  CHECK(f.imposter.connections() == 5);
  for (int i = 0; i < 5; ++i) CHECK(f.get(f.here("/"))->status == 200);
  CHECK(f.imposter.connections() == 5);
}

TEST_CASE("client and loop may go while requests are under way", "[net]") {
  Fixture f;
  f.imposter.when("", "*", Imposter::never());
  f.loop.start(f.client->send(HttpRequest("GET", f.here("/")), {}));
  f.loop.start(f.client->send(HttpRequest("GET", "http://slow/"), {}));
  f.loop.pump_until([&] { return f.imposter.requests().size() == 1; });
  f.client.reset();
  f.loop.advance(1s);
}

TEST_CASE("the system's resolver knows localhost and the deadline", "[net]") {
  TestLoop loop;
  auto resolver = make_system_resolver(loop);
  const auto found = loop.pump(resolver->lookup("localhost", loop.clock().mono() + 5s));
  REQUIRE(found);
  CHECK((found->front() == "127.0.0.1" || found->front() == "::1"));
  // An empty label is no name; this needs no server to find out.
  const auto none = loop.pump(resolver->lookup("a..b", loop.clock().mono() + 5s));
  REQUIRE_FALSE(none);
  CHECK(none.error().message.starts_with("lookup a..b: "));
  auto late = loop.start(resolver->lookup("localhost", loop.clock().mono()));
  loop.advance(0s);
  resolver.reset();
  loop.pump_until([&] { return late.done(); });
}

}  // namespace tocsin::net
