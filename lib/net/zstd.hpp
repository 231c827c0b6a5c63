#pragma once
// zstd (RFC 8878) of whole texts.

#include <string>
#include <string_view>

namespace tocsin::net {

/// One frame that knows its size. Thread: any.
std::string zstd(std::string_view text);

}  // namespace tocsin::net
