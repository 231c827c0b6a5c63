#include "net/tls_pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/openssl_ptr.hpp"

namespace tocsin::net {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";

CertificatePtr first_certificate(std::string_view pem) {
  const BioPtr bio = bio_over(pem);
  CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

/// No password: a key that wants one does not parse.
int no_password(char*, int, int, void*) {
  return -1;
}

bool has_block(std::string_view pem, std::string_view type) {
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    const std::string_view name = pem.substr(at + kBegin.size(), pem.find("-----", at + kBegin.size()) - at);
    if (name.substr(0, name.find("-----")).ends_with(type)) return true;
  }
  return false;
}

}  // namespace

bool has_certificate(std::string_view pem) {
  const BioPtr bio = bio_over(pem);
  // A broken block is skipped as long as more follow.
  for (std::size_t blocks = 0; blocks <= pem.size() / kBegin.size(); ++blocks) {
    const CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate) return true;
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (at_end) return false;
  }
  return false;
}

Result<void> check_key_pair(std::string_view cert_pem, std::string_view key_pem) {
  if (cert_pem.find(kBegin) == std::string_view::npos) {
    return fail(Errc::kInvalid, "tls: failed to find any PEM data in certificate input");
  }
  if (!has_block(cert_pem, "CERTIFICATE")) {
    if (has_block(cert_pem, "PRIVATE KEY")) {
      return fail(Errc::kInvalid,
                  "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM "
                  "inputs may have been switched");
    }
    return fail(Errc::kInvalid, "tls: failed to find \"CERTIFICATE\" PEM block in certificate input");
  }
  if (key_pem.find(kBegin) == std::string_view::npos) {
    return fail(Errc::kInvalid, "tls: failed to find any PEM data in key input");
  }
  if (!has_block(key_pem, "PRIVATE KEY")) {
    if (has_block(key_pem, "CERTIFICATE")) {
      return fail(Errc::kInvalid, "tls: found a certificate rather than a key in the PEM for the private key");
    }
    return fail(Errc::kInvalid, "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input");
  }
  const CertificatePtr certificate = first_certificate(cert_pem);
  if (!certificate) return fail(Errc::kInvalid, "x509: malformed certificate");
  const BioPtr bio = bio_over(key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) return fail(Errc::kInvalid, "tls: failed to parse private key");
  const bool matches = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!matches) return fail(Errc::kInvalid, "tls: private key does not match public key");
  return {};
}

}  // namespace tocsin::net
