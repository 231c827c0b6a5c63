#include "net/gzip.hpp"

#include <algorithm>

#include <libdeflate.h>
#include <zlib.h>

#include "base/check.hpp"

namespace tocsin::net {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, gzip's frame (zlib.h)
constexpr int kLevel = 1;             // metrics: level 6 costs three times the CPU and saves a seventh of the bytes

constexpr std::size_t kMaxPiece = 1U << 30U;  // zlib counts in unsigned int

}  // namespace

std::string gzip(std::string_view text) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(kLevel), libdeflate_free_compressor);
  check(compressor != nullptr, "BUG: libdeflate does not start");
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.data(), out.size()));
  check(!out.empty(), "BUG: libdeflate needs more than its bound");
  return out;
}

struct Gzip::Stream {
  Stream() {
    check(deflateInit2(&zlib, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
          "BUG: zlib does not start");
  }
  ~Stream() { deflateEnd(&zlib); }
  Stream(const Stream&) = delete;
  z_stream zlib{};
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {}
Gzip::~Gzip() = default;

void Gzip::step(std::string_view text, bool last, std::string& out) {
  check(text.size() < kMaxPiece, "BUG: text too large for one step of gzip");
  z_stream& zlib = stream_->zlib;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  char room[16U << 10U];
  int status = Z_OK;
  do {
    zlib.next_out = reinterpret_cast<Bytef*>(room);
    zlib.avail_out = sizeof(room);
    status = deflate(&zlib, last ? Z_FINISH : Z_NO_FLUSH);
    check(status != Z_STREAM_ERROR, "BUG: a step of gzip after the last");
    out.append(room, sizeof(room) - zlib.avail_out);
  } while (zlib.avail_out == 0);
  check(!last || status == Z_STREAM_END, "BUG: zlib does not end");
}

struct Gunzip::Stream {
  Stream() { check(inflateInit2(&zlib, kGzipWindow) == Z_OK, "BUG: zlib does not start"); }
  ~Stream() { inflateEnd(&zlib); }
  Stream(const Stream&) = delete;

  Error failure() const {
    const std::string_view words = zlib.msg != nullptr ? zlib.msg : "";
    if (words == "incorrect data check" || words == "incorrect length check") {
      return {Errc::kInvalid, "gzip: invalid checksum"};
    }
    // Go reads the ten bytes of a header before it looks at them.
    if (zlib.total_in + zlib.avail_in < 10) return {Errc::kInvalid, "unexpected EOF"};
    if (words.contains("header") || words == "unknown compression method") {
      return {Errc::kInvalid, "gzip: invalid header"};
    }
    return {Errc::kInvalid, fmt::format("flate: corrupt input before offset {}", zlib.total_in)};
  }

  z_stream zlib{};
  bool got_some = false;
  bool in_member = false;  // within one: its end is still to come
};

Gunzip::Gunzip() : stream_(std::make_unique<Stream>()) {}
Gunzip::~Gunzip() = default;
Gunzip::Gunzip(Gunzip&&) noexcept = default;
Gunzip& Gunzip::operator=(Gunzip&&) noexcept = default;

Result<void> Gunzip::step(std::string_view& in, std::string& out, std::size_t room) {
  z_stream& zlib = stream_->zlib;
  const std::size_t had = out.size();
  out.resize(had + std::min(room, kMaxPiece));
  zlib.next_out = reinterpret_cast<Bytef*>(out.data() + had);
  zlib.avail_out = static_cast<uInt>(out.size() - had);
  Result<void> result;
  // Input may be used up while zlib still holds text back: then it is asked until it leaves room.
  for (bool pending = true; zlib.avail_out > 0 && (!in.empty() || pending);) {
    if (!in.empty() && !stream_->in_member) {
      stream_->got_some = stream_->in_member = true;
      inflateReset(&zlib);
    }
    if (!stream_->in_member) break;
    const auto given = static_cast<uInt>(std::min(in.size(), kMaxPiece));
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    zlib.avail_in = given;
    const int status = inflate(&zlib, Z_NO_FLUSH);
    in.remove_prefix(given - zlib.avail_in);
    pending = false;
    if (status == Z_STREAM_END) {
      stream_->in_member = false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      result = fail(stream_->failure());
      break;
    }
  }
  out.resize(out.size() - zlib.avail_out);
  return result;
}

Result<void> Gunzip::finish() const {
  if (!stream_->got_some) return fail(Errc::kInvalid, "EOF");
  if (stream_->in_member) return fail(Errc::kInvalid, "unexpected EOF");
  return {};
}

Result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
  limit = std::min<std::size_t>(limit, 1ULL << 40U);
  Gunzip gunzip;
  std::string out;
  std::string_view rest = bytes;
  for (bool full = true; full;) {
    // One byte above the limit tells a text of just that size from a larger one.
    const std::size_t had = out.size();
    const std::size_t room = std::min(std::max<std::size_t>({4 * bytes.size(), had, 64}), limit + 1 - had);
    TOCSIN_OK(gunzip.step(rest, out, room));
    if (out.size() > limit) return fail(Errc::kLimit, "body exceeds {} bytes when decompressed", limit);
    full = out.size() - had == std::min(room, kMaxPiece);
  }
  TOCSIN_OK(gunzip.finish());
  return out;
}

}  // namespace tocsin::net
