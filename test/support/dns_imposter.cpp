#include "support/dns_imposter.hpp"

#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_socket.hpp"

namespace tocsin::test {
namespace {

/// A UDP socket on the port, or -1 if somebody has it.
int bind_udp(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

DnsImposter::DnsImposter() {
  for (int tries = 0; udp_ < 0; ++tries) {
    if (tries == 100) throw std::runtime_error("no port for a DNS server");
    if (tcp_ >= 0) ::close(tcp_);
    tcp_ = listen_on_loopback(port_);
    udp_ = bind_udp(port_);
  }
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

DnsImposter::~DnsImposter() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const int fd : {udp_, tcp_, wake_}) ::close(fd);
}

std::string DnsImposter::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void DnsImposter::when(const std::string& name, std::uint16_t type, Reply reply) {
  const std::lock_guard lock(mutex_);
  replies_[{name, type}] = std::move(reply);
}

std::vector<dns::Question> DnsImposter::questions() const {
  const std::lock_guard lock(mutex_);
  return questions_;
}

DnsImposter::Reply DnsImposter::take(const dns::Question& question) {
  const std::lock_guard lock(mutex_);
  questions_.push_back(question);
  const auto found = replies_.find({question.name, question.type});
  return found == replies_.end() ? Reply{.rcode = dns::kNxDomain, .records = {}, .raw = {}} : found->second;
}

void DnsImposter::serve() {
  for (;;) {
    std::array<pollfd, 3> waiting{{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {wake_, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[2].revents != 0) return;
    if (waiting[0].revents != 0) serve_udp();
    if (waiting[1].revents != 0) serve_tcp();
  }
}

void DnsImposter::serve_udp() {
  std::array<char, 4096> buffer{};
  sockaddr_in from{};
  socklen_t from_size = sizeof from;
  const ssize_t size =
      ::recvfrom(udp_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_size);
  if (size <= 0) return;
  const std::string_view message(buffer.data(), static_cast<std::size_t>(size));
  const dns::Question question = dns::read_question(message);
  const Reply reply = take(question);
  if (reply.silent) return;
  std::string answer = dns::encode_answer(question, reply.rcode, reply.records, false);
  if (answer.size() > question.udp_size) answer = dns::encode_answer(question, reply.rcode, {}, true);
  if (!reply.raw.empty()) answer = std::string(message.substr(0, 2)) + reply.raw;
  ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), from_size);
}

/// One question, one answer.
void DnsImposter::serve_tcp() {
  const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  RawSocket socket(RawSocket::Accepted{fd});
  const std::string size = socket.read_exactly(2);
  const auto bytes = static_cast<std::size_t>(static_cast<unsigned char>(size[0])) << 8U |
                     static_cast<std::size_t>(static_cast<unsigned char>(size[1]));
  dns::Question question = dns::read_question(socket.read_exactly(bytes));
  question.by_tcp = true;
  const Reply reply = take(question);
  if (reply.refuse_tcp) return;
  const std::string answer = dns::encode_answer(question, reply.rcode, reply.records, false);
  const std::string prefix{static_cast<char>(answer.size() >> 8U), static_cast<char>(answer.size() & 0xffU)};
  socket.send(prefix + answer);
}

}  // namespace tocsin::test
