#include "net/gzip.hpp"

#include <algorithm>

#include <zlib.h>

#include "base/check.hpp"

namespace tocsin::net {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, gzip's frame (zlib.h)
constexpr int kLevel = 1;             // metrics: level 6 costs three times the CPU and saves a seventh of the bytes

struct Inflater {
  Inflater() { check(inflateInit2(&stream, kGzipWindow) == Z_OK, "BUG: zlib does not start"); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  z_stream stream{};
};

}  // namespace

std::string gzip(std::string_view text) {
  check(text.size() < UINT32_MAX / 2, "BUG: text too large for one gzip call");
  z_stream stream{};
  check(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "BUG: zlib does not start");
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  check(ended == Z_STREAM_END, "BUG: zlib needs more than its bound");
  return out;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
  limit = std::min<std::size_t>(limit, 1ULL << 40U);
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::string out;
  std::size_t fed = 0;
  bool in_member = true;
  while (in_member) {
    if (stream.avail_in == 0) {
      const std::size_t piece = std::min<std::size_t>(bytes.size() - fed, 1U << 30U);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + fed));
      stream.avail_in = static_cast<uInt>(piece);
      fed += piece;
    }
    const std::size_t had = out.size();
    // One byte above the limit tells a text of just that size from a larger one.
    const std::size_t room = std::min(std::max<std::size_t>(4 * bytes.size(), had), limit + 1 - had);
    out.resize(had + std::clamp<std::size_t>(room, 1, 1U << 30U));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > limit) return fail(Errc::kLimit, "body exceeds {} bytes when decompressed", limit);
    if (status == Z_STREAM_END) {
      in_member = stream.avail_in > 0 || fed < bytes.size();
      if (in_member) inflateReset(&stream);
    } else if (status == Z_BUF_ERROR ||
               (status == Z_OK && stream.avail_in == 0 && fed == bytes.size() && stream.avail_out > 0)) {
      return fail(Errc::kInvalid, "gzip: unexpected EOF");
    } else if (status != Z_OK) {
      return fail(Errc::kInvalid, "gzip: {}", stream.msg != nullptr ? stream.msg : "invalid data");
    }
  }
  return out;
}

}  // namespace tocsin::net
