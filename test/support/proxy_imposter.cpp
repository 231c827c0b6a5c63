#include "support/proxy_imposter.hpp"

#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

#include "support/relay.hpp"

namespace tocsin::test {

ProxyImposter::ProxyImposter(std::uint16_t tunnel_to, std::string answer)
    : tunnel_to_(tunnel_to), answer_(std::move(answer)) {
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept(); });
}

ProxyImposter::~ProxyImposter() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
}

std::vector<RawRequest> ProxyImposter::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ProxyImposter::accept() {
  for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    servers_.emplace_back([this, fd] { serve(fd); });
  }
  for (std::thread& server : servers_) server.join();
}

void ProxyImposter::serve(int fd) {
  RawSocket client(RawSocket::Accepted{fd});
  try {
    RawRequest request = read_request(client);
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  } catch (const std::exception&) {
    return;  // no HTTP: the test sees it by what it asked
  }
  client.send(answer_);
  if (answer_.find(" 200 ") == std::string::npos) return;
  const int server = connect_to_loopback(tunnel_to_);
  relay(fd, server, stopping_);
  ::close(server);
}

}  // namespace tocsin::test
