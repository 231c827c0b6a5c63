#pragma once
// Names to addresses: a seam, because getaddrinfo() blocks and a test has no name server.

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/task.hpp"

namespace tocsin::net {

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Addresses as text, best first, at least one. kNotFound ("lookup nohost: no such host"), kIo, kTimeout after
  /// `deadline`. Thread: the loop's. The task may outlive the resolver and then fails or is destroyed.
  virtual Task<Result<std::vector<std::string>>> lookup(std::string host, MonoTime deadline) = 0;
};

/// The system's resolver (files, DNS, whatever nsswitch.conf says), on its own few threads: a name whose server is
/// silent holds up neither the loop nor, until there are four of them, other names. Askers for one name share one
/// look-up.
std::unique_ptr<Resolver> make_system_resolver(TaskLoop& loop);

}  // namespace tocsin::net
