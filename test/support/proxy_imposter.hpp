#pragma once
// A proxy on loopback that opens tunnels for CONNECT, whatever host is asked for, and remembers what it was asked.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/raw_socket.hpp"

namespace tocsin::test {

/// Every tunnel leads to the same port of loopback. Plain requests are an Imposter's business. Thread: the test's.
class ProxyImposter {
 public:
  /// @param answer  to CONNECT; anything but a 200 ends the connection after it.
  explicit ProxyImposter(std::uint16_t tunnel_to, std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n");
  ~ProxyImposter();
  ProxyImposter(const ProxyImposter&) = delete;
  ProxyImposter& operator=(const ProxyImposter&) = delete;

  std::uint16_t port() const { return port_; }
  /// In the order of their coming.
  std::vector<RawRequest> requests() const;

 private:
  void accept();
  void serve(int fd);
  const std::uint16_t tunnel_to_;
  const std::string answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<RawRequest> requests_;
  std::thread acceptor_;
  std::vector<std::thread> servers_;  // the acceptor's
};

}  // namespace tocsin::test
