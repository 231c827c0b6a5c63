#pragma once
// The OpenSSL context of a server. Only tls_server*.cpp see it.

#include <memory>

#include <openssl/ssl.h>

#include "net/tls_server.hpp"

namespace tocsin::net {

class TlsServerContext {
 public:
  TlsServerContext(SSL_CTX* context, const TlsServerOptions& options)
      : context_(context), client_auth_(options.client_auth), allowed_sans_(options.client_allowed_sans) {}

  /// For SSL_new(), which counts the reference itself.
  SSL_CTX* get() const { return context_.get(); }
  /// Called by OpenSSL with the client's certificate: is it one that may come in? Thread: of the handshake.
  bool accepts(X509_STORE_CTX* certificate) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  const ClientAuth client_auth_;
  const std::optional<std::vector<std::string>> allowed_sans_;
};

}  // namespace tocsin::net
