#pragma once
// Where the plain part of a JSON string ends, sixteen bytes at a time where the processor can. Its twin is a loop over
// a table of bytes, which also does what is left (json_scan_test).

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tocsin {

enum class JsonPlain : std::uint8_t {
  kAll,   // ASCII without control characters, quote and backslash
  kHtml,  // and without < > &
};

namespace internal {

struct PlainBytes {
  std::array<bool, 256> all{}, html{};
  constexpr PlainBytes() {
    for (std::size_t c = 0x20; c < 0x80; ++c) {
      all[c] = c != '"' && c != '\\';
      html[c] = all[c] && c != '<' && c != '>' && c != '&';
    }
  }
};
inline constexpr PlainBytes kPlainBytes;

/// The twin: byte by byte.
template <JsonPlain kind>
const char* plain_end_by_table(const char* at, const char* end) {
  constexpr const std::array<bool, 256>& plain = kind == JsonPlain::kHtml ? kPlainBytes.html : kPlainBytes.all;
  while (at != end && plain[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

}  // namespace internal

/// The first byte that is not plain, or `end`.
template <JsonPlain kind>
const char* json_plain_end(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto is = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    // As signed numbers, control characters and bytes beyond ASCII are both below a blank.
    __m128i found = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')), _mm_or_si128(is('"'), is('\\')));
    if constexpr (kind == JsonPlain::kHtml)
      found = _mm_or_si128(found, _mm_or_si128(is('<'), _mm_or_si128(is('>'), is('&'))));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found)); mask != 0)
      return at + std::countr_zero(mask);
  }
#endif
  return internal::plain_end_by_table<kind>(at, end);
}

}  // namespace tocsin
