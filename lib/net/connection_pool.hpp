#pragma once
// Connections that wait for their next request.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/connection.hpp"

namespace tocsin::net {

/// Thread: the loop's. Owned by a shared_ptr: the timer that ends idle connections holds it weakly.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  ConnectionPool(Loop& loop, std::size_t max_idle_per_key, Duration idle_timeout)
      : loop_(loop), max_idle_per_key_(max_idle_per_key), idle_timeout_(idle_timeout) {}

  /// The connection used last that is still good, or nullptr.
  std::unique_ptr<Connection> take(const std::string& key);
  /// Keeps it, or closes the one that has waited longest if there are too many.
  void put(const std::string& key, std::unique_ptr<Connection> connection);
  std::size_t size() const;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    MonoTime until;
  };
  void sweep();
  void schedule_sweep();

  Loop& loop_;
  const std::size_t max_idle_per_key_;
  const Duration idle_timeout_;
  std::map<std::string, std::vector<Idle>> idle_;  // longest waiting first
  bool sweep_scheduled_ = false;
};

}  // namespace tocsin::net
