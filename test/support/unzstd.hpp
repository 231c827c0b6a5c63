#pragma once
// zstd's frames read by the library.

#include <string>
#include <string_view>

#include <zstd.h>

namespace tocsin::test {

/// Of one frame that says its size; "" if it is none.
inline std::string unzstd(std::string_view frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return {};
  std::string text(size, '\0');
  const std::size_t got = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
  text.resize(ZSTD_isError(got) != 0 ? 0 : got);
  return text;
}

}  // namespace tocsin::test
