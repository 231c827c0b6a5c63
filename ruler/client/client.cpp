#include "client/client.hpp"

#include <algorithm>
#include <utility>

#include "client/material_source.hpp"
#include "client/proxy_rules.hpp"
#include "client/token_source.hpp"

namespace tocsin::client {
namespace {

using Sent = Result<net::HttpResponse>;
using Sink = net::HttpClient::Sink;

std::shared_ptr<const std::vector<std::string>> header_names(const config::HttpClientConfig& config) {
  if (config.http_headers.empty()) return nullptr;
  auto names = std::make_shared<std::vector<std::string>>();
  for (const config::HttpHeaderConfig& header : config.http_headers) names->push_back(header.name);
  return names;
}

/// What the sends of a client have in common; each send holds it. Thread: the loop's.
struct Core {
  Core(config::HttpClientConfig c, Services s)
      : config(std::make_shared<const config::HttpClientConfig>(std::move(c))),
        services(std::move(s)),
        proxy(proxy_rules(config->proxy, services.environment)),
        secret_fields(header_names(*config)),
        source(std::make_shared<MaterialSource>(config, services)) {
    if (config->oauth2) tokens = std::make_shared<TokenSource>(*config->oauth2, services);
  }

  void add_to(net::HttpRequest& request, const Material& material, const std::string& authorization) const {
    if (!authorization.empty() && !request.headers.has("Authorization")) {
      request.headers.add("Authorization", authorization);
    }
    for (const auto& [name, value] : material.headers) request.headers.add(name, value);
  }
  void add_to(net::SendOptions& options, const Material& material) const {
    options.tls = material.tls;
    options.proxy = *proxy;
    options.secret_fields = secret_fields;
    options.follow_redirects = config->follow_redirects;
  }
  net::Task<Sent> pass_on(net::HttpRequest request, net::SendOptions options, Sink sink) const {
    if (!sink) return services.client.send(std::move(request), std::move(options));
    return services.client.stream(std::move(request), std::move(options), std::move(sink));
  }

  const std::shared_ptr<const config::HttpClientConfig> config;
  const Services services;
  const Result<std::shared_ptr<const net::ProxyRules>> proxy;
  const std::shared_ptr<const std::vector<std::string>> secret_fields;
  const std::shared_ptr<MaterialSource> source;
  std::shared_ptr<TokenSource> tokens;  // nullptr without oauth2
};

net::Task<Sent> refuse(Error error) {
  co_return fail(std::move(error));
}

/// With a token; once more with a new one if the server takes the old one no more.
net::Task<Sent> send_with_token(std::shared_ptr<const Core> core, std::shared_ptr<const Material> material,
                                net::HttpRequest request, net::SendOptions options, Sink sink, MonoTime deadline) {
  Loop& loop = core->services.loop;
  const std::string user_agent(request.headers.get("User-Agent"));
  for (int attempt = 0;; ++attempt) {
    auto token = co_await TokenSource::authorization(core->tokens, material->oauth2_credential, user_agent, deadline);
    if (!token) co_return fail(std::move(token).error());
    options.timeout = std::max(deadline - loop.clock().mono(), Duration(1));
    net::HttpRequest with_token = request;
    core->add_to(with_token, *material, *token);
    Sent response = co_await core->pass_on(std::move(with_token), options, sink);
    if (!response || response->status != 401 || attempt > 0) co_return response;
    core->tokens->discard(*token);
  }
}

/// With files, a token, or both: what must be waited for.
net::Task<Sent> prepare_and_send(std::shared_ptr<const Core> core, net::HttpRequest request, net::SendOptions options,
                                 Sink sink) {
  Loop& loop = core->services.loop;
  const MonoTime deadline = loop.clock().mono() + options.timeout;
  auto made = co_await MaterialSource::look(core->source, deadline);
  if (!made) co_return fail(std::move(made).error());
  const std::shared_ptr<const Material> material = std::move(*made);
  core->add_to(options, *material);
  if (core->tokens && !request.headers.has("Authorization")) {
    co_return co_await send_with_token(core, material, std::move(request), std::move(options), std::move(sink),
                                       deadline);
  }
  options.timeout = std::max(deadline - loop.clock().mono(), Duration(1));
  core->add_to(request, *material, material->authorization);
  co_return co_await core->pass_on(std::move(request), std::move(options), std::move(sink));
}

class ConfiguredClient final : public net::HttpClient {
 public:
  explicit ConfiguredClient(std::shared_ptr<const Core> core) : core_(std::move(core)) {}

  net::Task<Sent> send(net::HttpRequest request, net::SendOptions options) override {
    return start(std::move(request), std::move(options), nullptr);
  }
  net::Task<Sent> stream(net::HttpRequest request, net::SendOptions options, Sink sink) override {
    return start(std::move(request), std::move(options), std::move(sink));
  }

 private:
  net::Task<Sent> start(net::HttpRequest request, net::SendOptions options, Sink sink) const {
    if (!core_->proxy) return refuse(core_->proxy.error());
    if (!core_->source->is_fixed() || core_->tokens) {
      return prepare_and_send(core_, std::move(request), std::move(options), std::move(sink));
    }
    // Nothing to wait for: the request costs no task of ours.
    const MaterialSource::Made& made = core_->source->now();
    if (!made) return refuse(made.error());
    core_->add_to(request, **made, (*made)->authorization);
    core_->add_to(options, **made);
    return core_->pass_on(std::move(request), std::move(options), std::move(sink));
  }

  const std::shared_ptr<const Core> core_;
};

}  // namespace

std::shared_ptr<net::HttpClient> make_client(config::HttpClientConfig config, Services services) {
  return std::make_shared<ConfiguredClient>(std::make_shared<const Core>(std::move(config), std::move(services)));
}

}  // namespace tocsin::client
