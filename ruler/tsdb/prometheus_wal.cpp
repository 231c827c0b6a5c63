#include "tsdb/prometheus_wal.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/hash.hpp"
#include "tsdb/prometheus_files.hpp"
#include "wire/snappy.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::size_t kPageBytes = 32U << 10U;
constexpr std::size_t kFragmentHeader = 7;  // type u8, length u16, checksum u32
enum Fragment : std::uint8_t { kPadding = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };
constexpr std::uint8_t kFragmentMask = 7;
constexpr std::uint8_t kSnappy = 8, kZstd = 16;

Result<std::string> zstd_decode(std::string_view bytes) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR) return fail(Errc::kCorrupt, "no zstd frame");
  const bool known = size != ZSTD_CONTENTSIZE_UNKNOWN;
  if (known && size > kMaxPrometheusRecord) return fail(Errc::kLimit, "a record of {} bytes", size);
  std::string out(known ? static_cast<std::size_t>(size) : bytes.size() * 4 + 1024, '\0');
  for (;;) {
    const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    if (!ZSTD_isError(got)) {
      out.resize(got);
      return out;
    }
    const bool small = ZSTD_getErrorCode(got) == ZSTD_error_dstSize_tooSmall;
    if (known || !small || out.size() >= kMaxPrometheusRecord) {
      return fail(Errc::kCorrupt, "zstd: {}", ZSTD_getErrorName(got));
    }
    out.resize(std::min(out.size() * 4, kMaxPrometheusRecord));
  }
}

Result<std::string> decompress(std::string_view bytes, std::uint8_t flags) {
  if ((flags & kSnappy) != 0) return wire::snappy_decode(bytes, kMaxPrometheusRecord);
  if ((flags & kZstd) != 0) return zstd_decode(bytes);
  return std::string(bytes);
}

/// The records of one segment.
class SegmentReader {
 public:
  explicit SegmentReader(std::string_view bytes) : bytes_(bytes) {}

  /// @return the next record; nothing at the end. kCorrupt says what is wrong at offset().
  Result<std::optional<std::string>> next() {
    std::string whole;
    bool inside = false;
    std::uint8_t flags = 0;
    for (;;) {
      const std::size_t in_page = at_ % kPageBytes;
      const std::size_t page_left = std::min(kPageBytes - in_page, bytes_.size() - at_);
      if (page_left == 0) break;
      const auto type = static_cast<std::uint8_t>(bytes_[at_]);
      if ((type & kFragmentMask) == kPadding) {
        if (!all_zero(bytes_.substr(at_, page_left)))
          return fail(Errc::kCorrupt, "unexpected non-zero byte in padding");
        at_ += page_left;
        continue;
      }
      if (page_left < kFragmentHeader) return fail(Errc::kCorrupt, "a fragment is cut off");
      ByteReader header(bytes_.substr(at_ + 1));
      const auto length = get_big<std::uint16_t>(header);
      const auto crc = get_big<std::uint32_t>(header);
      if (length > page_left - kFragmentHeader) return fail(Errc::kCorrupt, "a fragment is longer than its page");
      const std::string_view data = bytes_.substr(at_ + kFragmentHeader, length);
      if (crc32c(data) != crc) return fail(Errc::kCorrupt, "unexpected checksum");
      const std::uint8_t kind = type & kFragmentMask;
      const bool begins = kind == kFull || kind == kFirst;
      if (kind > kLast || begins == inside) return fail(Errc::kCorrupt, "unexpected fragment of type {}", kind);
      if (begins) flags = type;
      inside = true;
      if (whole.size() + data.size() > kMaxPrometheusRecord) return fail(Errc::kCorrupt, "a record without end");
      whole += data;
      at_ += kFragmentHeader + length;
      if (kind != kFull && kind != kLast) continue;
      TOCSIN_TRY(std::string record, decompress(whole, flags));
      return record;
    }
    if (inside) return fail(Errc::kCorrupt, "the last record is cut off");
    return std::nullopt;
  }
  std::size_t offset() const { return at_; }

 private:
  static bool all_zero(std::string_view bytes) {
    return std::ranges::all_of(bytes, [](char c) { return c == 0; });
  }
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<bool> PrometheusWal::exists() {
  if (!fs_.exists(folder_)) return false;
  TOCSIN_TRY(const auto segments, plan());
  return !segments.empty();
}

Result<std::optional<std::uint64_t>> PrometheusWal::newest_segment() {
  if (!fs_.exists(folder_)) return std::nullopt;
  TOCSIN_TRY(const auto segments, numbered_files(fs_, folder_));
  if (segments.empty()) return std::nullopt;
  return segments.back().first;
}

Result<std::vector<PrometheusWal::Segment>> PrometheusWal::plan() {
  constexpr std::string_view kCheckpoint = "checkpoint.";
  TOCSIN_TRY(const auto names, fs_.list(folder_));
  std::optional<std::uint64_t> newest;
  std::string checkpoint;
  for (const std::string& name : names) {
    if (!name.starts_with(kCheckpoint)) continue;
    const auto number = number_of_name(std::string_view(name).substr(kCheckpoint.size()));  // not "checkpoint.5.tmp"
    if (!number || (newest && *number < *newest)) continue;
    newest = number;
    checkpoint = folder_ + "/" + name;
  }
  std::vector<Segment> all;
  if (newest) {
    TOCSIN_OK(add_segments(checkpoint, 0, all));
    *newest += 1;
  }
  TOCSIN_OK(add_segments(folder_, newest, all));
  return all;
}

/// @param first  the segment to begin with; none: whichever is there.
Result<void> PrometheusWal::add_segments(const std::string& folder, std::optional<std::uint64_t> first,
                                         std::vector<Segment>& out) {
  TOCSIN_TRY(const auto segments, numbered_files(fs_, folder));
  for (const auto& [number, path] : segments) {
    if (first && number < *first) continue;
    Segment segment{path, {}};
    if (first && number > *first) {
      segment.missing =
          fmt::format("segments {} to {} of {} are missing; their samples are lost", *first, number - 1, folder);
    }
    first = number + 1;
    out.push_back(std::move(segment));
  }
  return {};
}

Result<void> PrometheusWal::read(const std::function<Result<void>(std::string_view)>& each,
                                 const std::function<void(std::string)>& report) {
  TOCSIN_TRY(const auto segments, plan());
  for (const auto& [path, missing] : segments) {
    if (!missing.empty()) report(missing);
    TOCSIN_TRY(const auto mapped, fs_.map(path));
    SegmentReader reader(mapped->bytes());
    for (;;) {
      auto record = reader.next();
      if (!record) {
        report(fmt::format("{} is damaged at offset {} ({}); what follows in Prometheus' log is not taken", path,
                           reader.offset(), record.error().message));
        return {};
      }
      if (!*record) break;
      TOCSIN_OK(each(**record));
    }
  }
  return {};
}

}  // namespace tocsin::tsdb
