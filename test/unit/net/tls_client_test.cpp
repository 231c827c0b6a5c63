// The client over TLS, against plain OpenSSL.

#include <array>

#include <catch2/catch.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/runtime.hpp"
#include "support/raw_socket.hpp"
#include "support/test_loop.hpp"
#include "tls_imposter.hpp"

namespace tocsin::test {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

}  // namespace

Identity::Identity(const std::string& names, int valid_for_seconds) : key(EVP_EC_gen("P-256")), cert(X509_new()) {
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), valid_for_seconds);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* name = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("imposter"), -1, -1, 0);
  X509_set_issuer_name(cert.get(), name);
  X509_EXTENSION* alternatives = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(cert.get(), alternatives, -1);
  X509_EXTENSION_free(alternatives);
  X509_sign(cert.get(), key.get(), EVP_sha256());
}

std::string Identity::cert_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert.get());
  return text_of(bio.get());
}

std::string Identity::key_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

TlsImposter::TlsImposter(const Identity& identity, const Identity* client_ca)
    : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_use_certificate(context_.get(), identity.cert.get());
  SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  if (client_ca != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), client_ca->cert.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  listener_ = listen_on_loopback(port_);
  thread_ = std::thread([this] { accept(); });
}

TlsImposter::~TlsImposter() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void TlsImposter::accept() {
  for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
    serve(fd);
    ::close(fd);
  }
}

void TlsImposter::serve(int fd) {
  const std::unique_ptr<SSL, OpensslFree<SSL_free>> tls(SSL_new(context_.get()));
  SSL_set_fd(tls.get(), fd);
  if (SSL_accept(tls.get()) != 1) {
    ERR_clear_error();
    return;
  }
  std::array<char, 4096> request{};
  if (SSL_read(tls.get(), request.data(), request.size()) <= 0) return;
  const char* name = SSL_get_servername(tls.get(), TLSEXT_NAMETYPE_host_name);
  const std::string body = std::string("secure ") + (name != nullptr ? name : "-");
  const std::string answer =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
  SSL_shutdown(tls.get());
}

}  // namespace tocsin::test

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
        "tls: failed to verify certificate: x509: certificate is not valid for there");
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
  CHECK(get(url(server, "here"), trust(identity)) ==
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid");
}

TEST_CASE("TLS shows our certificate if the server wants one", "[net]") {
  const Identity identity("DNS:here", 3600), ours("DNS:us", 3600);
  const TlsImposter server(identity, &ours);
  auto tls = trust(identity);
  // With TLS 1.3 the refusal may come with the handshake's end, or in place of the answer.
  CHECK(get(url(server, "here"), tls).find("secure") == std::string::npos);
  auto shown = trust(identity);
  shown->cert_pem = ours.cert_pem();
  shown->key_pem = Secret(ours.key_pem());
  CHECK(get(url(server, "here"), shown) == "secure here");
}

TEST_CASE("certificates that do not parse are an error before anything is sent", "[net]") {
  const Identity identity("DNS:here", 3600);
  const TlsImposter server(identity);
  auto ca = std::make_shared<TlsOptions>();
  ca->ca_pem = "nonsense";
  CHECK(get(url(server, "here"), ca).starts_with("unable to use the CA certificates: "));
  auto cert = trust(identity);
  cert->cert_pem = "nonsense";
  CHECK(get(url(server, "here"), cert).starts_with("unable to use the client certificate: "));
  auto key = trust(identity);
  key->cert_pem = identity.cert_pem();
  key->key_pem = Secret("nonsense");
  CHECK(get(url(server, "here"), key).starts_with("unable to use the client key: "));
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
  CHECK(sent.get().error().message == "tls: first record does not look like a TLS handshake");
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
