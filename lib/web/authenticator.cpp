#include "web/authenticator.hpp"

#include <algorithm>

#include <openssl/evp.h>
#include <sys/random.h>

#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/strings.hpp"
#include "web/bcrypt.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kRemembered = 100;      // of each kind, as the toolkit
constexpr std::size_t kMaxWaiting = 64;       // three seconds of work at cost 10
constexpr std::size_t kMaxWaitingByPeer = 8;  // of them from one address

/// A decoy of the highest cost among the users: a name that does not exist is not the quick one.
std::string decoy_for(const Users& users) {
  int cost = 0;
  for (const auto& [name, hash] : users) cost = std::max(cost, bcrypt_cost(hash.reveal()));
  return bcrypt_decoy(cost);
}

void append_part(std::string& out, std::string_view part) {
  out += fmt::format("{}:", part.size());
  out += part;
}

}  // namespace

std::optional<Credentials> parse_basic_auth(std::string_view authorization) {
  static constexpr std::string_view kPrefix = "Basic ";
  if (!equal_ignoring_case(authorization.substr(0, kPrefix.size()), kPrefix)) return std::nullopt;
  const auto decoded = base64_decode(authorization.substr(kPrefix.size()));
  if (!decoded) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

Authenticator::Authenticator(net::TaskLoop& loop, WorkPool& work) : loop_(loop), work_(work) {
  // Not the seam's Rng: this is a secret, which no test must know. Of the kernel, not of OpenSSL, whose first use costs
  // two megabytes, also where nobody signs in.
  tocsin::check(::getentropy(secret_.data(), secret_.size()) == 0, "no randomness for the password cache");
}

void Authenticator::Memory::add(std::string digest) {
  if (!digests.insert(digest).second) return;
  order.push_back(std::move(digest));
  if (order.size() <= kRemembered) return;
  digests.erase(order.front());
  order.pop_front();
}

std::string Authenticator::digest_of(std::string_view user, std::string_view hash, std::string_view password) const {
  std::string text(reinterpret_cast<const char*>(secret_.data()), secret_.size());
  append_part(text, user);
  append_part(text, hash);
  append_part(text, password);
  std::string digest(32, '\0');
  tocsin::check(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                           EVP_sha256(), nullptr) == 1,
                "BUG: SHA-256 failed");
  return digest;
}

net::Task<Authenticator::Verdict> Authenticator::check(std::shared_ptr<const WebConfig> config,
                                                       std::string authorization, std::string peer, std::string* name) {
  auto given = parse_basic_auth(authorization);
  if (!given) {
    ++stats_.refused;
    co_return Verdict::kUnknown;
  }
  const auto user = config->users.find(given->user);
  const bool exists = user != config->users.end();
  std::string hash = exists ? user->second.reveal() : decoy_for(config->users);
  std::string digest = digest_of(given->user, hash, given->password);
  bool good = good_.digests.contains(digest);
  if (!good && !bad_.digests.contains(digest)) {
    // Who is turned away leaves no entry behind: there may be very many addresses.
    const auto from_peer = waiting_by_peer_.find(peer);
    const bool peer_is_busy = from_peer != waiting_by_peer_.end() && from_peer->second >= kMaxWaitingByPeer;
    if (waiting_ >= kMaxWaiting || peer_is_busy) {
      ++stats_.busy;
      co_return Verdict::kBusy;
    }
    ++waiting_;
    ++waiting_by_peer_[peer];
    good = co_await compute(std::move(hash), std::move(given->password), std::move(digest), exists);
    --waiting_;
    if (--waiting_by_peer_[peer] == 0) waiting_by_peer_.erase(peer);
  }
  if (!good) {
    ++stats_.refused;
    co_return Verdict::kUnknown;
  }
  *name = std::move(given->user);
  co_return Verdict::kWelcome;
}

net::Task<bool> Authenticator::compute(std::string hash, std::string password, std::string digest, bool exists) {
  co_await one_at_a_time_.enter();
  // Somebody with the same credentials may have been before us: a page opens many requests at once.
  if (good_.digests.contains(digest) || bad_.digests.contains(digest)) {
    one_at_a_time_.leave();
    co_return good_.digests.contains(digest);
  }
  std::function<bool()> job = [hash = std::move(hash), password = std::move(password)] {
    return bcrypt_matches(hash, password);
  };
  const bool matches = co_await net::run_on(loop_, work_.lane(Lane::kQuery), std::move(job));
  ++stats_.hashes;
  const bool good = matches && exists;
  (good ? good_ : bad_).add(std::move(digest));
  one_at_a_time_.leave();
  co_return good;
}

AuthStats Authenticator::stats() const {
  AuthStats stats = stats_;
  stats.waiting = waiting_;
  return stats;
}

}  // namespace tocsin::web
