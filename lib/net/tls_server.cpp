#include "net/tls_server.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/tls_server_context.hpp"

namespace tocsin::net {
namespace {

struct CipherName {
  std::string_view go;
  const char* openssl;  // nullptr: of TLS 1.3, always on
};

/// In Go's order of preference.
constexpr CipherName kCiphers[] = {
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_AES_128_GCM_SHA256", nullptr},
    {"TLS_AES_256_GCM_SHA384", nullptr},
    {"TLS_CHACHA20_POLY1305_SHA256", nullptr},
};

struct CurveName {
  std::string_view go;
  const char* openssl;
};

constexpr CurveName kCurves[] = {
    {"X25519", "X25519"}, {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}};

template <typename T, auto Release>
struct Freed {
  void operator()(T* thing) const { Release(thing); }
};
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;

Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// All certificates of the text, without what stands between them.
std::vector<Certificate> read_certificates(const std::string& pem) {
  std::vector<Certificate> found;
  const Bio bio = bio_of(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) found.emplace_back(one);
  ERR_clear_error();
  return found;
}

Result<void> use_certificate(SSL_CTX* context, const TlsServerOptions& options) {
  const std::vector<Certificate> chain = read_certificates(options.cert_pem);
  if (chain.empty()) return fail(Errc::kInvalid, "tls: failed to find any PEM data in certificate input");
  const Bio bio = bio_of(options.key_pem.reveal());
  // No password: an encrypted key cannot be used by a process that starts alone.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) return fail(Errc::kInvalid, "tls: failed to find any PEM data in key input");
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return fail(Errc::kInvalid, "tls: the certificate cannot be used: {}", ERR_reason_error_string(ERR_get_error()));
  }
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail(Errc::kInvalid, "tls: private key does not match public key");
  }
  return {};
}

Result<void> use_client_cas(SSL_CTX* context, const std::string& pem) {
  if (pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  const std::vector<Certificate> cas = read_certificates(pem);
  if (cas.empty()) return fail(Errc::kInvalid, "no certificate found in the client CA");
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Certificate& ca : cas) {
    X509_STORE_add_cert(store, ca.get());
    SSL_CTX_add_client_CA(context, ca.get());
  }
  // As in Go, what is in the pool is trusted, whether it signed itself or not.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

void use_ciphers(SSL_CTX* context, const TlsServerOptions& options) {
  std::string list;
  for (const CipherName& cipher : kCiphers) {
    if (options.cipher_suites.empty() && cipher.openssl != nullptr) list += std::string(":") + cipher.openssl;
  }
  for (const std::string& wanted : options.cipher_suites) {
    const auto* found = std::ranges::find(kCiphers, wanted, &CipherName::go);
    if (found != std::end(kCiphers) && found->openssl != nullptr) list += std::string(":") + found->openssl;
  }
  if (list.empty()) {  // only suites of TLS 1.3
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    return;
  }
  // The older versions sign with SHA-1, which the default level forbids; who asks for them gets them.
  if (options.min_version < TLS1_2_VERSION) list += ":@SECLEVEL=0";
  SSL_CTX_set_cipher_list(context, list.c_str() + 1);
}

void use_curves(SSL_CTX* context, const TlsServerOptions& options) {
  std::string list;
  for (const CurveName& curve : kCurves) {
    if (options.curves.empty()) list += std::string(":") + curve.openssl;
  }
  for (const std::string& wanted : options.curves) {
    const auto* found = std::ranges::find(kCurves, wanted, &CurveName::go);
    if (found != std::end(kCurves)) list += std::string(":") + found->openssl;
  }
  if (!list.empty()) SSL_CTX_set1_groups_list(context, list.c_str() + 1);
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof(kHttp11) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int verify_client(X509_STORE_CTX* certificate, void* context) {
  return static_cast<const TlsServerContext*>(context)->accepts(certificate) ? 1 : 0;
}

void use_client_auth(const TlsServerContext& tls, ClientAuth client_auth) {
  int mode = SSL_VERIFY_NONE;
  if (client_auth != ClientAuth::kNone) mode = SSL_VERIFY_PEER;
  if (client_auth == ClientAuth::kRequireAny || client_auth == ClientAuth::kRequireAndVerify) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(tls.get(), mode, nullptr);
  SSL_CTX_set_cert_verify_callback(tls.get(), verify_client, const_cast<TlsServerContext*>(&tls));
}

std::string_view view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string ip_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() == 4) inet_ntop(AF_INET, bytes.data(), text, sizeof(text));
  if (bytes.size() == 16) inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

std::string san_text(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return std::string(view(name.d.dNSName));
    case GEN_EMAIL:
      return std::string(view(name.d.rfc822Name));
    case GEN_URI:
      return std::string(view(name.d.uniformResourceIdentifier));
    case GEN_IPADD:
      return ip_text(view(name.d.iPAddress));
    default:
      return {};
  }
}

bool has_san(X509* certificate, std::span<const std::string> allowed) {
  using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES, GENERAL_NAMES_free>>;
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string text = san_text(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty() && std::ranges::find(allowed, text) != allowed.end()) return true;
  }
  return false;
}

}  // namespace

bool is_cipher_suite(std::string_view name) {
  return std::ranges::find(kCiphers, name, &CipherName::go) != std::end(kCiphers);
}

bool is_curve(std::string_view name) {
  return std::ranges::find(kCurves, name, &CurveName::go) != std::end(kCurves);
}

bool TlsServerContext::accepts(X509_STORE_CTX* certificate) const {
  const bool verify = client_auth_ == ClientAuth::kVerifyIfGiven || client_auth_ == ClientAuth::kRequireAndVerify;
  if (verify && X509_verify_cert(certificate) != 1) return false;
  if (!verify) X509_STORE_CTX_set_error(certificate, X509_V_OK);
  if (!allowed_sans_ || has_san(X509_STORE_CTX_get0_cert(certificate), *allowed_sans_)) return true;
  X509_STORE_CTX_set_error(certificate, X509_V_ERR_CERT_REJECTED);  // the alert is bad_certificate, as Go's
  return false;
}

Result<std::shared_ptr<const TlsServerContext>> make_tls_server_context(const TlsServerOptions& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return fail(Errc::kInternal, "tls: out of memory");
  auto tls = std::make_shared<TlsServerContext>(context, options);
  SSL_CTX_set_min_proto_version(context, options.min_version);
  SSL_CTX_set_max_proto_version(context, options.max_version);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  if (options.prefer_server_cipher_suites) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An idle connection keeps no record buffers; writes may be taken in parts and from moved memory.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets are enough, and cost no memory
  static constexpr unsigned char kSessionContext[] = "tocsin";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  TOCSIN_OK(use_certificate(context, options));
  if (options.client_auth != ClientAuth::kNone) TOCSIN_OK(use_client_cas(context, options.client_ca_pem));
  use_client_auth(*tls, options.client_auth);
  use_ciphers(context, options);
  use_curves(context, options);
  return tls;
}

}  // namespace tocsin::net
