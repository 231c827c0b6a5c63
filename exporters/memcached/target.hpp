#pragma once
// One memcached server, and the connection that is kept to it.

#include <memory>
#include <optional>
#include <string>

#include "client/material_source.hpp"
#include "exporters/collector/credential.hpp"
#include "exporters/collector/server_stream.hpp"
#include "exporters/collector/source.hpp"
#include "exporters/memcached/stats.hpp"
#include "net/connector.hpp"

namespace tocsin::exporters::memcached {

/// "host:port", "host", or the path of a socket.
struct Address {
  std::string host;
  std::uint16_t port = 11211;
  std::string unix_socket;
  std::string text() const;
};
Result<Address> parse_address(std::string_view text);

struct Options {
  std::optional<config::TlsConfig> tls;  // nothing: plain
  std::string user;                      // of a server with an auth file (-Y)
  std::optional<Credential> password;

  /// Takes its keys; those that are not there keep what they have.
  Result<void> read(yaml::Fields& fields);
};

/// What the targets of a source share.
struct Shared {
  explicit Shared(const Services& lent);
  const Services services;
  net::Connector connector;
};

/// Thread: the loop's; owned by shared_ptr.
class MemcachedTarget final : public Target, public std::enable_shared_from_this<MemcachedTarget> {
 public:
  MemcachedTarget(std::shared_ptr<Shared> shared, Address address, std::shared_ptr<const Options> options);
  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override;

 private:
  using Connected = Result<std::shared_ptr<ServerStream>>;
  net::Task<Connected> connect(MonoTime deadline);
  net::Task<Result<void>> authenticate(std::shared_ptr<ServerStream> stream, MonoTime deadline);
  net::Task<Result<std::string>> ask(MonoTime deadline);
  static net::Task<Result<std::string>> ask_on(std::shared_ptr<ServerStream> stream, MonoTime deadline);
  static Result<void> put(expo::Page& page, std::string_view bytes);

  const std::shared_ptr<Shared> shared_;
  const Address address_;
  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<client::MaterialSource> material_;
  std::shared_ptr<ServerStream> stream_;  // kept while all went well
};

}  // namespace tocsin::exporters::memcached
