#include <array>

#include "block/meta.hpp"

namespace tocsin::block {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 26;  // 130 bits for 128: the first digit is at most 7

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(0xff);
  for (std::uint8_t i = 0; i < kAlphabet.size(); ++i) {
    const char digit = kAlphabet[i];
    digits[static_cast<unsigned char>(digit)] = i;
    if (digit >= 'A') digits[static_cast<unsigned char>(digit - 'A' + 'a')] = i;
  }
  return digits;
}();

}  // namespace

Ulid Ulid::make(Timestamp now, Rng& rng) {
  return {static_cast<std::uint64_t>(now) << 16U | (rng.next() & 0xffffU), rng.next()};
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kLength || text[0] > '7') return std::nullopt;
  Ulid ulid;
  for (const char c : text) {
    const std::uint8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == 0xff) return std::nullopt;
    ulid.high = ulid.high << 5U | ulid.low >> 59U;
    ulid.low = ulid.low << 5U | digit;
  }
  return ulid;
}

std::string Ulid::text() const {
  std::string out(kLength, '0');
  Ulid left = *this;
  for (std::size_t i = kLength; i-- > 0;) {
    out[i] = kAlphabet[left.low & 31U];
    left.low = left.low >> 5U | left.high << 59U;
    left.high >>= 5U;
  }
  return out;
}

}  // namespace tocsin::block
