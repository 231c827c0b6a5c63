// TLS on the listening side, against plain OpenSSL clients.

#include "net/tls_server.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.hpp"
#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/runtime_thread.hpp"
#include "support/tls_imposter.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::RawSocket;

struct ClientOptions {
  const Identity* certificate = nullptr;
  int max_version = 0;
  std::string ciphers, groups, protocols;
};

/// A blocking TLS client. Every wait ends after 10 s.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const ClientOptions& options) : context_(SSL_CTX_new(TLS_client_method())) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
    if (options.certificate != nullptr) {
      SSL_CTX_use_certificate(context_.get(), options.certificate->cert.get());
      SSL_CTX_use_PrivateKey(context_.get(), options.certificate->key.get());
    }
    if (options.max_version != 0) SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    if (!options.ciphers.empty()) REQUIRE(SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str()) == 1);
    if (!options.groups.empty()) REQUIRE(SSL_CTX_set1_groups_list(context_.get(), options.groups.c_str()) == 1);
    if (!options.protocols.empty()) {
      const auto* list = reinterpret_cast<const unsigned char*>(options.protocols.data());
      SSL_CTX_set_alpn_protos(context_.get(), list, static_cast<unsigned>(options.protocols.size()));
    }
    tls_.reset(SSL_new(context_.get()));
    SSL_set_fd(tls_.get(), fd_);
  }
  ~TlsClient() { ::close(fd_); }

  /// "" if the server let us in and answered, else the alert: with TLS 1.3 a refusal comes with the first read.
  std::string get(std::string_view target) {
    ERR_clear_error();
    if (SSL_connect(tls_.get()) != 1) return reason();
    const std::string request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    SSL_write(tls_.get(), request.data(), static_cast<int>(request.size()));
    char piece[16384];
    for (int got = 0; (got = SSL_read(tls_.get(), piece, sizeof(piece))) > 0;) {
      answer.append(piece, static_cast<std::size_t>(got));
    }
    clean_end = SSL_get_shutdown(tls_.get()) == SSL_RECEIVED_SHUTDOWN;
    return answer.empty() ? reason() : "";
  }
  std::string cipher() const { return SSL_get_cipher_name(tls_.get()); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  }

  std::string answer;
  bool clean_end = false;

 private:
  static std::string reason() {
    const char* text = ERR_reason_error_string(ERR_get_error());
    return text != nullptr ? text : "closed";
  }
  std::unique_ptr<SSL_CTX, test::OpensslFree<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, test::OpensslFree<SSL_free>> tls_;
  int fd_ = -1;
};

const Identity& server_identity() {
  static const Identity identity("DNS:localhost,IP:127.0.0.1", 3600);
  return identity;
}

TlsServerOptions tls_options() {
  TlsServerOptions options;
  options.cert_pem = server_identity().cert_pem();
  options.key_pem = Secret(server_identity().key_pem());
  return options;
}

const auto kPage = std::make_shared<const std::string>(3'000'000, 'x');

Task<HttpResponse> answer(HttpRequest request) {
  if (request.path() == "/page") co_return HttpResponse(200, "text/plain", kPage);
  HttpResponse response(200, "hello");
  if (request.path() == "/stream") {
    response.stream = [](std::shared_ptr<BodyWriter> out) -> Task<void> {
      for (int i = 0; i < 100; ++i) co_await out->write(std::to_string(i) + "\n");
    };
  }
  co_return response;
}

class Server {
 public:
  explicit Server(const TlsServerOptions& tls, HttpServerOptions options = {}, bool on_lane = true) {
    log::set_sink([](log::Level, std::string_view) {});
    set(tls);
    options.listen_address = "127.0.0.1:0";
    if (on_lane) options.work = &thread_.runtime().work();
    options.tls = [this] { return current(); };
    server_ = thread_.call([&] { return make_http_server(thread_.loop(), options, answer).value(); });
  }
  ~Server() {
    thread_.call([this] { server_.reset(); });
    thread_.stop();
    log::set_sink(nullptr);
  }
  void set(const TlsServerOptions& tls) {
    auto made = make_tls_server_context(tls);
    REQUIRE(made.has_value());
    thread_.call([&] { context_ = *made; });
  }
  std::uint16_t port() const { return server_->port(); }
  HttpServerStats stats() {
    return thread_.call([this] { return server_->stats(); });
  }
  std::string try_get(const ClientOptions& options) {
    TlsClient client(port(), options);
    return client.get("/");
  }

 private:
  Task<std::shared_ptr<const TlsServerContext>> current() { co_return context_; }
  test::RuntimeThread thread_;
  std::shared_ptr<const TlsServerContext> context_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

TEST_CASE("an HTTPS server answers over TLS 1.3 and 1.2, small and large, whole and in pieces", "[net]") {
  Server server(tls_options(), {}, GENERATE(true, false));
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient small(server.port(), {.max_version = version});
    CHECK(small.get("/") == "");
    CHECK(small.answer.ends_with("\r\n\r\nhello"));
    CHECK(small.clean_end);
    TlsClient large(server.port(), {.max_version = version});
    CHECK(large.get("/page") == "");
    CHECK(large.answer.ends_with(*kPage));
    TlsClient stream(server.port(), {.max_version = version});
    CHECK(stream.get("/stream") == "");
    CHECK(stream.answer.ends_with("3\r\n99\n\r\n0\r\n\r\n"));
  }
  CHECK(server.stats().tls_handshake_failures == 0);
}

TEST_CASE("the server speaks http/1.1 to who asks for protocols, and to nobody who knows only others", "[net]") {
  Server server(tls_options());
  TlsClient both(server.port(), {.protocols = "\x02h2\x08http/1.1"});
  CHECK(both.get("/") == "");
  CHECK(both.protocol() == "http/1.1");
  CHECK(server.try_get({.protocols = "\x02h2"}) == "tlsv1 alert no application protocol");
}

TEST_CASE("versions, ciphers and curves are those that the options allow", "[net]") {
  TlsServerOptions options = tls_options();
  options.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  options.curves = {"CurveP521"};
  Server server(options);
  CHECK(server.try_get({.max_version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}) != "");
  TlsClient client(server.port(), {.max_version = TLS1_2_VERSION,
                                   .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"});
  CHECK(client.get("/") == "");
  CHECK(client.cipher() == "ECDHE-ECDSA-AES256-GCM-SHA384");  // the server's order
  CHECK(server.try_get({.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}) ==
        "sslv3 alert handshake failure");
  CHECK(server.try_get({.groups = "P-521"}) == "");
  CHECK(server.try_get({.groups = "P-384"}) == "sslv3 alert handshake failure");

  options.prefer_server_cipher_suites = false;
  server.set(options);
  TlsClient chooses(server.port(), {.max_version = TLS1_2_VERSION,
                                    .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"});
  CHECK(chooses.get("/") == "");
  CHECK(chooses.cipher() == "ECDHE-ECDSA-AES128-GCM-SHA256");

  options.max_version = 0x0303;
  server.set(options);
  // In TLS 1.2 the client must know the curve of the certificate too.
  TlsClient old(server.port(), {.groups = "P-521:P-256"});
  CHECK(old.get("/") == "");
  CHECK(old.cipher() == "ECDHE-ECDSA-AES256-GCM-SHA384");
  options.min_version = 0x0301;
  options.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"};
  server.set(options);
  CHECK(server.try_get({.max_version = TLS1_VERSION, .ciphers = "ALL:@SECLEVEL=0", .groups = "P-521:P-256"}) == "");
}

TEST_CASE("client certificates are asked for, demanded and verified as the policy says", "[net]") {
  const Identity known("DNS:client.example,IP:192.0.2.7,email:ops@example.org,URI:spiffe://a/b", 3600);
  const Identity stranger("DNS:client.example", 3600);
  const std::string kNone = "tlsv13 alert certificate required", kUnknown = "tlsv1 alert unknown ca";
  struct Case {
    ClientAuth policy;
    std::string without, with_stranger;
  };
  const Case cases[] = {
      {ClientAuth::kNone, "", ""},
      {ClientAuth::kRequest, "", ""},
      {ClientAuth::kRequireAny, kNone, ""},
      {ClientAuth::kVerifyIfGiven, "", kUnknown},
      {ClientAuth::kRequireAndVerify, kNone, kUnknown},
  };
  TlsServerOptions options = tls_options();
  options.client_ca_pem = known.cert_pem();
  Server server(options);
  for (const Case& c : cases) {
    CAPTURE(static_cast<int>(c.policy));
    options.client_auth = c.policy;
    server.set(options);
    CHECK(server.try_get({}) == c.without);
    CHECK(server.try_get({.certificate = &stranger}) == c.with_stranger);
    CHECK(server.try_get({.certificate = &known}) == "");
    CHECK(server.try_get({.certificate = &known, .max_version = TLS1_2_VERSION}) == "");
  }
  for (const char* san : {"client.example", "192.0.2.7", "ops@example.org", "spiffe://a/b"}) {
    options.client_allowed_sans = {"other", san};
    server.set(options);
    CHECK(server.try_get({.certificate = &known}) == "");
  }
  options.client_allowed_sans = {"client", "example"};
  server.set(options);
  CHECK(server.try_get({.certificate = &known}) == "sslv3 alert bad certificate");
  options.client_auth = ClientAuth::kRequireAny;
  options.client_allowed_sans = {"client.example"};
  server.set(options);
  CHECK(server.try_get({.certificate = &stranger}) == "");
  CHECK(server.stats().tls_handshake_failures > 0);
}

TEST_CASE("HTTP to an HTTPS port is told so, in Go's words", "[net]") {
  Server server(tls_options());
  for (const char* request : {"GET / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\n\r\n",
                              "PUT / HTTP/1.1\r\n\r\n", "OPTIONS / HTTP/1.1\r\n\r\n"}) {
    RawSocket socket(server.port());
    socket.send(request);
    CHECK(socket.read_to_end() == "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
    CHECK_FALSE(socket.was_reset());
  }
  RawSocket junk(server.port());
  junk.send("\x01\x02\x03\x04\x05\x06");
  CHECK(junk.read_to_end().find("HTTP") == std::string::npos);
  CHECK(server.try_get({}) == "");
}

TEST_CASE("a handshake that never ends is over after its timeout, and a server goes in the middle of one", "[net]") {
  HttpServerOptions options;
  options.handshake_timeout = 50ms;
  auto server = std::make_unique<Server>(tls_options(), options);
  RawSocket silent(server->port()), half(server->port());
  half.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  CHECK(silent.read_to_end().empty());
  CHECK(half.read_to_end().empty());
  CHECK(server->stats().timeouts == 2);
  RawSocket last(server->port());
  server.reset();
  CHECK(last.read_to_end().empty());
}

TEST_CASE("certificates and keys that are none are refused in Go's words", "[net]") {
  const auto error_of = [](TlsServerOptions options) {
    const auto made = make_tls_server_context(options);
    return made ? std::string() : made.error().message;
  };
  TlsServerOptions options = tls_options();
  CHECK(error_of(options).empty());
  options.cert_pem = "junk";
  CHECK(error_of(options) == "tls: failed to find any PEM data in certificate input");
  options = tls_options();
  options.key_pem = Secret("junk");
  CHECK(error_of(options) == "tls: failed to find any PEM data in key input");
  options.key_pem = Secret(Identity("DNS:a", 60).key_pem());
  CHECK(error_of(options) == "tls: private key does not match public key");
}

}  // namespace tocsin::net
