#include "web/bcrypt.hpp"

#include <charconv>
#include <memory>

#include <crypt.h>
#include <openssl/crypto.h>

namespace tocsin::web {
namespace {

constexpr std::size_t kMinHashSize = 59;
constexpr int kMinCost = 4, kMaxCost = 31;

/// Where the cost's two digits begin: behind "$2$" or "$2a$", "$2b$", "$2y$".
std::size_t cost_begins(std::string_view hash) {
  return hash[2] == '$' ? 3 : 4;
}

}  // namespace

Result<void> check_bcrypt_hash(std::string_view hash) {
  if (hash.size() < kMinHashSize) {
    return fail(Errc::kInvalid, "crypto/bcrypt: hashedSecret too short to be a bcrypted password");
  }
  if (hash[0] != '$') {
    return fail(Errc::kInvalid, "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '{}'",
                hash[0]);
  }
  if (hash[1] > '2') {
    return fail(Errc::kInvalid,
                "crypto/bcrypt: bcrypt algorithm version '{}' requested is newer than current version '2'", hash[1]);
  }
  const std::string_view digits = hash.substr(cost_begins(hash), 2);
  int cost = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), cost);
  if (bad != std::errc() || end != digits.data() + digits.size()) {
    return fail(Errc::kInvalid, "strconv.Atoi: parsing \"{}\": invalid syntax", digits);
  }
  if (cost < kMinCost || cost > kMaxCost) {
    return fail(Errc::kInvalid, "crypto/bcrypt: cost {} is outside allowed inclusive range {}..{}", cost, kMinCost,
                kMaxCost);
  }
  return {};
}

int bcrypt_cost(std::string_view hash) {
  const std::string_view digits = hash.substr(cost_begins(hash), 2);
  return (digits[0] - '0') * 10 + (digits[1] - '0');
}

bool bcrypt_matches(const std::string& hash, const std::string& password) {
  // The minor versions differ in defects of old programs only; Go computes all of them alike.
  const std::string normal = "$2b$" + hash.substr(cost_begins(hash));
  const auto scratch = std::make_unique<crypt_data>();  // 32 KiB, too large for a stack
  const char* computed = ::crypt_r(password.c_str(), normal.c_str(), scratch.get());
  if (computed == nullptr) return false;
  const std::string_view got(computed);
  const bool same = got.size() == normal.size() && CRYPTO_memcmp(got.data(), normal.data(), got.size()) == 0;
  OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
  return same && password.find('\0') == std::string::npos;
}

std::string bcrypt_decoy(int cost) {
  // The rest is not the outcome of any computation: what matches it would be an accident of 184 bits.
  return fmt::format("$2b${:02}$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK", cost);
}

}  // namespace tocsin::web
