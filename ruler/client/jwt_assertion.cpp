#include "client/jwt_assertion.hpp"

#include <memory>

#include <boost/json.hpp>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/base64.hpp"
#include "net/openssl_ptr.hpp"

namespace tocsin::client {
namespace {

constexpr std::int64_t kValidSeconds = 600;

std::string base64_raw_url(std::string_view bytes) {
  std::string out = base64_url_encode(bytes);
  while (out.ends_with('=')) out.pop_back();
  return out;
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm == "RS384") return EVP_sha384();
  return algorithm == "RS512" ? EVP_sha512() : EVP_sha256();
}

/// No password: a key that wants one does not parse.
int no_password(char*, int, int, void*) {
  return -1;
}

/// RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
Result<std::string> sign(std::string_view text, std::string_view key_pem, std::string_view algorithm) {
  const net::BioPtr bio = net::bio_over(key_pem);
  const net::KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) return fail(Errc::kInvalid, "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(Errc::kInvalid, "key is not a valid RSA private key");
  const std::unique_ptr<EVP_MD_CTX, net::OpensslFree<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  std::string signature;
  bool done = EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  if (done) {
    signature.resize(size);
    done = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                          text.size()) == 1;
    signature.resize(size);
  }
  ERR_clear_error();
  if (!done) return fail(Errc::kInvalid, "the key cannot sign");
  return signature;
}

}  // namespace

Result<std::string> sign_assertion(const config::OAuth2Config& config, std::string_view private_key_pem, Timestamp now,
                                   std::string_view id) {
  const std::string algorithm = config.signature_algorithm.empty() ? "RS256" : config.signature_algorithm;
  boost::json::object header{{"alg", algorithm}, {"typ", "JWT"}};
  if (!config.client_certificate_key_id.empty()) header["kid"] = config.client_certificate_key_id;
  boost::json::object claims;
  claims["iss"] = config.issuer.empty() ? config.client_id : config.issuer;
  claims["sub"] = config.client_id;
  claims["jti"] = id;
  claims["aud"] = config.audience.empty() ? config.token_url : config.audience;
  claims["iat"] = now / 1000;
  claims["exp"] = now / 1000 + kValidSeconds;
  if (!config.scopes.empty()) claims["scope"] = fmt::format("{}", fmt::join(config.scopes, " "));
  for (const auto& [name, json] : config.claims) {
    boost::json::error_code bad;
    boost::json::value value = boost::json::parse(json, bad);
    if (bad) return fail(Errc::kInvalid, "the claim {} is no JSON", name);
    claims[name] = std::move(value);
  }
  std::string text =
      base64_raw_url(boost::json::serialize(header)) + "." + base64_raw_url(boost::json::serialize(claims));
  TOCSIN_TRY(const std::string signature, sign(text, private_key_pem, algorithm));
  return text + "." + base64_raw_url(signature);
}

}  // namespace tocsin::client
