#pragma once
// Which compression a client gets.

#include <cstdint>
#include <string_view>

namespace tocsin::net {

enum class ContentCoding : std::uint8_t { kIdentity, kGzip, kZstd };

/// "gzip", "zstd"; "" for kIdentity.
std::string_view coding_name(ContentCoding coding);

/// What an Accept-Encoding prefers by its q-values (RFC 9110 section 12.5.3): zstd where it likes both the same, which
/// costs the least; kIdentity where it takes neither, or likes that better. "*" stands for gzip if that is not
/// named.
ContentCoding choose_coding(std::string_view accept_encoding);

}  // namespace tocsin::net
