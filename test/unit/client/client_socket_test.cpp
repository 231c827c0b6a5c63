// Configured clients over real sockets: servers that want certificates, proxies, token endpoints.

#include <catch2/catch.hpp>

#include "client/client.hpp"
#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/proxy_imposter.hpp"
#include "support/temp_dir.hpp"
#include "support/test_loop.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::client {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::Imposter;
using test::TlsImposter;

struct SocketFixture {
  SocketFixture() {
    net::HttpClientOptions options;
    options.work = &loop.work();
    plain = net::make_http_client(loop, options);
    origin.when("", "*", Imposter::answer(200, "ok"));
    config.tls.ca_file = folder.write("ca.pem", server.cert_pem());
  }
  void configure() { client = make_client(config, {loop, loop.work(), *plain, posix_fs()}); }
  std::string outcome(const std::string& url) {
    const auto response = loop.pump(client->send(net::HttpRequest("GET", url), {}));
    return response ? std::to_string(response->status) : response.error().message;
  }

  const test::TempDir folder;
  const Identity server{"IP:127.0.0.1,DNS:origin.test", 3600};
  Imposter origin;
  test::TestLoop loop;
  std::unique_ptr<net::HttpClient> plain;
  config::HttpClientConfig config;
  std::shared_ptr<net::HttpClient> client;
};

}  // namespace

TEST_CASE("a certificate that is replaced on disk is shown from the next look on", "[client]") {
  SocketFixture f;
  const Identity authority("DNS:authority", 3600), first("DNS:first", 3600, &authority), stranger("DNS:us", 3600);
  const TlsImposter target(f.server,
                           {.client_ca = &authority, .max_version = TLS1_2_VERSION, .forward_to = f.origin.port()});
  f.config.tls.cert_file = f.folder.write("us.pem", stranger.cert_pem());
  f.config.tls.key_file = f.folder.write("us.key", stranger.key_pem());
  f.configure();
  CHECK(f.outcome(target.url("/")).starts_with("remote error: tls: "));
  f.folder.write("us.pem", first.cert_pem());
  f.folder.write("us.key", first.key_pem());
  f.loop.advance(1s);
  CHECK(f.outcome(target.url("/")) == "200");
  CHECK(f.outcome(target.url("/")) == "200");
  CHECK(target.handshakes() == 1);
  f.folder.write("us.key", stranger.key_pem());
  f.loop.advance(1s);
  CHECK(f.outcome(target.url("/")).ends_with("tls: private key does not match public key"));
}

TEST_CASE("a password, a tenant and a proxy's password each reach whom they are for", "[client]") {
  SocketFixture f;
  const TlsImposter target(f.server, {.forward_to = f.origin.port()});
  test::ProxyImposter proxy(target.port());
  f.config.has_basic_auth = true;
  f.config.username = "me";
  f.config.password = Secret("for the target");
  f.config.http_headers = {{"X-Tenant", {}, {Secret("ours")}, {}}};
  f.config.proxy.proxy_url = Secret("http://us:for-the-proxy@127.0.0.1:" + std::to_string(proxy.port()));
  f.config.proxy.connect_header = {{"X-Floor", {Secret("7")}}};
  f.configure();
  CHECK(f.outcome("https://origin.test/metrics") == "200");
  const auto asked = proxy.requests().at(0);
  CHECK(asked.headers.at("proxy-authorization") == "Basic dXM6Zm9yLXRoZS1wcm94eQ==");
  CHECK(asked.headers.at("x-floor") == "7");
  CHECK(asked.headers.count("authorization") == 0);
  CHECK(asked.headers.count("x-tenant") == 0);
  const auto got = f.origin.requests().at(0);
  CHECK(got.headers.at("authorization") == "Basic bWU6Zm9yIHRoZSB0YXJnZXQ=");
  CHECK(got.headers.at("x-tenant") == "ours");
  CHECK(got.headers.count("proxy-authorization") == 0);
  CHECK(got.headers.count("x-floor") == 0);
}

TEST_CASE("a redirect to another host takes nothing of the configuration along", "[client]") {
  SocketFixture f;
  f.config = {};
  f.config.has_authorization = true;
  f.config.authorization_credentials = Secret("token");
  f.config.http_headers = {{"X-Key", {"key"}, {}, {}}};
  Imposter other;
  other.when("GET", "*", Imposter::answer(200, "ok"));
  f.origin.when("GET", "/away",
                Imposter::answer(302, "", {{"Location", "http://localhost:" + std::to_string(other.port()) + "/"}}));
  f.configure();
  CHECK(f.outcome(f.origin.url("/away")) == "200");
  CHECK(f.origin.requests().at(0).headers.at("authorization") == "Bearer token");
  CHECK(other.requests().at(0).headers.count("authorization") == 0);
  CHECK(other.requests().at(0).headers.count("x-key") == 0);
}

TEST_CASE("a token comes from an endpoint behind TLS that the target's options say nothing of", "[client]") {
  SocketFixture f;
  const Identity login("IP:127.0.0.1", 3600);
  Imposter tokens;
  tokens.when_in_turn("POST", "/token",
                      {Imposter::answer(200, "<html>", {{"Content-Type", "application/json"}}),
                       Imposter::answer(503, "<html>later</html>", {{"Content-Type", "text/html"}}),
                       Imposter::answer(200, R"({"access_token":"one"})", {{"Content-Type", "application/json"}})});
  const TlsImposter endpoint(login, {.forward_to = tokens.port()});
  config::OAuth2Config oauth2;
  oauth2.client_id = "me";
  oauth2.client_secret = Secret("secret");
  oauth2.token_url = endpoint.url("/token");
  oauth2.tls.ca_file = f.folder.write("login.pem", login.cert_pem());
  f.config.oauth2 = oauth2;
  f.configure();
  CHECK(f.outcome(f.origin.url("/")) ==
        "oauth2: cannot fetch token: 503 Service Unavailable\nResponse: <html>later</html>");
  CHECK(f.outcome(f.origin.url("/")) == "200");
  CHECK(f.origin.requests().back().headers.at("authorization") == "Bearer one");
  CHECK(f.origin.requests().size() == 1);

  oauth2.tls = {};
  f.config.oauth2 = oauth2;
  f.configure();
  CHECK(f.outcome(f.origin.url("/")).ends_with("x509: certificate signed by unknown authority"));
}

TEST_CASE("a token endpoint that says nothing fails its requests at their deadline, not the loop", "[client]") {
  SocketFixture f;
  Imposter silent;
  silent.when("POST", "*", Imposter::never());
  config::OAuth2Config oauth2;
  oauth2.client_id = "me";
  oauth2.token_url = silent.url("/token");
  f.config = {};
  f.config.oauth2 = oauth2;
  f.configure();
  auto sent = f.loop.start(f.client->send(net::HttpRequest("GET", f.origin.url("/")), {}));
  f.loop.pump_until([&] { return silent.requests().size() == 1; });
  f.loop.advance(10s);
  REQUIRE(sent.done());
  CHECK(sent.get().error().message == "context deadline exceeded");
  CHECK(f.origin.requests().empty());
}

}  // namespace tocsin::client
