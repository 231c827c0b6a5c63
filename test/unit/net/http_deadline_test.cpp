// Deadlines and the end of a server: real sockets, virtual time, one thread.

#include <functional>
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

Task<HttpResponse> sleep_and_answer(TestLoop& loop, Duration delay, int* calls) {
  ++*calls;
  co_await sleep_for(loop, delay);
  co_return HttpResponse(200, "slept");
}

struct Fixture {
  explicit Fixture(HttpServerOptions options = {}, Duration handler_delay = Duration(0)) {
    log::set_sink([](log::Level, std::string_view) {});
    options.listen_address = "127.0.0.1:0";
    server = make_http_server(loop, options, [this, handler_delay](HttpRequest request) {
               if (request.path() == "/big") return answer_big();
               return sleep_and_answer(loop, handler_delay, &calls);
             }).value();
  }
  ~Fixture() { log::set_sink(nullptr); }

  Task<HttpResponse> answer_big() {
    ++calls;
    co_return HttpResponse(200, std::string(64U << 20U, 'x'));
  }

  /// All that the server sends until the text ends with `end`; "" waits for the end of the connection.
  std::string read(RawSocket& socket, const std::string& end) {
    std::string got;
    loop.pump_until([&] {
      got += socket.read_available();
      return end.empty() ? socket.at_end() : got.ends_with(end);
    });
    return got;
  }
  void wait_for_calls(int count) {
    loop.pump_until([&] { return calls == count; });
  }
  void wait_for_connections(std::size_t count) {
    loop.pump_until([&] { return server->stats().connections_open == count; });
  }

  TestLoop loop;
  int calls = 0;
  std::unique_ptr<HttpServer> server;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("a connection that says nothing is closed at the read timeout", "[net]") {
  Fixture f;
  RawSocket socket(f.server->port());
  f.wait_for_connections(1);
  f.loop.advance(5min - 1s);
  CHECK(f.server->stats().connections_open == 1);
  f.loop.advance(1s);
  CHECK(f.read(socket, "").empty());
  f.wait_for_connections(0);
  CHECK(f.server->stats().timeouts == 1);
}

TEST_CASE("a header that drips in does not outlive the read timeout", "[net]") {
  Fixture f;
  RawSocket socket(f.server->port());
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  f.wait_for_connections(1);
  for (int minute = 0; minute < 4; ++minute) {
    socket.send(head + "y");
    head.clear();
    f.loop.run_ready();
    f.loop.advance(1min);
  }
  CHECK(f.server->stats().timeouts == 0);
  socket.send("z");
  f.loop.run_ready();
  f.loop.advance(1min);
  CHECK(f.read(socket, "").starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(f.server->stats().timeouts == 1);
}

TEST_CASE("the read timeout begins anew after each answer", "[net]") {
  Fixture f;
  RawSocket socket(f.server->port());
  for (int i = 0; i < 5; ++i) {
    socket.send(kGet);
    f.loop.pump_until([&] { return f.calls == i + 1; });
    f.loop.advance(1ms);
    f.read(socket, "slept");
    f.loop.advance(4min);
  }
  CHECK(f.server->stats().timeouts == 0);
  f.loop.advance(1min);
  CHECK(f.read(socket, "").empty());
}

TEST_CASE("a handler that takes too long is answered 503 in its place", "[net]") {
  HttpServerOptions options;
  options.handler_timeout = 10s;
  Fixture f(options, 1h);
  RawSocket socket(f.server->port());
  socket.send(kGet);
  f.wait_for_calls(1);
  f.loop.advance(10s);
  const std::string answer = f.read(socket, "");
  CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(answer.ends_with("503 Service Unavailable: the request took too long\n"));
  CHECK(f.server->stats().timeouts == 1);
  f.loop.advance(1h);
  f.wait_for_connections(0);
  CHECK(f.loop.failures().empty());
}

TEST_CASE("a client that does not take its answer is dropped at the write timeout", "[net]") {
  Fixture f;
  RawSocket socket(f.server->port());
  socket.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  f.wait_for_calls(1);
  f.loop.run_ready();
  CHECK(f.server->stats().connections_open == 1);
  f.loop.advance(1min);
  f.wait_for_connections(0);
  CHECK(f.server->stats().timeouts == 1);
}

TEST_CASE("draining closes idle connections, lets answers finish and takes no more", "[net]") {
  Fixture f({}, 20s);
  RawSocket busy(f.server->port()), idle(f.server->port());
  f.wait_for_connections(2);
  busy.send(std::string(kGet) + std::string(kGet));
  f.wait_for_calls(1);
  auto drained = f.loop.start(f.server->drain(1min));
  CHECK(f.read(idle, "").empty());
  CHECK_THROWS(RawSocket(f.server->port()));
  CHECK_FALSE(drained.done());
  f.loop.advance(20s);
  const std::string answer = f.read(busy, "");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
  f.loop.pump_until([&] {
    f.loop.advance(1s);
    return drained.done();
  });
  CHECK(f.calls == 1);
  CHECK(f.server->stats().connections_open == 0);
}

TEST_CASE("draining gives up at its limit", "[net]") {
  Fixture f({}, 1h);
  RawSocket busy(f.server->port());
  busy.send(kGet);
  f.wait_for_calls(1);
  auto drained = f.loop.start(f.server->drain(1min));
  f.loop.advance(59s);
  CHECK_FALSE(drained.done());
  f.loop.advance(1s);
  CHECK(drained.done());
  CHECK(f.read(busy, "").empty());
}

TEST_CASE("draining a server without connections ends at once", "[net]") {
  Fixture f;
  auto drained = f.loop.start(f.server->drain(1min));
  f.loop.run_ready();
  CHECK(drained.done());
}

TEST_CASE("a server that goes closes its connections and calls no handler", "[net]") {
  Fixture f({}, 1h);
  RawSocket busy(f.server->port()), idle(f.server->port()), half(f.server->port());
  half.send("GET / HT");
  f.wait_for_connections(3);
  busy.send(kGet);
  f.wait_for_calls(1);
  idle.send(kGet);
  f.server.reset();
  CHECK(f.read(busy, "").empty());
  CHECK(f.read(idle, "").empty());
  CHECK(f.read(half, "").empty());
  f.loop.advance(2h);
  CHECK(f.calls == 1);
}

TEST_CASE("a loop may go while a handler runs", "[net]") {
  Fixture f({}, 1h);
  RawSocket busy(f.server->port());
  busy.send(kGet);
  f.wait_for_calls(1);
  auto drained = f.loop.start(f.server->drain(1min));
  f.loop.advance(1s);
}

TEST_CASE("connections that never speak do not keep others out for ever", "[net]") {
  HttpServerOptions options;
  options.max_connections = 3;
  Fixture f(options);
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(std::make_unique<RawSocket>(f.server->port()));
  f.wait_for_connections(3);
  f.loop.advance(5min);
  f.wait_for_connections(0);
  RawSocket socket(f.server->port());
  socket.send(kGet);
  f.wait_for_calls(1);
  f.loop.advance(0s);
  f.read(socket, "slept");
}

}  // namespace tocsin::net
