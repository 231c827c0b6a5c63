#include "support/relay.hpp"

#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tocsin::test {

int connect_to_loopback(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    throw std::runtime_error("relay: nobody listens on the port");
  }
  return fd;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

void relay(int a, int b, const std::atomic<bool>& stopping) {
  std::array<char, 16384> bytes{};
  while (!stopping) {
    std::array<pollfd, 2> ends{pollfd{a, POLLIN, 0}, pollfd{b, POLLIN, 0}};
    ::poll(ends.data(), ends.size(), 20);
    for (std::size_t from = 0; from < ends.size(); ++from) {
      if (ends[from].revents == 0) continue;
      const ssize_t got = ::recv(ends[from].fd, bytes.data(), bytes.size(), 0);
      if (got <= 0 || !send_all(ends[1 - from].fd, {bytes.data(), static_cast<std::size_t>(got)})) return;
    }
  }
}

}  // namespace tocsin::test
