#pragma once
// Password hashes of the web configuration. libcrypt computes them; only bcrypt.cpp sees it.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::web {

/// Is this a bcrypt hash? Texts as golang.org/x/crypto/bcrypt's Cost().
Result<void> check_bcrypt_hash(std::string_view hash);

/// The cost of a good hash: 2^cost rounds, 45 ms of CPU for 10.
int bcrypt_cost(std::string_view hash);

/// Whether the password has this hash. Costs the same whether it has or not; a NUL within it matches nothing.
/// Thread: any, never the loop's.
bool bcrypt_matches(const std::string& hash, const std::string& password);

/// A hash that no password is known for, as slow as others of that cost: for names that do not exist.
std::string bcrypt_decoy(int cost);

}  // namespace tocsin::web
