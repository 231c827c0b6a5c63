#pragma once
// A MySQL server on loopback that says what a test wrote down, packet by packet. It shares no code with the client.

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/raw_socket.hpp"

namespace tocsin::test {

inline std::string bytes(std::string_view text) {
  return std::string(text);
}
inline const std::string kZero(1, '\0');

/// A text with its length in front, below 251 or up to 16 MiB.
inline std::string counted(std::string_view text) {
  std::string out;
  if (text.size() < 251) {
    out += static_cast<char>(text.size());
  } else {
    out += '\xFD';
    for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>(text.size() >> shift & 0xFFU);
  }
  return out += text;
}

/// Source: MariaDB's knowledge base, "Clientserver protocol": packets by their payloads.
inline std::string greeting() {
  return bytes("\x0A") + "10.11.6-MariaDB" + kZero + bytes("\x01") + std::string(3, '\0') + "saltsalt" + kZero +
         "\xFF\xF7" + "\x2D" + bytes("\x02") + kZero + "\xFF\x81" + "\x15" + std::string(10, '\0') + "saltsaltsalt" +
         kZero + "mysql_native_password" + kZero;
}
inline std::string ok() {
  return std::string(3, '\0') + bytes("\x02") + std::string(3, '\0');
}
inline std::string end_of_rows() {
  return bytes("\xFE") + std::string(2, '\0') + bytes("\x02") + kZero;
}
/// A column of text.
inline std::string column(std::string_view name) {
  return counted("def") + counted("") + counted("") + counted("") + counted(name) + counted("") + "\x0C" + "\x2D" +
         kZero + std::string("\xFF\xFF\x00\x00", 4) + "\xFD" + std::string(5, '\0');
}
inline std::string refusal_packet(std::string_view text) {
  return bytes("\xFF\x28\x04#42000") + std::string(text);
}

/// Serves one connection: for each step it waits for a packet (the first step does not), and sends the step's packets.
/// Behind the last step it reads on, silently, until the client goes. Thread: the test's; it serves on its own.
class MysqlImposter {
 public:
  using Step = std::vector<std::string>;  // payloads; an empty step sends nothing

  explicit MysqlImposter(std::vector<Step> steps) : steps_(std::move(steps)) {
    listener_ = listen_on_loopback(port_);
    thread_ = std::thread([this] { serve(); });
  }
  ~MysqlImposter() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
  }
  MysqlImposter(const MysqlImposter&) = delete;
  MysqlImposter& operator=(const MysqlImposter&) = delete;

  std::uint16_t port() const { return port_; }
  /// Everything that the client has sent so far.
  std::string received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  bool readable(int fd) const {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    while (!stopping_) {
      if (::poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }
  /// False at the end. What comes at once counts as one packet, which is how the client writes.
  bool read_some(int fd) {
    char buffer[4096];
    if (!readable(fd)) return false;
    const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    const std::lock_guard lock(mutex_);
    received_.append(buffer, static_cast<std::size_t>(size));
    last_sequence_ = static_cast<unsigned char>(buffer[3]);
    return true;
  }
  void serve() {
    if (!readable(listener_)) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    bool first = true;
    for (const Step& step : steps_) {
      unsigned sequence = 0;
      if (!first) {
        if (!read_some(fd)) break;
        sequence = last_sequence_ + 1U;
      }
      first = false;
      std::string out;
      for (const std::string& payload : step) {
        for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>(payload.size() >> shift & 0xFFU);
        out += static_cast<char>(sequence++ & 0xFFU);
        out += payload;
      }
      std::string_view left = out;
      while (!left.empty()) {
        const ssize_t sent = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        left.remove_prefix(static_cast<std::size_t>(sent));
      }
    }
    while (read_some(fd)) continue;
    ::close(fd);
  }

  const std::vector<Step> steps_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  unsigned last_sequence_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::string received_;
  std::thread thread_;
};

}  // namespace tocsin::test
