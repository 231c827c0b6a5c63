#include "exporters/mysql/greeting.hpp"

#include <cstddef>

namespace tocsin::exporters::mysql {

Greeting check_greeting(std::string_view bytes) {
  constexpr std::size_t kHead = 4, kMaxPayload = 512;
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])); };
  if (bytes.size() < kHead) return Greeting::kIncomplete;
  const std::size_t size = byte(0) | byte(1) << 8U | byte(2) << 16U;
  if (size < 3 || size > kMaxPayload || byte(3) != 0) return Greeting::kWrong;
  if (bytes.size() < kHead + size) return Greeting::kIncomplete;
  const std::string_view payload = bytes.substr(kHead, size);
  if (payload[0] == '\xFF') {  // an error: its number; 65535 is a report of progress, which is none here
    return byte(kHead + 1) == 0xFF && byte(kHead + 2) == 0xFF ? Greeting::kWrong : Greeting::kGood;
  }
  const std::size_t version_end = payload.find('\0', 1);
  // Behind the version: thread, salt, capabilities, character set, status, capabilities, 11 bytes, salt.
  constexpr std::size_t kBehindVersion = 4 + 9 + 2 + 1 + 2 + 2 + 11 + 13;
  const bool whole = payload[0] == '\x0A' && version_end != std::string_view::npos && version_end > 1 &&
                     payload.size() - version_end - 1 >= kBehindVersion;
  return whole ? Greeting::kGood : Greeting::kWrong;
}

}  // namespace tocsin::exporters::mysql
