// A whole server over virtual time: users, rate, prefix, cross-origin fields, the file that changes, the access log.

#include "web/server.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/test_loop.hpp"

namespace tocsin::web {
namespace {

using namespace std::chrono_literals;
using test::RawSocket;

const std::string kUsers =
    "basic_auth_users:\n"
    "  alice: $2y$04$abcdefghijklmnopqrstuuzf81SVB9Th/mFZ5guB/NrjqJybuBxAK\n"
    "  bob: $2b$04$ABCDEFGHIJKLMNOPQRSTUu90j/mxfil3GhgCzDp4EmtzeA93uDtO6\n";
const std::string kAlice = "Authorization: Basic YWxpY2U6YWxpY2UtcGFzcw==\r\n";   // alice:alice-pass
const std::string kBob = "Authorization: Basic Ym9iOmJvYi1wYXNz\r\n";             // bob:bob-pass
const std::string kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";           // alice:wrong
const std::string kNobody = "Authorization: Basic bm9ib2R5OmFsaWNlLXBhc3M=\r\n";  // nobody:alice-pass

struct Fixture {
  explicit Fixture(const std::string& config, ServerOptions options = {}) {
    if (!config.empty()) {
      write(config);
      options.config_file = "/web.yml";
    }
    options.listen_addresses = {"127.0.0.1:0", "127.0.0.1:0"};
    auto started = Server::start(loop, loop.work(), fs, std::move(options),
                                 [this](net::HttpRequest request) { return answer(std::move(request)); });
    if (!started) FAIL(started.error().message);
    server = std::move(*started);
  }
  ~Fixture() { server->close(); }

  void write(const std::string& config) {
    loop.jump_wall(1000);
    REQUIRE(fs.write_file_atomic("/web.yml", config).has_value());
  }

  net::Task<net::HttpResponse> answer(net::HttpRequest request) {
    ++calls;
    last_target = request.target;
    net::HttpResponse response(200, "text/plain", "page");
    if (request.path() == "/stream") {
      response.stream = [](std::shared_ptr<net::BodyWriter> out) -> net::Task<void> {
        co_await out->write("one");
        co_await out->write("four");
      };
    }
    co_return response;
  }

  /// The whole answer to a request that ends its connection.
  std::string request(const std::string& line, const std::string& fields = "", std::size_t listener = 0) {
    RawSocket socket(server->ports()[listener]);
    socket.send(line + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n");
    std::string got;
    loop.pump_until([&] {
      got += socket.read_available();
      return socket.at_end();
    });
    return got;
  }
  int status(const std::string& line, const std::string& fields = "") {
    return std::stoi(request(line, fields).substr(9, 3));
  }
  std::string metrics() {
    telemetry::Registry registry;
    registry.add([this](telemetry::Sink& sink) { server->put_metrics(sink); });
    return registry.render()->text;
  }

  test::LogCapture log;
  test::TestLoop loop;
  MemFs fs{loop.clock()};
  int calls = 0;
  std::string last_target;
  std::unique_ptr<Server> server;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without a web configuration everybody is served, on each address", "[web]") {
  Fixture f("");
  CHECK(f.request("GET /a?b=c").starts_with("HTTP/1.1 200"));
  CHECK(f.last_target == "/a?b=c");
  CHECK(f.request("GET /", "", 1).starts_with("HTTP/1.1 200"));
  CHECK(f.calls == 2);
}

TEST_CASE("with users, only health and readiness answer without them", "[web]") {
  Fixture f(kUsers);
  for (const char* path : {"/-/healthy", "/-/ready"}) CHECK(f.status(std::string("GET ") + path) == 200);
  for (const char* path :
       {"/", "/metrics", "/-/reload", "/api/v1/query", "/-/healthy/", "/-/healthyx", "//-/healthy"}) {
    INFO(path);
    const std::string refused = f.request(std::string("GET ") + path);
    CHECK(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(has(refused, "\r\nWWW-Authenticate: Basic\r\n"));
    CHECK(refused.ends_with("\r\n\r\nUnauthorized\n"));
  }
  CHECK(f.calls == 2);
  CHECK(f.status("GET /metrics", kAlice) == 200);
  CHECK(f.status("GET /metrics", kBob) == 200);
  CHECK(f.status("GET /metrics", kWrong) == 401);
  CHECK(f.status("GET /metrics", kNobody) == 401);
  CHECK(f.status("GET /metrics", "Authorization: Bearer abc\r\n") == 401);
  CHECK(f.status("OPTIONS /api/v1/query") == 401);
}

TEST_CASE("a password is computed once; a name that does not exist costs a computation too", "[web]") {
  Fixture f(kUsers);
  const auto hashes = [&f] {
    const std::string page = f.metrics();
    const std::size_t at = page.find("\ntocsin_web_auth_hashes_total ");
    return std::stoi(page.substr(at + 30));
  };
  for (int i = 0; i < 5; ++i) CHECK(f.status("GET /", kAlice) == 200);
  CHECK(hashes() == 1);
  for (int i = 0; i < 5; ++i) CHECK(f.status("GET /", kWrong) == 401);
  CHECK(hashes() == 2);
  for (int i = 0; i < 5; ++i) CHECK(f.status("GET /", kNobody) == 401);
  CHECK(hashes() == 3);
  // Guesses do not push out who knows a password.
  for (int i = 0; i < 150; ++i) {
    const std::string guess = "Authorization: Basic " + std::string("YWxpY2U6") + std::string(4 * (1 + i % 50), 'Q') +
                              (i < 50    ? "QQ=="
                               : i < 100 ? "YQ=="
                                         : "Zg==") +
                              "\r\n";
    REQUIRE(f.status("GET /", guess) == 401);
  }
  CHECK(hashes() == 153);
  CHECK(f.status("GET /", kAlice) == 200);
  CHECK(hashes() == 153);
}

TEST_CASE("many who wait for one password are served by one computation; too many guesses are turned away", "[web]") {
  Fixture f(kUsers);
  const auto ask = [&f](int count, bool same) {
    std::vector<std::unique_ptr<RawSocket>> sockets;
    for (int i = 0; i < count; ++i) {
      sockets.push_back(std::make_unique<RawSocket>(f.server->ports()[0]));
      const std::string guess = "Authorization: Basic YWxpY2U6" + std::string(4 * (i + 1), 'R') + "\r\n";
      sockets.back()->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + (same ? kAlice : guess) + "\r\n");
    }
    std::map<std::string, int> statuses;
    for (const auto& socket : sockets) {
      std::string got;
      f.loop.pump_until([&] {
        got += socket->read_available();
        return socket->at_end();
      });
      ++statuses[got.substr(9, 3)];
    }
    return statuses;
  };
  CHECK(ask(8, true) == std::map<std::string, int>{{"200", 8}});
  CHECK(has(f.metrics(), "\ntocsin_web_auth_hashes_total 1\n"));
  const auto guesses = ask(200, false);
  CHECK(guesses.at("401") + guesses.at("503") == 200);
  CHECK(guesses.at("503") > 0);
}

TEST_CASE("configured fields are on every answer but that of the rate limit", "[web]") {
  Fixture f(kUsers + "http_server_config:\n  headers: {X-Frame-Options: deny}\nrate_limit: {interval: 1s, burst: 2}\n");
  CHECK(has(f.request("GET /"), "\r\nX-Frame-Options: deny\r\n"));
  CHECK(has(f.request("GET /", kAlice), "\r\nX-Frame-Options: deny\r\n"));
  const std::string limited = f.request("GET /-/healthy", kAlice);
  CHECK(limited.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
  CHECK(limited.ends_with("\r\n\r\nToo Many Requests\n"));
  CHECK_FALSE(has(limited, "X-Frame-Options"));
  f.loop.advance(1s);
  CHECK(f.status("GET /", kAlice) == 200);
  CHECK(f.status("GET /", kAlice) == 429);
  CHECK(has(f.metrics(), "\ntocsin_web_rate_limited_total 2\n"));
}

TEST_CASE("a changed web configuration is in force a second later at the latest", "[web]") {
  Fixture f(kUsers);
  CHECK(f.status("GET /", kAlice) == 200);
  f.write("basic_auth_users:\n  bob: $2b$04$ABCDEFGHIJKLMNOPQRSTUu90j/mxfil3GhgCzDp4EmtzeA93uDtO6\n");
  f.loop.advance(1s);
  CHECK(f.status("GET /", kAlice) == 401);
  CHECK(f.status("GET /", kBob) == 200);

  f.write("basic_auth_users: {bob: short}\n");
  for (int i = 0; i < 5; ++i) {
    f.loop.advance(1s);
    CHECK(f.status("GET /", kBob) == 200);
  }
  CHECK(has(f.metrics(), "\ntocsin_web_config_last_reload_successful 0\n"));
  const auto lines = f.log.lines();
  CHECK(std::ranges::count_if(lines, [](const std::string& line) { return has(line, "hashedSecret too short"); }) == 1);

  REQUIRE(f.fs.remove("/web.yml").has_value());
  f.loop.advance(1s);
  CHECK(f.status("GET /") == 401);
  f.write("{}");
  f.loop.advance(1s);
  CHECK(f.status("GET /") == 200);
  CHECK(has(f.metrics(), "\ntocsin_web_config_last_reload_successful 1\n"));
}

TEST_CASE("TLS does not end because a file changed, and new certificates are taken", "[web]") {
  const auto section = [](const std::string& name) {
    const std::string text = posix_fs().read_file(std::string(TOCSIN_TEST_DATA) + "/" + name).value();
    std::string indented = "    ";
    for (const char c : text) indented += c == '\n' ? "\n    " : std::string(1, c);
    return indented + "\n";
  };
  const auto tls = [&](const std::string& cert, const std::string& key) {
    return "tls_server_config:\n  cert: |\n" + section(cert) + "  key: |\n" + section(key);
  };
  Fixture f(tls("server.crt", "server.key"));
  CHECK(f.server->has_tls());
  const auto reloaded = [&f] { return has(f.metrics(), "\ntocsin_web_config_last_reload_successful 1\n"); };
  f.write("{}");
  f.loop.advance(1s);
  CHECK(has(f.request("GET /"), "Client sent an HTTP request to an HTTPS server."));
  CHECK_FALSE(reloaded());
  f.write(tls("client_ca.crt", "other.key"));
  f.loop.advance(1s);
  f.request("GET /");
  CHECK(reloaded());
}

TEST_CASE("paths outside of the prefix are not ours", "[web]") {
  ServerOptions options;
  options.route_prefix = "/prom";
  Fixture f(kUsers, std::move(options));
  CHECK(f.status("GET /prom/-/healthy") == 200);
  CHECK(f.last_target == "/-/healthy");
  CHECK(f.status("GET /-/healthy") == 401);
  CHECK(f.status("GET /-/healthy", kAlice) == 404);
  const std::string root = f.request("GET /", kAlice);
  CHECK(root.starts_with("HTTP/1.1 302 Found\r\n"));
  CHECK(has(root, "\r\nLocation: /prom\r\n"));
  CHECK(root.ends_with("<a href=\"/prom\">Found</a>.\n\n"));
  const std::string bare = f.request("GET /prom", kAlice);
  CHECK(bare.starts_with("HTTP/1.1 301 Moved Permanently\r\n"));
  CHECK(has(bare, "\r\nLocation: /prom/\r\n"));
  CHECK(f.status("GET /prom/metrics?x=1", kAlice) == 200);
  CHECK(f.last_target == "/metrics?x=1");
  CHECK(f.status("GET /prometheus", kAlice) == 404);
  CHECK(f.request("GET /metrics", kAlice).ends_with("\r\n\r\n404 page not found\n"));
}

TEST_CASE("cross-origin fields are on the API alone, and OPTIONS is answered there", "[web]") {
  Fixture f("");
  const std::string answer = f.request("GET /api/v1/query", "Origin: http://x\r\n");
  CHECK(has(answer, "\r\nAccess-Control-Allow-Origin: *\r\n"));
  CHECK_FALSE(has(f.request("GET /api/v1/query"), "Access-Control"));
  CHECK_FALSE(has(f.request("GET /metrics", "Origin: http://x\r\n"), "Access-Control"));
  const int before = f.calls;
  const std::string options = f.request("OPTIONS /api/v1/query", "Origin: http://x\r\n");
  CHECK(options.starts_with("HTTP/1.1 204 No Content\r\n"));
  CHECK(has(options, "\r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\r\n"));
  CHECK(f.calls == before);
}

TEST_CASE("the access log has a line per answer, streams and refusals too, and begins anew when asked", "[web]") {
  ServerOptions options;
  options.access_log = "/access.log";
  Fixture f(kUsers, std::move(options));
  f.request("GET /stream?secret=1", kAlice);
  f.request("GET /metrics");
  f.loop.run_ready();
  const std::string text = f.fs.read_file("/access.log").value();
  INFO(text);
  CHECK(std::ranges::count(text, '\n') == 2);
  CHECK(has(text, "\"user\":\"alice\",\"method\":\"GET\",\"path\":\"/stream\",\"status\":200,\"bytes\":7,"));
  CHECK(has(text, "\"user\":\"\",\"method\":\"GET\",\"path\":\"/metrics\",\"status\":401,\"bytes\":13,"));
  REQUIRE(f.fs.rename("/access.log", "/access.log.1").has_value());
  f.server->reopen_access_log();
  f.request("GET /-/ready");
  f.loop.run_ready();
  CHECK(f.fs.read_file("/access.log.1").value() == text);
  CHECK(has(f.fs.read_file("/access.log").value(), "\"path\":\"/-/ready\""));
}

TEST_CASE("a bad web configuration, an address that is taken and a bad origin end the start", "[web]") {
  test::LogCapture log;
  test::TestLoop loop;
  MemFs fs{loop.clock()};
  const auto error_of = [&](ServerOptions options) {
    auto handler = [](net::HttpRequest) -> net::Task<net::HttpResponse> { co_return net::HttpResponse(200, ""); };
    const auto started = Server::start(loop, loop.work(), fs, std::move(options), handler);
    return started ? std::string() : started.error().message;
  };
  CHECK(error_of({.listen_addresses = {"127.0.0.1:0"}, .config_file = "/absent.yml"}) ==
        "--web.config.file: open /absent.yml: no such file or directory");
  CHECK(error_of({.listen_addresses = {"127.0.0.1"}}) == "listen tcp: address 127.0.0.1: missing port in address");
  CHECK(error_of({.cors_origin = "("}).starts_with("could not compile CORS regex string"));
  CHECK(error_of({.systemd_socket = true}) == "no socket activation file descriptors found");
  CHECK(error_of({.access_log = "/no/such/folder/log"}).starts_with("--web.access-log: "));
}

}  // namespace tocsin::web
