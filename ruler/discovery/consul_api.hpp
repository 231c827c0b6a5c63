#pragma once
// Questions to a Consul agent, some of which wait for a change. Source: github.com/hashicorp/consul/api (api.go), as
// Prometheus uses it.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/environment.hpp"
#include "discovery/discoverer.hpp"

namespace tocsin::discovery::consul {

using Params = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  net::Body body;
  std::uint64_t index = 0;  // of X-Consul-Index
};

/// Thread: the loop's.
class Api {
 public:
  /// kInvalid for a server with a scheme that is none. CONSUL_HTTP_TOKEN, CONSUL_NAMESPACE and CONSUL_PARTITION stand
  /// in for what the configuration does not say.
  static Result<std::shared_ptr<Api>> make(const config::ConsulSdConfig& config, const Services& services,
                                           const config::Environment& environment);

  /// Asks at once. Any status but 200 is an error.
  static net::Task<Result<Answer>> ask(std::shared_ptr<Api> self, std::string path, Params params);
  /// Asks with the options of the configuration, and waits at the server, at most two minutes, until its index is
  /// another than `index` (0: does not wait). An answer without an index is an error.
  static net::Task<Result<Answer>> watch(std::shared_ptr<Api> self, std::string path, Params params,
                                         std::uint64_t index);

 private:
  Api(const config::ConsulSdConfig& config, const Services& services, const config::Environment& environment);
  Result<void> take_server(const config::ConsulSdConfig& config);

  std::shared_ptr<net::HttpClient> client_;
  std::string base_;         // scheme, address and prefix
  std::string unix_socket_;  // instead of the address
  Secret token_;
  Params always_;    // of each question
  Params of_watch_;  // of those that wait
};

}  // namespace tocsin::discovery::consul
