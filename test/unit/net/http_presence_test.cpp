// What a handler learns of its client while it works.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::RawSocket;
using test::read_response;

struct Seen {
  std::atomic<int> begun = 0, told = 0, ended = 0;
  std::function<void()> go_on;  // Thread: the loop's
};

Task<HttpResponse> work_until_told(Loop* loop, Seen* seen, HttpRequest request) {
  request.client->when_gone([loop, seen] {
    ++seen->told;
    loop->post([seen] { std::exchange(seen->go_on, nullptr)(); });
  });
  ++seen->begun;
  std::function<void(std::function<void()>)> start = [seen](std::function<void()> done) {
    seen->go_on = std::move(done);
  };
  co_await detail::wait_for_callback(std::move(start));
  ++seen->ended;
  co_return HttpResponse(200, "done");
}

class Server {
 public:
  explicit Server(HttpServerOptions options = {}) {
    log::set_sink([](log::Level, std::string_view) {});
    options.listen_address = "127.0.0.1:0";
    server_ = thread_.call([&] {
      return make_http_server(
                 thread_.loop(), options,
                 [this](HttpRequest request) { return work_until_told(&thread_.loop(), &seen, std::move(request)); })
          .value();
    });
  }
  ~Server() {
    thread_.call([this] { server_.reset(); });
    thread_.call([this] { seen.go_on = nullptr; });  // of a handler that nobody told: it needs the loop to end
    thread_.stop();
    log::set_sink(nullptr);
  }
  std::uint16_t port() const { return server_->port(); }
  void close() {
    thread_.call([this] { server_.reset(); });
  }
  void finish_by_hand() {
    thread_.call([this] { std::exchange(seen.go_on, nullptr)(); });
  }
  static void wait_for(const std::atomic<int>& count, int wanted) {
    while (count < wanted) std::this_thread::yield();
  }
  Seen seen;

 private:
  test::RuntimeThread thread_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("a handler is told that its client has closed, been reset or ended its direction", "[net]") {
  Server server;
  int gone = 0;
  for (const std::string_view how : {"close", "reset", "shutdown"}) {
    INFO(how);
    auto socket = std::make_unique<RawSocket>(server.port());
    socket->send(kGet);
    Server::wait_for(server.seen.begun, ++gone);
    if (how == "reset") socket->reset();
    if (how == "shutdown") socket->shutdown_send();
    if (how == "close") socket.reset();
    Server::wait_for(server.seen.ended, gone);
    CHECK(server.seen.told == gone);
  }
}

TEST_CASE("a client is missed although a request that it sent ahead waits to be read", "[net]") {
  Server server;
  {
    RawSocket socket(server.port());
    socket.send(std::string(kGet) + std::string(kGet));
    Server::wait_for(server.seen.begun, 1);
  }
  Server::wait_for(server.seen.told, 1);
}

TEST_CASE("a client that stays is not given up, and both of its requests are answered", "[net]") {
  Server server;
  RawSocket socket(server.port());
  socket.send(std::string(kGet) + std::string(kGet));
  for (int i = 1; i <= 2; ++i) {
    Server::wait_for(server.seen.begun, i);
    server.finish_by_hand();
    CHECK(read_response(socket).body == "done");
  }
  CHECK(server.seen.told == 0);
}

TEST_CASE("a handler that is answered for, or whose server goes, is told that nobody waits", "[net]") {
  SECTION("answered for") {
    HttpServerOptions options;
    options.handler_timeout = 20ms;
    Server server(options);
    RawSocket socket(server.port());
    socket.send(kGet);
    CHECK(read_response(socket).status == 503);
    Server::wait_for(server.seen.ended, 1);
  }
  SECTION("the server goes") {
    Server server;
    RawSocket socket(server.port());
    socket.send(kGet);
    Server::wait_for(server.seen.begun, 1);
    server.close();
    Server::wait_for(server.seen.ended, 1);
  }
}

}  // namespace tocsin::net
