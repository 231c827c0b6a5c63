#pragma once
// A TLS server on loopback by plain OpenSSL, with certificates made on the spot.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/openssl_ptr.hpp"

namespace tocsin::test {

using net::OpensslFree;
using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;

/// A key pair and a certificate signed by itself or another. `names` as in a configuration file:
/// "DNS:here,IP:127.0.0.1"; "" for none.
struct Identity {
  Identity(const std::string& names, int valid_for_seconds, const Identity* issuer = nullptr);
  std::string cert_pem() const;
  std::string key_pem() const;
  Key key;
  Certificate cert;
};

struct TlsImposterOptions {
  const Identity* client_ca = nullptr;  // the client must show a certificate that it signed
  int min_version = TLS1_2_VERSION, max_version = 0;
  std::uint16_t forward_to = 0;  // a port of loopback that gets what comes in, e.g. of an Imposter; 0: see below
};

/// Serves many connections: a handshake, then what `forward_to` makes of the bytes; without it, one request is answered
/// with "secure" and the name that the client asked for.
class TlsImposter {
 public:
  explicit TlsImposter(const Identity& identity, TlsImposterOptions options = {});
  ~TlsImposter();
  TlsImposter(const TlsImposter&) = delete;
  TlsImposter& operator=(const TlsImposter&) = delete;
  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path) const;
  std::size_t handshakes() const { return handshakes_; }

 private:
  void accept();
  void serve(int fd);
  void answer(SSL* tls);
  void forward(SSL* tls, int fd);
  TlsImposterOptions options_;
  std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> handshakes_{0};
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  std::vector<std::thread> servers_;  // the acceptor's
};

}  // namespace tocsin::test
