// Answers that a handler writes bit by bit, seen from the client.

#include <deque>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::RawResponse;
using test::RawSocket;
using test::read_response;

/// A handler's function whose pieces the test hands out one by one. Thread: the loop's.
struct Pieces {
  std::deque<std::string> waiting;
  bool last = false;      // nothing comes after what waits
  int written = 0;        // write() said true
  bool refused = false;   // write() said false
  bool returned = false;  // the function is over
  std::function<void()> wake;
};

Task<void> write_pieces(Loop* loop, std::shared_ptr<Pieces> pieces, std::shared_ptr<BodyWriter> out) {
  for (;;) {
    while (!pieces->waiting.empty()) {
      std::string piece = std::move(pieces->waiting.front());
      pieces->waiting.pop_front();
      if (piece == "throw") throw std::runtime_error("broken stream");
      if (!co_await out->write(std::move(piece))) {
        pieces->refused = pieces->returned = true;
        co_return;
      }
      ++pieces->written;
    }
    if (pieces->last) break;
    co_await sleep_for(*loop, 1ms);
  }
  pieces->returned = true;
}

class Server {
 public:
  explicit Server(HttpServerOptions options = {}) {
    log::set_sink([](log::Level, std::string_view) {});
    options.listen_address = "127.0.0.1:0";
    server_ = thread_.call([&] {
      return make_http_server(thread_.loop(), options, [this](HttpRequest request) { return answer(request); }).value();
    });
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
  void drain() {
    thread_.run<void>([this] { return server_->drain(10s); });
  }
  void put(std::string piece) {
    thread_.call([&] { pieces_->waiting.push_back(std::move(piece)); });
  }
  void finish() {
    thread_.call([this] { pieces_->last = true; });
  }
  template <typename Member>
  Member get(Member Pieces::* member) {
    return thread_.call([&] { return (*pieces_).*member; });
  }
  template <typename Member>
  void wait_for(Member Pieces::* member) {
    while (!get(member)) std::this_thread::yield();
  }

 private:
  Task<HttpResponse> answer(HttpRequest request) {
    if (request.path() != "/stream") co_return HttpResponse(200, "plain");
    HttpResponse response(200, "text/event-stream", Body("not looked at"));
    response.stream = [loop = &thread_.loop(), pieces = pieces_](std::shared_ptr<BodyWriter> out) {
      return write_pieces(loop, pieces, std::move(out));
    };
    co_return response;
  }

  std::shared_ptr<Pieces> pieces_ = std::make_shared<Pieces>();
  test::RuntimeThread thread_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kGet = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("each piece of a stream is on its way before the next is written", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(kGet);
  const std::string head = socket.read_until("\r\n\r\n");
  CHECK(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(head.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);
  server.put("one");
  CHECK(socket.read_exactly(8) == "3\r\none\r\n");
  server.put("");  // must not look like the end
  server.put(std::string(26, 'x'));
  CHECK(socket.read_exactly(32) == "1a\r\n" + std::string(26, 'x') + "\r\n");
  server.finish();
  CHECK(socket.read_exactly(5) == "0\r\n\r\n");
  socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(read_response(socket).body == "plain");
  CHECK(server.get(&Pieces::written) == 3);
}

TEST_CASE("a request that comes during a stream is answered after it", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(std::string(kGet) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.put("first");
  CHECK(socket.read_until("first\r\n").ends_with("5\r\nfirst\r\n"));
  server.finish();
  CHECK(socket.read_exactly(5) == "0\r\n\r\n");
  CHECK(read_response(socket).body == "plain");
}

TEST_CASE("HTTP/1.0 reads a stream until the connection closes", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  server.put("one");
  server.put("two");
  server.finish();
  const std::string all = socket.read_to_end();
  CHECK(all.ends_with("\r\n\r\nonetwo"));
  CHECK(all.find("Transfer-Encoding") == std::string::npos);
  CHECK(all.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("HEAD of a stream has its fields and calls nobody", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(socket.read_until("\r\n\r\n").find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(read_response(socket).body == "plain");
  CHECK(server.get(&Pieces::written) == 0);
  CHECK_FALSE(server.get(&Pieces::returned));
}

TEST_CASE("a client that goes is noticed without a write, and the next write says so", "[net]") {
  Server server;
  {
    RawSocket socket(server.port());
    socket.send(kGet);
    server.put("one");
    socket.read_until("one\r\n");
  }
  while (server.stats().connections_open != 0) std::this_thread::yield();
  CHECK_FALSE(server.get(&Pieces::returned));
  server.put("two");
  server.wait_for(&Pieces::returned);
  CHECK(server.get(&Pieces::refused));
}

TEST_CASE("a server that drains ends its streams, which then know", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(kGet);
  server.put("one");
  socket.read_until("one\r\n");
  server.drain();
  CHECK(socket.read_to_end().empty());  // no last chunk: it was not whole
  server.put("two");
  server.wait_for(&Pieces::returned);
  CHECK(server.get(&Pieces::refused));
}

TEST_CASE("a stream that fails is cut off, not ended as if it were whole", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(kGet);
  server.put("one");
  server.put("throw");
  CHECK(socket.read_to_end().ends_with("3\r\none\r\n"));
  CHECK(server.stats().handler_failures == 1);
}

TEST_CASE("a client that does not read a stream is dropped after write_timeout", "[net]") {
  HttpServerOptions options;
  options.write_timeout = 50ms;
  Server server(options);
  RawSocket socket(server.port());
  socket.send(kGet);
  for (int i = 0; i < 64; ++i) server.put(std::string(1U << 20U, 'x'));
  server.wait_for(&Pieces::returned);
  CHECK(server.get(&Pieces::refused));
  CHECK(server.stats().timeouts == 1);
  while (server.stats().connections_open != 0) std::this_thread::yield();
}

TEST_CASE("a client that sends too much during a stream is dropped", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(kGet);
  socket.send(std::string(1U << 20U, 'x'));
  while (server.stats().connections_open != 0) std::this_thread::yield();
  server.put("one");
  server.wait_for(&Pieces::returned);
  CHECK(server.get(&Pieces::refused));
}

}  // namespace tocsin::net
