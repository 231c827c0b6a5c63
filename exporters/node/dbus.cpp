#include "exporters/node/dbus.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/strings.hpp"

namespace tocsin::exporters::node {
namespace {

/// Questions on their way at once: few enough that neither side's socket fills up with what the other does not read
/// yet.
constexpr std::size_t kAtOnce = 64;
constexpr std::size_t kMaxLine = 1024;  // while signing in
constexpr std::size_t kReadSize = 16U << 10U;

std::unexpected<Error> os_error(std::string_view what, const std::string& path, int code) {
  const Errc kind =
      code == ENOENT || code == ECONNREFUSED || code == EACCES || code == EPERM ? Errc::kUnavailable : Errc::kIo;
  return fail(kind, "D-Bus: {} {}: {}", what, path, std::generic_category().message(code));
}

}  // namespace

Dbus::~Dbus() {
  close();
}

void Dbus::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  buffer_.clear();
}

Result<std::vector<DbusMessage>> Dbus::ask(std::span<const DbusCall> calls) {
  deadline_ = clock_.mono() + limit_;
  const bool was_open = descriptor_ >= 0;
  if (!was_open) TOCSIN_OK(open());
  auto answers = exchange(calls);
  if (answers) return answers;
  close();
  if (!was_open || answers.error().code != Errc::kIo) return answers;
  TOCSIN_OK(open());  // the other side had been started anew
  answers = exchange(calls);
  if (!answers) close();
  return answers;
}

Result<void> Dbus::open() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) return fail(Errc::kInvalid, "D-Bus: the path {} is too long", path_);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  auto size = static_cast<socklen_t>(sizeof(address));
  if (path_.starts_with('@')) {
    address.sun_path[0] = '\0';
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  }
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) return os_error("socket for", path_, errno);
  // EAGAIN: its queue is full, as of a server that hangs.
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    auto failed = os_error("connect to", path_, errno);
    close();
    return failed;
  }
  auto signed_in = sign_in();
  if (!signed_in) close();
  return signed_in;
}

/// Source: D-Bus Specification, "Authentication Protocol", "EXTERNAL": the kernel tells the other side who we are.
Result<void> Dbus::sign_in() {
  std::string name;
  for (const char digit : fmt::format("{}", ::geteuid())) name += fmt::format("{:02x}", static_cast<unsigned>(digit));
  TOCSIN_OK(send(std::string(1, '\0') + "AUTH EXTERNAL " + name + "\r\n"));
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (buffer_.size() > kMaxLine) return fail(Errc::kCorrupt, "D-Bus: {} does not speak D-Bus", path_);
    TOCSIN_OK(receive());
  }
  const std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  if (!line.starts_with("OK")) return fail(Errc::kUnavailable, "D-Bus: {} refuses us: {}", path_, line.substr(0, 100));
  TOCSIN_OK(send("BEGIN\r\n"));
  if (!is_bus_) return {};
  const DbusCall hello{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"};
  TOCSIN_TRY(std::vector<DbusMessage> answers, exchange({&hello, 1}));
  TOCSIN_TRY([[maybe_unused]] const DbusMessage greeting, good_answer(std::move(answers.front())));
  return {};
}

Result<std::vector<DbusMessage>> Dbus::exchange(std::span<const DbusCall> calls) {
  std::vector<DbusMessage> answers(calls.size());
  for (std::size_t begin = 0; begin < calls.size(); begin += kAtOnce) {
    const std::size_t end = std::min(begin + kAtOnce, calls.size());
    const std::uint32_t first = serial_ + 1;
    std::string questions;
    for (std::size_t i = begin; i < end; ++i) questions += encode_dbus_call(calls[i], ++serial_);
    TOCSIN_OK(send(questions));
    for (std::size_t missing = end - begin; missing > 0;) {
      std::string_view rest = buffer_;
      TOCSIN_TRY(std::optional<DbusMessage> message, take_dbus_message(rest));
      if (!message) {
        TOCSIN_OK(receive());
        continue;
      }
      buffer_.erase(0, buffer_.size() - rest.size());
      const bool is_answer = message->type == DbusMessage::kReturn || message->type == DbusMessage::kError;
      const std::uint32_t place = message->reply_to - first;
      if (!is_answer || place >= end - begin) continue;  // a signal, or what nobody asked for
      answers[begin + place] = std::move(*message);
      --missing;
    }
  }
  return answers;
}

Result<void> Dbus::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno != EINTR && errno != EAGAIN) return os_error("send to", path_, errno);
    pollfd wait{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.mono()).count();
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) {
      return fail(Errc::kTimeout, "D-Bus: {} does not read", path_);
    }
  }
  return {};
}

Result<void> Dbus::receive() {
  for (;;) {
    pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.mono()).count();
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) {
      return fail(Errc::kTimeout, "D-Bus: {} does not answer", path_);
    }
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kReadSize);
    const ssize_t got = ::recv(descriptor_, buffer_.data() + before, kReadSize, 0);
    const int code = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0) return {};
    if (got == 0) return fail(Errc::kIo, "D-Bus: {} closed the connection", path_);
    if (code != EINTR && code != EAGAIN) return os_error("receive from", path_, code);
  }
}

DbusCall get_property(const std::string& destination, const std::string& path, const std::string& interface,
                      const std::string& property) {
  return {destination, path, "org.freedesktop.DBus.Properties", "Get", {interface, property}};
}

Result<DbusMessage> good_answer(DbusMessage answer) {
  if (answer.type == DbusMessage::kReturn) return answer;
  DbusReader reader(answer);
  const std::string_view text = answer.signature.starts_with('s') ? reader.text() : std::string_view();
  return fail(Errc::kIo, "D-Bus: {}: {}", answer.error, text);
}

}  // namespace tocsin::exporters::node
