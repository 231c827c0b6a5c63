#include "config/authorization.hpp"

#include <cstdint>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::config {
namespace {

/// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += kDigits[(bits >> static_cast<unsigned>(count - 6)) & 63U];
  }
  if (count > 0) out += kDigits[(bits << static_cast<unsigned>(6 - count)) & 63U];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

}  // namespace

std::string authorization_field(const HttpClientConfig& http) {
  if (!http.authorization_credentials.empty()) {
    return fmt::format("{} {}", http.authorization_type, http.authorization_credentials.reveal());
  }
  if (http.username.empty() && http.password.empty()) return "";
  return "Basic " + base64(http.username + ":" + http.password.reveal());
}

}  // namespace tocsin::config
