#pragma once
// The token of an oauth2 section: fetched when it is needed, kept until shortly before its end.

#include <memory>
#include <optional>
#include <string>

#include "base/rng.hpp"
#include "client/client.hpp"
#include "client/oauth2_request.hpp"
#include "net/waiters.hpp"

namespace tocsin::client {

/// All requests that lack a token share one fetch. Thread: the loop's; owned by a shared_ptr.
class TokenSource : public std::enable_shared_from_this<TokenSource> {
 public:
  TokenSource(config::OAuth2Config config, Services services);

  /// The Authorization field's value. `credential` is the client secret or private key of now: another one asks for
  /// another token. Errors: those of read_token() and of the sending; kTimeout at the deadline.
  static net::Task<Result<std::string>> authorization(std::shared_ptr<TokenSource> self, std::string credential,
                                                      std::string user_agent, MonoTime deadline);
  /// The server did not take it: the next one asks anew.
  void discard(const std::string& authorization);

 private:
  struct Fetch {
    std::optional<Result<std::string>> outcome;
    net::Waiters waiters;
  };
  static net::Task<void> fetch(std::shared_ptr<TokenSource> self, std::shared_ptr<Fetch> mine, std::string credential,
                               std::string user_agent);
  static net::Task<Result<Token>> ask(std::shared_ptr<TokenSource> self, std::string credential,
                                      std::string user_agent);
  static net::Task<Result<Token>> exchange(std::shared_ptr<TokenSource> self, net::HttpRequest request,
                                           std::string user_agent);
  bool is_usable() const;

  const config::OAuth2Config config_;
  const Services services_;
  const std::shared_ptr<net::HttpClient> client_;  // with the endpoint's own TLS and proxy
  Rng rng_ = Rng::from_system();
  std::optional<ClientAuth> auth_;  // how the endpoint wants it, once known
  std::string credential_;          // that the token was given for
  std::string authorization_;       // "" for no token
  MonoTime usable_until_{};
  std::shared_ptr<Fetch> under_way_;
};

}  // namespace tocsin::client
