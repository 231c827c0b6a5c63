#pragma once
// A TCP server on loopback for protocols in which the client speaks first. It shares no code with lib/net.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_socket.hpp"

namespace tocsin::test {

/// Thread: the test's; each connection has one of its own.
class TalkImposter {
 public:
  struct Reaction {
    std::string send;
    bool close = false;  // after that
  };
  /// Takes what it understands off the front of `received`, and says what happens. Called one at a time.
  using Handler = std::function<Reaction(std::string& received)>;

  explicit TalkImposter(Handler handler) : handler_(std::move(handler)) {
    listener_ = listen_on_loopback(port_);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~TalkImposter() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    drop_connections();
    for (std::thread& server : servers_) server.join();
  }
  TalkImposter(const TalkImposter&) = delete;
  TalkImposter& operator=(const TalkImposter&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  /// Ends all connections; new ones are served.
  void drop_connections() {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  /// Waits until no connection is open.
  void wait_until_closed() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_.empty(); });
  }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      ++connections_;
      open_.push_back(fd);
      servers_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string received;
    char chunk[4096];
    for (bool open = true; open;) {
      const ssize_t size = ::recv(fd, chunk, sizeof chunk, 0);
      if (size <= 0) break;
      received.append(chunk, static_cast<std::size_t>(size));
      Reaction reaction;
      {
        const std::lock_guard lock(handling_);
        reaction = handler_(received);
      }
      open = ::send(fd, reaction.send.data(), reaction.send.size(), MSG_NOSIGNAL) >= 0 && !reaction.close;
    }
    const std::lock_guard lock(mutex_);
    open_.remove(fd);
    ::close(fd);
    changed_.notify_all();
  }

  const Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex handling_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::size_t connections_ = 0;
  std::list<int> open_;
  std::thread acceptor_;
  std::vector<std::thread> servers_;
};

}  // namespace tocsin::test
