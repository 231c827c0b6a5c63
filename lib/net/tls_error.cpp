#include "net/tls_error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace tocsin::net {
namespace {

struct Alert {
  int code;
  std::string_view text;
};

// Source: Go crypto/tls/alert.go; RFC 8446 section 6.
constexpr std::array kAlerts = {
    Alert{10, "unexpected message"},
    Alert{20, "bad record MAC"},
    Alert{21, "decryption failed"},
    Alert{22, "record overflow"},
    Alert{30, "decompression failure"},
    Alert{40, "handshake failure"},
    Alert{42, "bad certificate"},
    Alert{43, "unsupported certificate"},
    Alert{44, "revoked certificate"},
    Alert{45, "expired certificate"},
    Alert{46, "unknown certificate"},
    Alert{47, "illegal parameter"},
    Alert{48, "unknown certificate authority"},
    Alert{49, "access denied"},
    Alert{50, "error decoding message"},
    Alert{51, "error decrypting message"},
    Alert{60, "export restriction"},
    Alert{70, "protocol version not supported"},
    Alert{71, "insufficient security level"},
    Alert{80, "internal error"},
    Alert{86, "inappropriate fallback"},
    Alert{90, "user canceled"},
    Alert{100, "no renegotiation"},
    Alert{109, "missing extension"},
    Alert{110, "unsupported extension"},
    Alert{111, "certificate unobtainable"},
    Alert{112, "unrecognized name"},
    Alert{113, "bad certificate status response"},
    Alert{114, "bad certificate hash value"},
    Alert{115, "unknown PSK identity"},
    Alert{116, "certificate required"},
    Alert{120, "no application protocol"},
};

}  // namespace

std::string tls_error_text(unsigned long code) {
  if (code == 0) return "EOF";
  const int reason = ERR_GET_REASON(code);
  if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    const auto* const found = std::ranges::find(kAlerts, alert, &Alert::code);
    if (found == kAlerts.end()) return fmt::format("remote error: tls: alert({})", alert);
    return fmt::format("remote error: tls: {}", found->text);
  }
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
      return "tls: first record does not look like a TLS handshake";
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "tls: server selected unsupported protocol version";
    default:
      break;
  }
  const char* text = ERR_reason_error_string(code);
  return fmt::format("tls: {}", text != nullptr ? text : "unknown error");
}

}  // namespace tocsin::net
