#include "support/tls_imposter.hpp"

#include <array>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_socket.hpp"
#include "support/relay.hpp"

namespace tocsin::test {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

}  // namespace

Identity::Identity(const std::string& names, int valid_for_seconds, const Identity* issuer)
    : key(EVP_EC_gen("P-256")), cert(X509_new()) {
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), issuer != nullptr ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), valid_for_seconds < 0 ? 2L * valid_for_seconds : -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), valid_for_seconds);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* name = X509_get_subject_name(cert.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>(issuer != nullptr ? "leaf" : "imposter");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(cert.get(), issuer != nullptr ? X509_get_subject_name(issuer->cert.get()) : name);
  const auto extend = [this](int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(cert.get(), extension, -1);
    X509_EXTENSION_free(extension);
  };
  if (!names.empty()) extend(NID_subject_alt_name, names.c_str());
  if (issuer == nullptr) extend(NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(cert.get(), issuer != nullptr ? issuer->key.get() : key.get(), EVP_sha256());
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

TlsImposter::TlsImposter(const Identity& identity, TlsImposterOptions options)
    : options_(options), context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (options.min_version < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_use_certificate(context_.get(), identity.cert.get());
  SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  if (options.client_ca != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), options.client_ca->cert.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept(); });
}

TlsImposter::~TlsImposter() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
}

std::string TlsImposter::url(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void TlsImposter::accept() {
  for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    servers_.emplace_back([this, fd] {
      serve(fd);
      ::close(fd);
    });
  }
  for (std::thread& server : servers_) server.join();
}

void TlsImposter::serve(int fd) {
  // A client that does not go on must not hold up the end of the test.
  const timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  const std::unique_ptr<SSL, OpensslFree<SSL_free>> tls(SSL_new(context_.get()));
  SSL_set_fd(tls.get(), fd);
  if (SSL_accept(tls.get()) != 1) {
    ERR_clear_error();
    return;
  }
  ++handshakes_;
  if (options_.forward_to != 0) {
    forward(tls.get(), fd);
  } else {
    answer(tls.get());
  }
  ERR_clear_error();
}

void TlsImposter::answer(SSL* tls) {
  std::array<char, 4096> request{};
  if (SSL_read(tls, request.data(), request.size()) <= 0) return;
  const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
  const std::string body = std::string("secure ") + (name != nullptr ? name : "-");
  const std::string answer =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
  SSL_shutdown(tls);
}

void TlsImposter::forward(SSL* tls, int fd) {
  const int plain = connect_to_loopback(options_.forward_to);
  std::array<char, 16384> bytes{};
  std::array<pollfd, 2> ends{pollfd{fd, POLLIN, 0}, pollfd{plain, POLLIN, 0}};
  while (!stopping_) {
    if (SSL_pending(tls) == 0) ::poll(ends.data(), ends.size(), 20);
    if (SSL_pending(tls) > 0 || ends[0].revents != 0) {
      const int got = SSL_read(tls, bytes.data(), bytes.size());
      if (got <= 0 || !send_all(plain, {bytes.data(), static_cast<std::size_t>(got)})) break;
    }
    if (ends[1].revents != 0) {
      const ssize_t got = ::recv(plain, bytes.data(), bytes.size(), 0);
      if (got <= 0 || SSL_write(tls, bytes.data(), static_cast<int>(got)) <= 0) break;
    }
    ends[0].revents = ends[1].revents = 0;
  }
  SSL_shutdown(tls);
  ::close(plain);
}

}  // namespace tocsin::test
