#pragma once
// From where a request goes to a connection that it can be written to: sockets, proxies, TLS.

#include <map>
#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/proxy.hpp"
#include "net/resolver.hpp"
#include "net/tls_context.hpp"

namespace tocsin::net {

/// The way of one hop.
struct Way {
  Url url;
  std::shared_ptr<const TlsOptions> tls;
  std::shared_ptr<const ProxyRules> rules;  // owns `proxy`
  const Proxy* proxy = nullptr;             // nullptr: none
  std::string unix_socket;

  /// The proxy gets the request itself, not a tunnel.
  bool is_forwarded() const { return proxy != nullptr && !url.tls; }
  /// Equal for ways that may share a connection. May hold secrets.
  std::string key() const;
};

/// Thread: the loop's. Its tasks must not outlive it.
class Connector {
 public:
  /// @param lane  for the arithmetic of TLS; nullptr: on the loop.
  Connector(TaskLoop& loop, std::shared_ptr<Resolver> resolver, Executor* lane, std::string user_agent)
      : loop_(loop), resolver_(std::move(resolver)), lane_(lane), user_agent_(std::move(user_agent)) {}

  /// Errors as of dial(), start_tls(); of a proxy "proxyconnect tcp: dial tcp ...", and what it answers to CONNECT:
  /// "Proxy Authentication Required".
  Task<Result<std::unique_ptr<Connection>>> connect(Way way, MonoTime deadline);
  /// TLS over a connection that has been made: of connect(), and after a protocol's STARTTLS. Errors as of start_tls().
  Task<Result<std::unique_ptr<Connection>>> secure(std::unique_ptr<Connection> under,
                                                   std::shared_ptr<const TlsOptions> options, std::string host,
                                                   MonoTime deadline);

 private:
  using Connected = Result<std::unique_ptr<Connection>>;
  Task<Connected> reach(const Way* way, MonoTime deadline);
  Task<Result<std::shared_ptr<const TlsContext>>> context_of(std::shared_ptr<const TlsOptions> options);

  TaskLoop& loop_;
  const std::shared_ptr<Resolver> resolver_;
  Executor* const lane_;
  const std::string user_agent_;
  std::map<std::shared_ptr<const TlsOptions>, std::shared_ptr<const TlsContext>> contexts_;
};

}  // namespace tocsin::net
