// The server, from the outside: real sockets, a real loop on another thread.

#include <future>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "net/gzip.hpp"
#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"
#include "support/unzstd.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::http_get;
using test::http_request;
using test::RawResponse;
using test::RawSocket;
using test::read_response;

const auto kPage = std::make_shared<const std::string>(100'000, 'x');

Task<HttpResponse> answer(HttpRequest request) {
  const std::string path = request.path();
  if (path == "/throw") throw std::runtime_error("broken handler");
  if (path == "/page") co_return HttpResponse(200, "text/plain", kPage);
  if (path == "/packed") {
    HttpResponse response(200, "text/plain", *kPage);
    response.headers.set("Content-Encoding", "br");
    co_return response;
  }
  if (path == "/none") co_return HttpResponse(204, "ignored");
  if (path == "/split") {
    HttpResponse response(200, "");
    response.headers.set("X-Bad", "a\r\nX-Injected: b");
    response.headers.set("Content-Length", "999");
    co_return response;
  }
  if (path == "/peer") co_return HttpResponse(200, request.peer);
  co_return HttpResponse(200, request.method + " " + request.target + " " + request.body);
}

/// A server on its own loop; tests may change the options first.
class Server {
 public:
  explicit Server(HttpServerOptions options = {}, HttpHandler handler = answer) {
    log::set_sink([](log::Level, std::string_view) {});
    options.listen_address = "127.0.0.1:0";
    server_ = thread_.call([&] { return make_http_server(thread_.loop(), options, std::move(handler)).value(); });
  }
  ~Server() {
    thread_.call([this] { server_.reset(); });
    thread_.stop();
    log::set_sink(nullptr);
  }
  std::uint16_t port() const { return server_->port(); }
  HttpServerStats stats() {
    return thread_.call([this] { return server_->stats(); });
  }
  void drain(Duration limit) {
    thread_.run<void>([this, limit] { return server_->drain(limit); });
  }
  test::RuntimeThread& thread() { return thread_; }

 private:
  test::RuntimeThread thread_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

TEST_CASE("a request is answered with status, date and length", "[net]") {
  Server server;
  const RawResponse response = http_request(server.port(), "POST", "/a?b=c", {}, "body");
  CHECK(response.status == 200);
  CHECK(response.body == "POST /a?b=c body");
  CHECK(response.headers.at("content-length") == "16");
  CHECK(response.headers.at("connection") == "close");
  CHECK(response.headers.at("date").size() == 29);
}

TEST_CASE("a connection serves many requests, pipelined ones in order", "[net]") {
  Server server;
  RawSocket socket(server.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  socket.send(requests);
  for (int i = 0; i < 100; ++i) REQUIRE(read_response(socket).body == "GET /" + std::to_string(i) + " ");
  socket.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawResponse last = read_response(socket);
  CHECK(last.body == "GET /last ");
  CHECK_FALSE(last.headers.contains("connection"));
  CHECK(server.stats().connections_accepted == 1);
  CHECK(server.stats().requests == 101);
}

TEST_CASE("a request may come byte by byte", "[net]") {
  Server server;
  RawSocket socket(server.port());
  for (const char c : std::string_view("POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n")) {
    socket.send(std::string_view(&c, 1));
  }
  CHECK(read_response(socket).body == "POST /slow abcde");
}

TEST_CASE("HTTP/1.0 closes unless it asks to keep", "[net]") {
  Server server;
  {
    RawSocket socket(server.port());
    socket.send("GET /a HTTP/1.0\r\n\r\n");
    CHECK(socket.read_to_end().ends_with("\r\n\r\nGET /a "));
  }
  RawSocket socket(server.port());
  socket.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(read_response(socket).headers.at("connection") == "keep-alive");
  socket.send("GET /b HTTP/1.0\r\n\r\n");
  CHECK(read_response(socket).body == "GET /b ");
}

TEST_CASE("HEAD has the length and no body; 204 has neither", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(
      "HEAD /page HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(socket, true).headers.at("content-length") == "100000");
  const RawResponse none = read_response(socket);
  CHECK(none.status == 204);
  CHECK_FALSE(none.headers.contains("content-length"));
  CHECK(read_response(socket).body == "GET / ");
}

TEST_CASE("large answers are compressed for who takes gzip", "[net]") {
  HttpServerOptions options;
  test::RuntimeThread workers(1);
  SECTION("on the loop") {}
  SECTION("on a lane") {
    options.work = &workers.runtime().work();
  }
  Server server(options);
  const RawResponse packed = http_get(server.port(), "/page", {{"Accept-Encoding", "deflate, gzip;q=0.5"}});
  CHECK(packed.headers.at("content-encoding") == "gzip");
  CHECK(packed.headers.at("vary") == "Accept-Encoding");
  CHECK(packed.body.size() < 2000);
  CHECK(gunzip(packed.body, 1 << 20).value() == *kPage);

  CHECK_FALSE(http_get(server.port(), "/page").headers.contains("content-encoding"));
  const RawResponse dense = http_get(server.port(), "/page", {{"Accept-Encoding", "zstd, gzip"}});
  CHECK(dense.headers.at("content-encoding") == "zstd");
  CHECK(dense.headers.at("vary") == packed.headers.at("vary"));
  CHECK(test::unzstd(dense.body) == *gunzip(packed.body, 1U << 30U));
  CHECK_FALSE(http_get(server.port(), "/page", {{"Accept-Encoding", "gzip;q=0, br"}}).headers.contains("vary"));
  CHECK_FALSE(http_get(server.port(), "/", {{"Accept-Encoding", "gzip"}}).headers.contains("content-encoding"));
  CHECK(http_get(server.port(), "/packed", {{"Accept-Encoding", "gzip"}}).headers.at("content-encoding") == "br");
}

TEST_CASE("requests that are not HTTP get 400 and the end", "[net]") {
  Server server;
  struct Case {
    std::string request, reason;
  };
  const Case cases[] = {
      {"\x16\x03\x01\x02\r\n\r\n", ""},
      {"GET /\r\n\r\n", ""},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\n\r\n", "missing required Host header"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "too many Host headers"},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Field: b\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       "unsupported transfer encoding"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "unsupported transfer encoding"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", ""},
  };
  for (const Case& c : cases) {
    INFO(c.request);
    RawSocket socket(server.port());
    socket.send(c.request);
    const RawResponse response = read_response(socket);
    CHECK(response.status == 400);
    CHECK(response.headers.at("connection") == "close");
    CHECK(response.headers.at("content-type") == "text/plain; charset=utf-8");
    CHECK(response.body.starts_with("400 Bad Request: "));
    CHECK(response.body.find(c.reason) != std::string::npos);
    CHECK(socket.read_to_end().empty());
    CHECK_FALSE(socket.was_reset());
  }
  CHECK(server.stats().bad_requests == std::size(cases));
  CHECK(server.stats().requests == 0);
}

TEST_CASE("headers and bodies beyond the limits are refused before they are stored", "[net]") {
  HttpServerOptions options;
  options.max_header_bytes = 4096;
  options.max_body_bytes = 1000;
  Server server(options);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string long_line = "X: " + std::string(5000, 'a');
  struct Case {
    std::string request;
    int status;
  };
  const Case cases[] = {
      {head + long_line + "\r\n\r\n", 431},
      {head + long_line, 431},
      {"GET /" + std::string(1 << 20, 'a'), 431},
      {head + "Content-Length: 1001\r\n\r\n", 413},
      {head + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'b'), 413},
      {head + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'b'), 200},
      {head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413},
      {head + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + std::string(500, 'b') + "\r\n1f5\r\n", 413},
      {head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(9000, 'e'), 431},
      {head + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(9000, 'e'), 431},
      {head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413},
      {head + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413},
      {head + "Expect: coffee\r\nContent-Length: 1\r\n\r\n", 417},
  };
  for (const Case& c : cases) {
    INFO(c.request.substr(0, 100));
    RawSocket socket(server.port());
    socket.send(c.request);
    CHECK(read_response(socket).status == c.status);
  }
}

TEST_CASE("a client that waits for 100 Continue gets it once", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(socket.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("bo");
  socket.send("dy");
  CHECK(read_response(socket).body == "POST / body");
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
  CHECK(read_response(socket).body == "POST / body");
}

TEST_CASE("a handler's exception is a 500 and the connection lives on", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(socket).status == 500);
  CHECK(read_response(socket).status == 200);
  CHECK(server.stats().handler_failures == 1);
}

TEST_CASE("a handler's fields cannot break the framing", "[net]") {
  Server server;
  const RawResponse response = http_get(server.port(), "/split");
  CHECK(response.headers.at("x-bad") == "a  X-Injected: b");
  CHECK(response.headers.at("content-length") == "0");
  CHECK_FALSE(response.headers.contains("x-injected"));
}

TEST_CASE("the handler learns the path of an absolute target, and the peer", "[net]") {
  Server server;
  CHECK(http_get(server.port(), "http://other:80/a?b").body == "GET /a?b ");
  CHECK(http_get(server.port(), "http://other?b").body == "GET /?b ");
  CHECK(http_get(server.port(), "/peer").body.starts_with("127.0.0.1:"));
}

TEST_CASE("a client that sends its end after the request still gets the answer", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  socket.shutdown_send();
  CHECK(read_response(socket).body == "GET /a ");
  CHECK(socket.read_to_end().empty());
}

TEST_CASE("a client that breaks off in the middle leaves nothing behind", "[net]") {
  Server server;
  {
    RawSocket half(server.port());
    half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    half.shutdown_send();
    CHECK(half.read_to_end().empty());
    RawSocket rude(server.port());
    rude.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
    rude.reset();
  }
  CHECK(http_get(server.port(), "/a").status == 200);
  server.drain(10s);
  CHECK(server.stats().connections_open == 0);
}

TEST_CASE("a shared body is written from where it is", "[net]") {
  Server server;
  const long before = kPage.use_count();
  RawSocket socket(server.port());
  for (int i = 0; i < 50; ++i) {
    socket.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(read_response(socket).body.size() == kPage->size());
  }
  server.drain(10s);
  CHECK(kPage.use_count() == before);
}

TEST_CASE("an address in use, and one that is none, are errors with their text", "[net]") {
  test::RuntimeThread thread;
  const auto listen_error = [&thread](std::string address) {
    return thread.call([&] {
      HttpServerOptions options;
      options.listen_address = address;
      const auto server = make_http_server(thread.loop(), options, answer);
      return server ? std::string() : server.error().message;
    });
  };
  Server server;
  const std::string taken = "127.0.0.1:" + std::to_string(server.port());
  CHECK(listen_error(taken) == "listen tcp " + taken + ": bind: address already in use");
  CHECK(listen_error("127.0.0.1") == "listen tcp: address 127.0.0.1: missing port in address");
  CHECK(listen_error("::1:80") == "listen tcp: address ::1:80: too many colons in address");
  CHECK(listen_error("127.0.0.1:http") == "listen tcp: address 127.0.0.1:http: invalid port");
  CHECK(listen_error("127.0.0.1:65536") == "listen tcp: address 127.0.0.1:65536: invalid port");
  CHECK(listen_error("192.0.2.1:0") == "listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  CHECK(listen_error(":0").empty());
  CHECK(listen_error("localhost:0").empty());
}

}  // namespace tocsin::net
