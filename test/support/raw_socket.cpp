#include "support/raw_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tocsin::test {
namespace {

constexpr int kPatienceMs = 10'000;

[[noreturn]] void fail_test(const std::string& what) {
  throw std::runtime_error("RawSocket: " + what);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string read_chunks(RawSocket& socket) {
  std::string body;
  for (;;) {
    const std::size_t size = std::stoul(socket.read_until("\r\n"), nullptr, 16);
    body += socket.read_exactly(size);
    socket.read_exactly(2);
    if (size == 0) return body;
  }
}

void read_head(RawSocket& socket, RawMessage& message) {
  message.head = socket.read_until("\r\n\r\n");
  std::size_t at = message.head.find("\r\n") + 2;
  while (at + 2 < message.head.size()) {
    const std::size_t end = message.head.find("\r\n", at);
    const std::size_t colon = message.head.find(": ", at);
    if (colon > end) fail_test("bad field in: " + message.head);
    message.headers[lower(message.head.substr(at, colon - at))] = message.head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
}

/// False if no field tells the length.
bool read_framed_body(RawSocket& socket, RawMessage& message) {
  if (const auto length = message.headers.find("content-length"); length != message.headers.end()) {
    message.body = socket.read_exactly(std::stoul(length->second));
  } else if (message.headers.contains("transfer-encoding")) {
    message.body = read_chunks(socket);
  } else {
    return false;
  }
  return true;
}

}  // namespace

RawSocket::RawSocket(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    fail_test(std::string("connect: ") + std::strerror(errno));
  }
}

RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd wait{fd_, POLLOUT, 0};
    if (::poll(&wait, 1, kPatienceMs) == 0) fail_test("the peer takes nothing");
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawSocket::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}

void RawSocket::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd_);
  fd_ = -1;
}

bool RawSocket::read_more(int timeout_ms) {
  pollfd wait{fd_, POLLIN, 0};
  if (at_end_ || ::poll(&wait, 1, timeout_ms) == 0) return false;
  std::array<char, 16384> bytes{};
  const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (got > 0) pending_.append(bytes.data(), static_cast<std::size_t>(got));
  at_end_ = got <= 0;
  was_reset_ = got < 0;
  return true;
}

std::string RawSocket::read_available() {
  while (!at_end_ && read_more(0)) {
  }
  return std::exchange(pending_, {});
}

std::string RawSocket::read_until(std::string_view marker) {
  std::size_t at = 0;
  while ((at = pending_.find(marker)) == std::string::npos) {
    if (!read_more(kPatienceMs)) fail_test("no \"" + std::string(marker) + "\" in: " + pending_);
  }
  return read_exactly(at + marker.size());
}

std::string RawSocket::read_exactly(std::size_t bytes) {
  while (pending_.size() < bytes) {
    if (!read_more(kPatienceMs)) fail_test("the peer sends too little: " + pending_);
  }
  std::string out = pending_.substr(0, bytes);
  pending_.erase(0, bytes);
  return out;
}

std::string RawSocket::read_to_end() {
  while (!at_end_) {
    if (!read_more(kPatienceMs)) fail_test("the peer does not close after: " + pending_);
  }
  return std::exchange(pending_, {});
}

int listen_on_loopback(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(fd, 128) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    ::close(fd);
    fail_test("no port to listen on");
  }
  port = ntohs(at.sin_port);
  return fd;
}

RawResponse read_response(RawSocket& socket, bool to_head) {
  RawResponse response;
  read_head(socket, response);
  if (!response.head.starts_with("HTTP/1.")) fail_test("no HTTP: " + response.head);
  response.status = std::stoi(response.head.substr(9, 3));
  if (to_head || response.status < 200 || response.status == 204 || response.status == 304) return response;
  if (!read_framed_body(socket, response)) response.body = socket.read_to_end();
  return response;
}

RawRequest read_request(RawSocket& socket) {
  RawRequest request;
  read_head(socket, request);
  const std::size_t first = request.head.find(' ');
  const std::size_t second = request.head.find(' ', first + 1);
  if (second == std::string::npos) fail_test("no HTTP: " + request.head);
  request.method = request.head.substr(0, first);
  request.target = request.head.substr(first + 1, second - first - 1);
  read_framed_body(socket, request);
  return request;
}

RawResponse http_request(std::uint16_t port, std::string_view method, std::string_view target,
                         const std::vector<std::pair<std::string, std::string>>& fields, std::string_view body) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  bool has_connection = false;
  for (const auto& [name, value] : fields) {
    text += name + ": " + value + "\r\n";
    has_connection = has_connection || lower(name) == "connection";
  }
  if (!has_connection) text += "Connection: close\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  RawSocket socket(port);
  socket.send(text + std::string(body));
  return read_response(socket, method == "HEAD");
}

}  // namespace tocsin::test
