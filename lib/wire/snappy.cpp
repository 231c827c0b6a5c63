#include "wire/snappy.hpp"

#include <snappy.h>

namespace tocsin::wire {
namespace {

// The most that one byte of a block can become: an element of three bytes copies 64. A block that says more than that
// is damaged, and needs no room to find out.
constexpr std::size_t kMostPerByte = 22;

}  // namespace

Result<std::size_t> snappy_decoded_size(std::string_view block) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return fail(Errc::kInvalid, "snappy: corrupt input");
  }
  return size;
}

Result<std::string> snappy_decode(std::string_view block, std::size_t limit) {
  TOCSIN_TRY(const std::size_t size, snappy_decoded_size(block));
  if (size > limit) return fail(Errc::kLimit, "snappy: decoded length {} exceeds limit {}", size, limit);
  if (size / kMostPerByte > block.size()) return fail(Errc::kInvalid, "snappy: corrupt input");
  bool sound = false;
  std::string out;
  out.resize_and_overwrite(size, [&](char* to, std::size_t) {  // libstdc++ 12 gives all the room it has
    sound = snappy::RawUncompress(block.data(), block.size(), to);
    return sound ? size : 0;
  });
  if (!sound) return fail(Errc::kInvalid, "snappy: corrupt input");
  return out;
}

void snappy_encode(std::string_view bytes, std::string& out) {
  out.resize_and_overwrite(snappy::MaxCompressedLength(bytes.size()), [&](char* to, std::size_t size) {
    snappy::RawCompress(bytes.data(), bytes.size(), to, &size);
    return size;
  });
}

}  // namespace tocsin::wire
