#include "notify/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.hpp"

namespace tocsin::notify {

namespace {

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT: OpenSSL's idea of bytes
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT
}

}  // namespace

std::string md5(std::string_view text) {
  std::string out(16, '\0');
  if (EVP_Digest(text.data(), text.size(), bytes_of(out), nullptr, EVP_md5(), nullptr) != 1) return {};
  return out;
}

std::string sha256(std::string_view text) {
  std::string out(32, '\0');
  check(EVP_Digest(text.data(), text.size(), bytes_of(out), nullptr, EVP_sha256(), nullptr) == 1,
        "BUG: SHA-256 is not there");
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string out(32, '\0');
  unsigned int size = 0;
  check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), bytes_of(out),
             &size) != nullptr,
        "BUG: HMAC is not there");
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

std::string group_key_hash(std::string_view group_key) {
  return hex(sha256(group_key));
}

}  // namespace tocsin::notify
