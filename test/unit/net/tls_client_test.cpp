// The client over TLS, against plain OpenSSL.

#include <future>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"
#include "support/test_loop.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::TlsImposter;

class LocalResolver final : public Resolver {
 public:
  Task<Result<std::vector<std::string>>> lookup(std::string, MonoTime) override {
    co_return std::vector<std::string>{"127.0.0.1"};
  }
};

/// The body, or the error.
std::string get(const std::string& url, std::shared_ptr<const TlsOptions> tls) {
  test::TestLoop loop;
  HttpClientOptions options;
  options.resolver = std::make_shared<LocalResolver>();
  const auto client = make_http_client(loop, options);
  SendOptions send;
  send.tls = std::move(tls);
  const auto response = loop.pump(client->send(HttpRequest("GET", url), send));
  return response ? std::string(response->body.view()) : response.error().message;
}

std::shared_ptr<TlsOptions> trust(const Identity& identity) {
  auto tls = std::make_shared<TlsOptions>();
  tls->ca_pem = identity.cert_pem();
  return tls;
}

std::string url(const TlsImposter& server, std::string_view host) {
  return fmt::format("https://{}:{}/", host, server.port());
}

}  // namespace

TEST_CASE("TLS verifies the chain and the name", "[net]") {
  const Identity identity("DNS:here,DNS:*.wild.test,IP:127.0.0.1", 3600);
  const TlsImposter server(identity);
  CHECK(get(url(server, "here"), trust(identity)) == "secure here");
  CHECK(get(url(server, "a.wild.test"), trust(identity)) == "secure a.wild.test");
  CHECK(get(url(server, "127.0.0.1"), trust(identity)) == "secure -");
  CHECK(get(url(server, "there"), trust(identity)) ==
        "tls: failed to verify certificate: x509: certificate is valid for here, *.wild.test, not there");
  CHECK(get(url(server, "here"), nullptr) ==
        "tls: failed to verify certificate: x509: certificate signed by unknown authority");
}

TEST_CASE("TLS names another server, or verifies nothing, if told so", "[net]") {
  const Identity identity("DNS:here", 3600);
  const TlsImposter server(identity);
  auto named = trust(identity);
  named->server_name = "here";
  CHECK(get(url(server, "127.0.0.1"), named) == "secure here");
  auto blind = std::make_shared<TlsOptions>();
  blind->insecure_skip_verify = true;
  CHECK(get(url(server, "there"), blind) == "secure there");
}

TEST_CASE("TLS refuses an expired certificate", "[net]") {
  const Identity identity("DNS:here", -60);
  const TlsImposter server(identity);
  for (const char* host : {"here", "there"}) {  // Go looks at the time first
    const std::string error = get(url(server, host), trust(identity));
    CHECK(error.starts_with(
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 20"));
    CHECK(error.find("Z is after 20") != std::string::npos);
  }
}

TEST_CASE("TLS names what a certificate lacks", "[net]") {
  const Identity named("DNS:here", 3600), nameless("", 3600);
  const Identity elsewhere("IP:127.0.0.2,IP:2001:db8::1,DNS:127.0.0.1", 3600);
  const TlsImposter server(named), bare(nameless), other(elsewhere);
  CHECK(get(url(other, "127.0.0.1"), trust(elsewhere)) ==
        "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.2, 2001:db8::1, not 127.0.0.1");
  CHECK(get(url(server, "127.0.0.1"), trust(named)) ==
        "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain "
        "any IP SANs");
  CHECK(get(url(bare, "here"), trust(nameless)) ==
        "tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match here");
  CHECK(get(url(bare, "imposter"), trust(nameless)) ==
        "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead");
  // Go tells the wrong name before the unknown authority.
  CHECK(get(url(server, "there"), nullptr) ==
        "tls: failed to verify certificate: x509: certificate is valid for here, not there");
}

TEST_CASE("TLS trusts what it is told to, be it the end of a chain", "[net]") {
  const Identity authority("DNS:authority", 3600), leaf("DNS:here", 3600, &authority);
  const TlsImposter server(leaf);
  CHECK(get(url(server, "here"), trust(leaf)) == "secure here");
  auto both = trust(authority);
  both->ca_pem = "text before\n-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n" + both->ca_pem;
  CHECK(get(url(server, "here"), both) == "secure here");
  const Identity stranger("DNS:here", 3600);
  CHECK(get(url(server, "here"), trust(stranger)) ==
        "tls: failed to verify certificate: x509: certificate signed by unknown authority");
}

TEST_CASE("TLS speaks the versions that it may", "[net]") {
  const Identity identity("DNS:here", 3600);
  const TlsImposter old(identity, {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION});
  const TlsImposter middle(identity, {.max_version = TLS1_2_VERSION});
  const TlsImposter modern(identity, {.min_version = TLS1_3_VERSION});
  struct Case {
    const TlsImposter& server;
    int min, max;
    std::string expected;
  };
  const Case cases[] = {
      {old, 0x0303, 0, "remote error: tls: protocol version not supported"},
      {old, 0x0301, 0, "secure here"},
      {middle, 0, 0, "secure here"},
      {middle, 0x0304, 0, "remote error: tls: protocol version not supported"},
      {modern, 0x0303, 0, "secure here"},
      {modern, 0x0303, 0x0303, "remote error: tls: protocol version not supported"},
      {modern, 0x0304, 0x0304, "secure here"},
  };
  for (const Case& c : cases) {
    INFO(c.server.port() << " " << c.min << " " << c.max);
    auto tls = trust(identity);
    tls->min_version = c.min;
    tls->max_version = c.max;
    CHECK(get(url(c.server, "here"), tls) == c.expected);
  }
}

TEST_CASE("TLS shows our certificate if the server wants one", "[net]") {
  const Identity identity("DNS:here", 3600), ours("DNS:us", 3600);
  const TlsImposter server(identity, {.client_ca = &ours});
  const TlsImposter older(identity, {.client_ca = &ours, .max_version = TLS1_2_VERSION});
  // With TLS 1.3 the refusal may come with the handshake's end, or in place of the answer.
  CHECK(get(url(server, "here"), trust(identity)).find("secure") == std::string::npos);
  CHECK(get(url(older, "here"), trust(identity)) == "remote error: tls: handshake failure");
  auto shown = trust(identity);
  shown->cert_pem = ours.cert_pem();
  shown->key_pem = Secret(ours.key_pem());
  CHECK(get(url(server, "here"), shown) == "secure here");
  CHECK(get(url(older, "here"), shown) == "secure here");
}

TEST_CASE("certificates that do not parse are an error before anything is sent", "[net]") {
  const Identity identity("DNS:here", 3600), other("DNS:here", 3600);
  const TlsImposter server(identity);
  auto ca = std::make_shared<TlsOptions>();
  ca->ca_pem = "nonsense";
  CHECK(get(url(server, "here"), ca) == "unable to use the CA certificates: there is none in the text");
  struct Case {
    std::string cert, key, expected;
  };
  const Case cases[] = {
      {"nonsense", other.key_pem(), "tls: failed to find any PEM data in certificate input"},
      {other.key_pem(), other.key_pem(),
       "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have "
       "been switched"},
      {other.cert_pem(), "nonsense", "tls: failed to find any PEM data in key input"},
      {other.cert_pem(), other.cert_pem(), "tls: found a certificate rather than a key in the PEM for the private key"},
      {other.cert_pem(), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
       "tls: failed to parse private key"},
      {other.cert_pem(), identity.key_pem(), "tls: private key does not match public key"},
  };
  for (const Case& c : cases) {
    auto tls = trust(identity);
    tls->cert_pem = c.cert;
    tls->key_pem = Secret(c.key);
    CHECK(get(url(server, "here"), tls) == "unable to use the client certificate and key: " + c.expected);
  }
  CHECK(server.handshakes() == 0);
}

TEST_CASE("a TLS connection is used again, with what is large both ways, handshakes on a lane", "[net]") {
  const Identity identity("IP:127.0.0.1", 3600);
  test::Imposter imposter;
  const std::string answer(3U << 20U, 'a'), body(1U << 20U, 'b');
  imposter.when("POST", "/large", test::Imposter::answer(200, answer));
  const TlsImposter server(identity, {.forward_to = imposter.port()});
  test::TestLoop loop;
  HttpClientOptions client_options;
  client_options.work = &loop.work();
  const auto client = make_http_client(loop, client_options);
  SendOptions options;
  options.tls = trust(identity);
  HttpRequest request("POST", server.url("/large"));
  request.body = body;
  for (int i = 0; i < 3; ++i) {
    const auto response = loop.pump(client->send(request, options));
    REQUIRE(response);
    CHECK(response->body.view() == answer);
    CHECK(imposter.requests().back().body == body);
  }
  CHECK(server.handshakes() == 1);
  // Other options are another connection, equal texts or not: a certificate that was rotated is used at once.
  options.tls = trust(identity);
  CHECK(loop.pump(client->send(request, options))->status == 200);
  CHECK(server.handshakes() == 2);
}

TEST_CASE("many handshakes run on real lanes at once", "[net]") {
  const Identity identity("IP:127.0.0.1", 3600);
  const TlsImposter server(identity);
  test::RuntimeThread thread(2);
  auto client = thread.call([&] {
    HttpClientOptions options;
    options.work = &thread.runtime().work();
    return make_http_client(thread.loop(), options);
  });
  SendOptions options;
  options.tls = trust(identity);
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      const auto response =
          thread.run<Result<HttpResponse>>([&] { return client->send(HttpRequest("GET", server.url("/")), options); });
      return response && response->body.view() == "secure -";
    }));
  }
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(server.handshakes() == 20);
  thread.call([&client] { client.reset(); });
}

TEST_CASE("a TLS stream that is cut off without an end is not taken for whole", "[net]") {
  const Identity identity("IP:127.0.0.1", 3600);
  test::Imposter imposter;
  imposter.when("GET", "*", test::Imposter::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  const TlsImposter server(identity, {.forward_to = imposter.port()});
  CHECK(get(server.url("/"), trust(identity)) == "unexpected EOF");
}

TEST_CASE("a server without TLS is told apart", "[net]") {
  std::uint16_t port = 0;
  const int listener = test::listen_on_loopback(port);
  test::TestLoop loop;
  const auto client = make_http_client(loop, {});
  auto sent = loop.start(client->send(HttpRequest("GET", fmt::format("https://127.0.0.1:{}/", port)), {}));
  loop.run_ready();
  test::RawSocket plain(test::RawSocket::Accepted{::accept(listener, nullptr, nullptr)});
  plain.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  loop.pump_until([&] { return sent.done(); });
  CHECK(sent.get().error().message == "http: server gave HTTP response to HTTPS client");
  ::close(listener);
}

TEST_CASE("a handshake that does not go on ends at the deadline", "[net]") {
  std::uint16_t port = 0;
  const int listener = test::listen_on_loopback(port);
  test::TestLoop loop;
  const auto client = make_http_client(loop, {});
  auto sent = loop.start(client->send(HttpRequest("GET", fmt::format("https://127.0.0.1:{}/", port)), {}));
  loop.run_ready();
  loop.advance(10s);
  loop.pump_until([&] { return sent.done(); });
  CHECK(sent.get().error().message == "context deadline exceeded");
  ::close(listener);
}

}  // namespace tocsin::net
