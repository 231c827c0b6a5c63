#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_pem.hpp"
#include "net/tls_verify.hpp"

namespace tocsin::net {
namespace {

void trust_all_of(SSL_CTX* context, std::string_view pem) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  const BioPtr bio = bio_over(pem);
  for (;;) {
    const CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    const bool at_end = !certificate && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (at_end) return;
    if (certificate) X509_STORE_add_cert(store, certificate.get());
  }
}

void show_certificates(SSL_CTX* context, const TlsOptions& options) {
  const BioPtr certificates = bio_over(options.cert_pem);
  const CertificatePtr ours(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context, ours.get());
  while (CertificatePtr issuer{PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, issuer.get()) == 1) static_cast<void>(issuer.release());
  }
  const BioPtr key_text = bio_over(options.key_pem.reveal());
  const KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_PrivateKey(context, key.get());
  ERR_clear_error();
}

Result<void> load_certificates(SSL_CTX* context, const TlsOptions& options) {
  if (options.ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    ERR_clear_error();
  } else {
    if (!has_certificate(options.ca_pem)) {
      return fail(Errc::kInvalid, "unable to use the CA certificates: there is none in the text");
    }
    trust_all_of(context, options.ca_pem);
  }
  if (options.cert_pem.empty() && options.key_pem.empty()) return {};
  if (auto pair = check_key_pair(options.cert_pem, options.key_pem.reveal()); !pair) {
    return fail(std::move(pair).error().wrap("unable to use the client certificate and key"));
  }
  show_certificates(context, options);
  return {};
}

void allow_versions(SSL_CTX* context, const TlsOptions& options) {
  const int lowest = options.min_version == 0 ? TLS1_2_VERSION : options.min_version;
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, options.max_version);
  // OpenSSL's level 2 refuses keys that Go takes; TLS before 1.2 works at level 0 alone.
  SSL_CTX_set_security_level(context, lowest < TLS1_2_VERSION ? 0 : 1);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> make_tls_context(std::shared_ptr<const TlsOptions> options) {
  static const TlsOptions kDefaults;
  const TlsOptions& said = options ? *options : kDefaults;
  auto tls = std::make_shared<TlsContext>();
  tls->context.reset(SSL_CTX_new(TLS_client_method()));
  if (!tls->context) return fail(Errc::kInternal, "OpenSSL makes no context");
  SSL_CTX* context = tls->context.get();
  tls->server_name = said.server_name;
  tls->verify = !said.insecure_skip_verify;
  allow_versions(context, said);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kHttp11, sizeof(kHttp11) - 1);
  verify_as_go(context);
  TOCSIN_OK(load_certificates(context, said));
  tls->options = std::move(options);
  return tls;
}

}  // namespace tocsin::net
