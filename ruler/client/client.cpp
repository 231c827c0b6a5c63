#include "client/client.hpp"

#include <utility>

#include "config/authorization.hpp"

namespace tocsin::client {
namespace {

class ConfiguredClient final : public net::HttpClient {
 public:
  ConfiguredClient(config::HttpClientConfig config, Services services)
      : config_(std::move(config)), services_(std::move(services)) {}

  net::Task<Result<net::HttpResponse>> send(net::HttpRequest request, net::SendOptions options) override {
    complete(request, options);
    return services_.client.send(std::move(request), std::move(options));
  }

  net::Task<Result<net::HttpResponse>> stream(net::HttpRequest request, net::SendOptions options, Sink sink) override {
    complete(request, options);
    return services_.client.stream(std::move(request), std::move(options), std::move(sink));
  }

 private:
  void complete(net::HttpRequest& request, net::SendOptions& options) const {
    const std::string authorization = config::authorization_field(config_);
    if (!authorization.empty() && !request.headers.has("Authorization")) {
      request.headers.set("Authorization", authorization);
    }
    options.follow_redirects = config_.follow_redirects;
  }

  const config::HttpClientConfig config_;
  const Services services_;
};

}  // namespace

std::shared_ptr<net::HttpClient> make_client(config::HttpClientConfig config, Services services) {
  return std::make_shared<ConfiguredClient>(std::move(config), std::move(services));
}

}  // namespace tocsin::client
