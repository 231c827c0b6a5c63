// Bodies that are taken piece by piece, and servers behind a path of the Unix domain.

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/temp_dir.hpp"
#include "support/test_loop.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;
using test::RawSocket;
using test::TestLoop;

/// Asks a server that the test plays byte by byte.
struct Fixture {
  Fixture() : listener(test::listen_on_loopback(port)) {}
  ~Fixture() { ::close(listener); }

  void ask(SendOptions options = {}) {
    options.timeout = 1h;
    sent.emplace(loop.start(client->stream(HttpRequest("GET", fmt::format("http://127.0.0.1:{}/watch", port)), options,
                                           [this](std::string_view piece) {
                                             pieces.emplace_back(piece);
                                             return pieces.size() < end_at;
                                           })));
    loop.run_ready();
    peer.emplace(RawSocket::Accepted{::accept(listener, nullptr, nullptr)});
    std::string request;
    loop.pump_until([&] {
      request += peer->read_available();
      return request.ends_with("\r\n\r\n");
    });
    CHECK(request.find("Accept-Encoding") == std::string::npos);
  }
  void wait_for_pieces(std::size_t count) {
    loop.pump_until([&] { return pieces.size() >= count; });
  }
  Result<HttpResponse> result() {
    loop.pump_until([&] { return sent->done(); });
    return sent->get();
  }

  std::uint16_t port = 0;
  int listener;
  TestLoop loop;
  std::unique_ptr<HttpClient> client = make_http_client(loop, {});
  std::optional<test::Started<Result<HttpResponse>>> sent;
  std::optional<RawSocket> peer;
  std::vector<std::string> pieces;
  std::size_t end_at = 1000;
};

/// A server on a path that answers one request.
class UnixImposter {
 public:
  explicit UnixImposter(const std::string& path) : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
  }
  ~UnixImposter() { ::close(listener_); }
  RawSocket::Accepted accept() { return {::accept(listener_, nullptr, nullptr)}; }

 private:
  int listener_;
};

}  // namespace

TEST_CASE("a stream gives each chunk when it has come", "[net]") {
  Fixture f;
  f.ask();
  f.peer->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n");
  f.wait_for_pieces(1);
  CHECK(f.pieces.at(0) == "first\n");
  f.peer->send("7\r\nsecond\n\r\n");
  f.wait_for_pieces(2);
  CHECK(f.pieces.at(1) == "second\n");
  f.peer->send("0\r\n\r\n");
  const auto response = f.result();
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body.size() == 0);
}

TEST_CASE("a stream without a length goes on until the connection ends, and has no limit", "[net]") {
  Fixture f;
  SendOptions options;
  options.max_body_bytes = 10;
  f.ask(options);
  f.peer->send("HTTP/1.1 200 OK\r\n\r\n");
  std::string all;
  for (int i = 0; i < 100; ++i) f.peer->send("0123456789");
  f.loop.pump_until([&] {
    all.clear();
    for (const std::string& piece : f.pieces) all += piece;
    return all.size() == 1000;
  });
  f.peer.reset();
  CHECK(f.result()->status == 200);
}

TEST_CASE("a stream that is cut off fails, what came was given", "[net]") {
  Fixture f;
  f.ask();
  f.peer->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  f.wait_for_pieces(1);
  f.peer->send("9\r\nha");  // the start of a chunk is given too, however short
  f.wait_for_pieces(2);
  f.peer->send("l");
  f.wait_for_pieces(3);
  f.peer.reset();
  CHECK(f.result().error().message == "unexpected EOF");
  CHECK(f.pieces == std::vector<std::string>{"one", "ha", "l"});
}

TEST_CASE("the sink ends a stream, and its connection with it", "[net]") {
  Fixture f;
  f.end_at = 1;
  f.ask();
  f.peer->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  CHECK(f.result()->status == 200);
  CHECK(f.peer->read_to_end().empty());
}

TEST_CASE("a stream that says nothing more ends at its timeout", "[net]") {
  Fixture f;
  f.ask();
  f.peer->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  f.wait_for_pieces(1);
  f.loop.advance(59min);
  CHECK(!f.sent->done());
  f.loop.advance(1min);
  const auto response = f.result();
  CHECK(response.error().code == Errc::kTimeout);
  CHECK(response.error().message == "context deadline exceeded");
}

TEST_CASE("another status than 200 comes as an answer, within the limit", "[net]") {
  Fixture f;
  f.ask();
  f.peer->send("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\ntoo old");
  const auto response = f.result();
  REQUIRE(response);
  CHECK(response->status == 410);
  CHECK(response->body.view() == "too old");
  CHECK(f.pieces.empty());

  Fixture g;
  SendOptions options;
  options.max_body_bytes = 6;
  g.ask(options);
  g.peer->send("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ntoo old\r\n");
  CHECK(g.result().error().message == "body size limit exceeded");
}

TEST_CASE("a stream follows redirects and keeps its connection when it has ended", "[net]") {
  Imposter imposter;
  imposter.when("GET", "/a", Imposter::answer(302, "moved", {{"Location", "/b"}}));
  imposter.when("GET", "/b", Imposter::answer(200, "all"));
  TestLoop loop;
  const auto client = make_http_client(loop, {});
  for (int i = 0; i < 2; ++i) {
    std::string got;
    const auto response =
        loop.pump(client->stream(HttpRequest("GET", imposter.url("/a")), {}, [&got](std::string_view piece) {
          got += piece;
          return true;
        }));
    CHECK(response->status == 200);
    CHECK(got == "all");
  }
  CHECK(imposter.connections() == 1);
}

TEST_CASE("a request goes to a Unix socket if there is one, whatever host the URL names", "[net]") {
  const test::TempDir folder;
  const std::string path = folder.path() + "/docker.sock";
  TestLoop loop;
  const auto client = make_http_client(loop, {});
  SendOptions options;
  options.unix_socket = path;
  const HttpRequest request("GET", "http://docker/containers/json");

  const auto missing = loop.pump(client->send(request, options));
  CHECK(missing.error().message == "dial unix " + path + ": connect: no such file or directory");

  UnixImposter server(path);
  std::optional<RawSocket> peer;
  for (int i = 0; i < 2; ++i) {  // the second on the same connection
    auto sent = loop.start(client->send(request, options));
    loop.run_ready();
    if (!peer) peer.emplace(server.accept());
    std::string head;
    loop.pump_until([&] {
      head += peer->read_available();
      return head.ends_with("\r\n\r\n");
    });
    CHECK(head.starts_with("GET /containers/json HTTP/1.1\r\nHost: docker\r\n"));
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    loop.pump_until([&] { return sent.done(); });
    CHECK(sent.get()->body.view() == "[]");
  }

  options.unix_socket = "/" + std::string(200, 'x');
  CHECK(loop.pump(client->send(request, options)).error().message ==
        "dial unix " + options.unix_socket + ": invalid argument");
}

}  // namespace tocsin::net
