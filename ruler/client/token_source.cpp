#include "client/token_source.hpp"

#include "base/strings.hpp"
#include "client/jwt_assertion.hpp"

namespace tocsin::client {
namespace {

constexpr Duration kFetchTimeout = std::chrono::seconds(30);
constexpr std::size_t kMaxAnswerBytes = 1U << 20U;
constexpr Duration kMargin = std::chrono::seconds(10);  // oauth2's: a token that ends sooner is not used any more

config::HttpClientConfig endpoint_config(const config::OAuth2Config& config) {
  config::HttpClientConfig out;
  out.tls = config.tls;
  out.proxy = config.proxy;
  return out;
}

}  // namespace

TokenSource::TokenSource(config::OAuth2Config config, Services services)
    : config_(std::move(config)), services_(services), client_(make_client(endpoint_config(config_), services)) {}

bool TokenSource::is_usable() const {
  return !authorization_.empty() && services_.loop.clock().mono() < usable_until_;
}

void TokenSource::discard(const std::string& authorization) {
  if (authorization == authorization_) authorization_.clear();
}

net::Task<Result<std::string>> TokenSource::authorization(std::shared_ptr<TokenSource> self, std::string credential,
                                                          std::string user_agent, MonoTime deadline) {
  if (credential != self->credential_) {
    self->authorization_.clear();
    self->under_way_.reset();
    self->credential_ = credential;
  }
  if (self->is_usable()) co_return self->authorization_;
  std::shared_ptr<Fetch> awaited = self->under_way_;
  if (!awaited) {
    awaited = self->under_way_ = std::make_shared<Fetch>();
    self->services_.loop.spawn("fetch an OAuth 2.0 token",
                               fetch(self, awaited, std::move(credential), std::move(user_agent)));
  }
  // It may have ended within spawn().
  if (!awaited->outcome && !co_await awaited->waiters.wait(self->services_.loop, deadline)) {
    co_return fail(Errc::kTimeout, "context deadline exceeded");
  }
  co_return *awaited->outcome;
}

net::Task<void> TokenSource::fetch(std::shared_ptr<TokenSource> self, std::shared_ptr<Fetch> mine,
                                   std::string credential, std::string user_agent) {
  const Result<Token> token = co_await ask(self, std::move(credential), std::move(user_agent));
  const bool is_wanted = self->under_way_ == mine;  // no other credential came meanwhile
  if (is_wanted) self->under_way_.reset();
  if (!token) {
    mine->outcome = fail(token.error());
  } else {
    mine->outcome = token->authorization;
    if (is_wanted) {
      self->authorization_ = token->authorization;
      self->usable_until_ =
          token->lifetime ? self->services_.loop.clock().mono() + *token->lifetime - kMargin : MonoTime::max();
    }
  }
  mine->waiters.wake();
}

net::Task<Result<Token>> TokenSource::ask(std::shared_ptr<TokenSource> self, std::string credential,
                                          std::string user_agent) {
  const config::OAuth2Config& config = self->config_;
  if (config.grant_type == kJwtBearerGrant) {
    std::function<Result<std::string>()> job = [self, credential, now = self->services_.loop.clock().now(),
                                                id = self->rng_.uuid()] {
      return sign_assertion(self->config_, credential, now, id);
    };
    const Result<std::string> assertion =
        co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(job));
    if (!assertion) co_return fail(assertion.error());
    TOCSIN_CO_TRY(net::HttpRequest request, assertion_request(config, *assertion));
    co_return co_await exchange(self, std::move(request), std::move(user_agent));
  }
  const ClientAuth first = self->auth_.value_or(ClientAuth::kHeader);
  TOCSIN_CO_TRY(net::HttpRequest request, credentials_request(config, credential, first));
  Result<Token> token = co_await exchange(self, std::move(request), user_agent);
  if (!token && !self->auth_) {  // whatever was wrong: the endpoint may want it the other way
    TOCSIN_CO_TRY(net::HttpRequest other, credentials_request(config, credential, ClientAuth::kForm));
    token = co_await exchange(self, std::move(other), std::move(user_agent));
    if (token) self->auth_ = ClientAuth::kForm;
  } else if (token) {
    self->auth_ = first;
  }
  co_return token;
}

net::Task<Result<Token>> TokenSource::exchange(std::shared_ptr<TokenSource> self, net::HttpRequest request,
                                               std::string user_agent) {
  if (!user_agent.empty()) request.headers.set("User-Agent", user_agent);
  net::SendOptions options;
  options.timeout = kFetchTimeout;
  options.max_body_bytes = kMaxAnswerBytes;
  const Result<net::HttpResponse> response = co_await self->client_->send(std::move(request), std::move(options));
  if (!response) {
    co_return fail(response.error().code, "oauth2: cannot fetch token: Post {}: {}", go_quote(self->config_.token_url),
                   response.error().message);
  }
  co_return read_token(*response);
}

}  // namespace tocsin::client
