#include "web/systemd.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace tocsin::web {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

long number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return 0;
  const std::string_view digits(text);
  long number = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return bad == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

Result<std::vector<int>> systemd_sockets() {
  std::vector<int> sockets;
  const long count = number_of("LISTEN_PID") == ::getpid() ? number_of("LISTEN_FDS") : 0;
  for (long i = 0; i < count && i < 1024; ++i) {
    sockets.push_back(kFirst + static_cast<int>(i));
    ::fcntl(sockets.back(), F_SETFD, FD_CLOEXEC);
  }
  if (sockets.empty()) return fail(Errc::kInvalid, "no socket activation file descriptors found");
  return sockets;
}

}  // namespace tocsin::web
