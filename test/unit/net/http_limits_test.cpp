// Who may stay when a server is full: real sockets, virtual time, one thread.

#include <deque>
#include <string>

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::RawSocket;
using test::TestLoop;

struct Fixture {
  explicit Fixture(std::size_t max_connections, HttpServerOptions options = {}) {
    log::set_sink([](log::Level, std::string_view) {});
    options.listen_address = "127.0.0.1:0";
    options.max_connections = max_connections;
    server = make_http_server(loop, options, [this](HttpRequest request) { return answer(request); }).value();
  }
  ~Fixture() {
    for (auto& release : held) release();
    loop.run_ready();
    log::set_sink(nullptr);
  }

  /// "/hold" waits until the test ends.
  Task<HttpResponse> answer(HttpRequest request) {
    if (request.path() == "/hold") {
      std::function<void(std::function<void()>)> hold = [this](std::function<void()> done) { held.push_back(done); };
      co_await detail::wait_for_callback(std::move(hold));
    }
    co_return HttpResponse(200, "served");
  }

  RawSocket& connect(std::string_view bytes, std::uint16_t port = 0) {
    const std::uint64_t before = server->stats().connections_accepted;
    RawSocket& socket = sockets.emplace_back(port != 0 ? port : server->port());
    loop.pump_until([&] { return server->stats().connections_accepted == before + 1; });
    socket.send(bytes);
    loop.run_ready();
    loop.advance(1ms);  // so that no two wait equally long
    return socket;
  }
  std::string read(RawSocket& socket, const std::string& end) {
    std::string got;
    loop.pump_until([&] {
      got += socket.read_available();
      return end.empty() ? socket.at_end() : got.ends_with(end);
    });
    return got;
  }

  TestLoop loop;
  std::deque<RawSocket> sockets;
  std::vector<std::function<void()>> held;
  std::unique_ptr<HttpServer> server;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kHold = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("at the limit the connection that waits longest without a request gives way", "[net]") {
  Fixture f(3);
  RawSocket& silent = f.connect("");
  RawSocket& kept_alive = f.connect(kGet);
  f.read(kept_alive, "served");
  RawSocket& dripping = f.connect("GET / HTTP/1.1\r\nX: ");
  RawSocket& first = f.connect(kGet);
  CHECK(f.read(first, "served").starts_with("HTTP/1.1 200"));
  CHECK(f.read(silent, "").empty());
  f.connect(kGet);
  CHECK(f.read(kept_alive, "").empty());
  f.connect(kGet);
  CHECK(f.read(dripping, "").empty());
  const HttpServerStats stats = f.server->stats();
  CHECK(stats.connections_evicted == 3);
  CHECK(stats.connections_refused == 0);
  CHECK(stats.connections_open == 3);
}

TEST_CASE("connections at work keep their places; then a new one is refused", "[net]") {
  Fixture f(2);
  f.connect(kHold);
  RawSocket& uploads = f.connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhal");
  f.loop.pump_until([&] { return f.held.size() == 1; });
  RawSocket& refused = f.connect(kGet);
  CHECK(f.read(refused, "").starts_with("HTTP/1.1 503 "));
  CHECK(f.server->stats().connections_refused == 1);
  uploads.send("ves");
  CHECK(f.read(uploads, "served").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a body that takes longer than ten seconds may have to give way", "[net]") {
  Fixture f(1);
  RawSocket& uploads = f.connect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhal");
  f.loop.advance(9s);
  RawSocket& early = f.connect(kGet);
  CHECK(f.read(early, "").starts_with("HTTP/1.1 503 "));
  f.loop.advance(1s);
  RawSocket& late = f.connect(kGet);
  CHECK(f.read(late, "served").starts_with("HTTP/1.1 200"));
  CHECK(f.read(uploads, "").empty());
}

TEST_CASE("a thousand silent connections keep nobody out", "[net]") {
  Fixture f(16);
  for (int i = 0; i < 1000; ++i) f.sockets.emplace_back(f.server->port());
  f.loop.pump_until([&] { return f.server->stats().connections_accepted == 1000; });
  for (int i = 0; i < 100; ++i) {
    RawSocket& socket = f.connect(kGet);
    REQUIRE(f.read(socket, "served").starts_with("HTTP/1.1 200"));
  }
  CHECK(f.server->stats().connections_open <= 16);
  CHECK(f.server->stats().connections_refused == 0);
}

TEST_CASE("bodies that are never whole hold no more memory together than eight of the largest", "[net]") {
  HttpServerOptions options;
  options.max_body_bytes = 1000;
  Fixture f(64, options);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
  std::vector<RawSocket*> sockets;
  for (int i = 0; i < 12; ++i) sockets.push_back(&f.connect(head));
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    sockets[i]->send(std::string(900, 'b'));
    if (i >= 8) CHECK(f.read(*sockets[i], "").starts_with("HTTP/1.1 503 "));
    f.loop.run_ready();
  }
  sockets[0]->send(std::string(100, 'b'));
  CHECK(f.read(*sockets[0], "served").starts_with("HTTP/1.1 200"));
  RawSocket& next = f.connect(head);
  next.send(std::string(1000, 'b'));
  CHECK(f.read(next, "served").starts_with("HTTP/1.1 200"));
}

TEST_CASE("one limit holds over all addresses of a server", "[net]") {
  Fixture f(2);
  const std::uint16_t second = f.server->listen("127.0.0.1:0").value();
  CHECK(second != f.server->port());
  f.connect(kHold);
  f.connect(kHold, second);
  f.loop.pump_until([&] { return f.held.size() == 2; });
  RawSocket& refused = f.connect(kGet, second);
  CHECK(f.read(refused, "").starts_with("HTTP/1.1 503 "));
  CHECK(f.server->listen("127.0.0.1:" + std::to_string(second)).error().message ==
        "listen tcp 127.0.0.1:" + std::to_string(second) + ": bind: address already in use");
}

TEST_CASE("a server takes over a socket that listens already, and nothing else", "[net]") {
  Fixture f(2);
  std::uint16_t port = 0;
  const int socket = test::listen_on_loopback(port);
  REQUIRE(f.server->listen_on(socket).has_value());
  RawSocket& client = f.connect(kGet, port);
  CHECK(f.read(client, "served").starts_with("HTTP/1.1 200"));
  CHECK(f.server->listen_on(0).error().message == "file descriptor 0 is no listening TCP socket");
}

}  // namespace tocsin::net
