#include "exporters/nginx/syslog_listener.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exporters/nginx/log_format.hpp"

namespace tocsin::exporters::nginx {
namespace {

constexpr std::size_t kMaxDatagramBytes = 64U << 10U;
constexpr int kReceiveBufferBytes = 4 << 20;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> system_error(std::string_view what) {
  return fail(Errc::kIo, "{}: {}", what, std::strerror(errno));
}

struct Bound {
  Descriptor socket;
  std::uint16_t port = 0;
};

Result<Bound> bind_udp(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  std::uint16_t port = 0;
  const std::string_view digits = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return fail(Errc::kInvalid, "no port in the address {}", address);
  }
  std::string host(address.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
  if (!is_v6 && ::inet_pton(AF_INET, host.empty() ? "0.0.0.0" : host.c_str(), &v4.sin_addr) != 1) {
    return fail(Errc::kInvalid, "{} is no IP address", host);
  }
  v6.sin6_family = AF_INET6;
  v4.sin_family = AF_INET;
  v6.sin6_port = v4.sin_port = htons(port);
  Bound bound{Descriptor(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
  if (bound.socket.get() < 0) return system_error("socket");
  auto* const any = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  socklen_t length = is_v6 ? sizeof v6 : sizeof v4;
  if (::bind(bound.socket.get(), any, length) != 0) return system_error(fmt::format("listen udp {}: bind", address));
  if (::getsockname(bound.socket.get(), any, &length) != 0) return system_error("getsockname");
  bound.port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
  return bound;
}

/// A socket that an earlier run left behind is replaced; nginx' workers may write to it.
Result<Bound> bind_unix(const std::string& path, Fs& fs) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return fail(Errc::kInvalid, "the path of a socket has 1 to {} bytes", sizeof name.sun_path - 1);
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) static_cast<void>(fs.remove(path));
  Bound bound{Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
  if (bound.socket.get() < 0) return system_error("socket");
  if (::bind(bound.socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return system_error(fmt::format("listen unixgram {}: bind", path));
  }
  if (::chmod(path.c_str(), 0666) != 0) return system_error(fmt::format("chmod {}", path));
  return bound;
}

}  // namespace

class SyslogListener::Thread {
 public:
  Thread(Descriptor socket, Descriptor stop, std::function<void(std::string_view)> take)
      : socket_(std::move(socket)), stop_(std::move(stop)), take_(std::move(take)), thread_([this] { serve(); }) {}
  ~Thread() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one) == sizeof one);
    thread_.join();
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

 private:
  void serve() {
    std::string datagram(kMaxDatagramBytes, '\0');
    pollfd both[2] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    for (;;) {
      if (::poll(both, 2, -1) < 0 && errno != EINTR) return;
      if (both[1].revents != 0) return;
      const ssize_t size = ::recv(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
      if (size <= 0) continue;
      std::string_view message = std::string_view(datagram).substr(0, static_cast<std::size_t>(size));
      while (message.ends_with('\n') || message.ends_with('\0')) message.remove_suffix(1);
      take_(syslog_text(message));
    }
  }

  const Descriptor socket_, stop_;
  const std::function<void(std::string_view)> take_;
  std::thread thread_;
};

SyslogListener::SyslogListener(std::unique_ptr<Thread> thread, std::uint16_t port)
    : thread_(std::move(thread)), port_(port) {}

SyslogListener::~SyslogListener() = default;

Result<std::unique_ptr<SyslogListener>> SyslogListener::open(std::string_view address, Fs& fs,
                                                             std::function<void(std::string_view)> take) {
  constexpr std::string_view kUnix = "unix://", kUdp = "udp://";
  Result<Bound> bound = address.starts_with(kUnix)  ? bind_unix(std::string(address.substr(kUnix.size())), fs)
                        : address.starts_with(kUdp) ? bind_udp(address.substr(kUdp.size()))
                                                    : bind_udp(address);
  if (!bound) return fail(std::move(bound).error());
  Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  if (stop.get() < 0) return system_error("eventfd");
  ::setsockopt(bound->socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  const std::uint16_t port = bound->port;
  auto thread = std::make_unique<Thread>(std::move(bound->socket), std::move(stop), std::move(take));
  return std::unique_ptr<SyslogListener>(new SyslogListener(std::move(thread), port));
}

}  // namespace tocsin::exporters::nginx
