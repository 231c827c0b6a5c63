#pragma once
// Text between quotes, as the text formats have it.

#include <cstdint>

#include "expo/bytes.hpp"

namespace tocsin::expo {

struct Quoted {
  const char* quote = nullptr;  // the closing one; nullptr if there is none
  bool ascii = true;
  bool escaped = false;
};

/// What may stand within quotes beside ordinary text.
enum QuotedText : std::uint8_t {
  kPlain = 0,
  kZeros = 1,     // zero bytes
  kNewlines = 2,  // raw newlines
};

/// `at` behind an opening quote. A backslash takes the next byte with it, which must not be a newline.
template <unsigned kAllowed>
Quoted find_quote(const char* at, const char* limit) {
  constexpr bool zeros = (kAllowed & kZeros) != 0;
  constexpr bool newlines = (kAllowed & kNewlines) != 0;
  Quoted out;
  while ((at = find_special<!newlines>(at, limit)) < limit) {
    if (*at == '"') {
      out.quote = at;
      return out;
    }
    if (*at == '\\') {
      out.escaped = true;
      ++at;
      while (zeros && at < limit && *at == 0) ++at;
      if (at >= limit || *at == '\n' || *at == 0) return out;
    } else if ((*at == 0 && !zeros) || (*at == '\n' && !newlines)) {
      return out;
    }
    if (static_cast<unsigned char>(*at) >= 0x80) out.ascii = false;
    ++at;
  }
  return out;
}

}  // namespace tocsin::expo
