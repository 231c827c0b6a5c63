#pragma once
// A TLS server on loopback by plain OpenSSL, with certificates made on the spot.

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tocsin::test {

template <auto F>
struct OpensslFree {
  template <typename T>
  void operator()(T* thing) const {
    F(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;

/// A key pair and a certificate signed by itself. `names` as in a configuration file: "DNS:here,IP:127.0.0.1".
struct Identity {
  Identity(const std::string& names, int valid_for_seconds);
  std::string cert_pem() const;
  std::string key_pem() const;
  Key key;
  Certificate cert;
};

/// Serves one connection after the other: a handshake, a request, "secure" and the name that the client asked for.
/// With `client_ca`, the client must show a certificate that it signed.
class TlsImposter {
 public:
  explicit TlsImposter(const Identity& identity, const Identity* client_ca = nullptr);
  ~TlsImposter();
  TlsImposter(const TlsImposter&) = delete;
  TlsImposter& operator=(const TlsImposter&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  void accept();
  void serve(int fd);
  std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tocsin::test
