#include "base/base64.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tocsin {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t block = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) block = block << 8U | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? alphabet[block >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

/// Reads four digits after the other.
class Decoder {
 public:
  Decoder(std::string_view text, std::string_view alphabet) : text_(text), alphabet_(alphabet) {}

  Base64Result decode() {
    while (skip_breaks() < text_.size()) {
      if (!read_group()) return std::unexpected(wrong_);
    }
    return std::move(out_);
  }

 private:
  std::size_t skip_breaks() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    return at_;
  }
  bool fail(std::size_t at) {
    wrong_ = at;
    return false;
  }

  bool read_group() {
    std::uint32_t bits = 0;
    std::size_t digits = 0;
    for (; digits < 4; ++digits) {
      if (skip_breaks() == text_.size()) return fail(at_ - digits);
      const char c = text_[at_++];
      if (c == '=') {
        if (!read_padding(digits)) return false;
        break;
      }
      const std::size_t digit = alphabet_.find(c);
      if (digit == std::string_view::npos) return fail(at_ - 1);
      bits |= static_cast<std::uint32_t>(digit) << (18 - 6 * digits);
    }
    for (std::size_t k = 0; k + 1 < digits; ++k) out_ += static_cast<char>(bits >> (16 - 8 * k) & 0xffU);
    return true;
  }

  /// Behind the first sign of the padding, which ends the text.
  bool read_padding(std::size_t digits) {
    if (digits < 2) return fail(at_ - 1);
    if (digits == 2) {
      if (skip_breaks() == text_.size()) return fail(text_.size());
      if (text_[at_] != '=') return fail(at_ - 1);
      ++at_;
    }
    return skip_breaks() == text_.size() || fail(at_);
  }

  const std::string_view text_, alphabet_;
  std::size_t at_ = 0, wrong_ = 0;
  std::string out_;
};

}  // namespace

std::string base64_encode(std::string_view bytes) {
  return encode(bytes, kStandard);
}

std::string base64_url_encode(std::string_view bytes) {
  return encode(bytes, kUrl);
}

Base64Result base64_decode(std::string_view text) {
  return Decoder(text, kStandard).decode();
}

Base64Result base64_url_decode(std::string_view text) {
  return Decoder(text, kUrl).decode();
}

}  // namespace tocsin
