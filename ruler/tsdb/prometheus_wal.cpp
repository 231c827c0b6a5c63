#include "tsdb/prometheus_wal.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/hash.hpp"
#include "wire/snappy.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::size_t kPageBytes = 32U << 10U;
constexpr std::size_t kFragmentHeader = 7;  // type u8, length u16, checksum u32
enum Fragment : std::uint8_t { kPadding = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };
constexpr std::uint8_t kFragmentMask = 7;
constexpr std::uint8_t kSnappy = 8, kZstd = 16;

template <typename T>
T big_endian(const char* at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return std::byteswap(value);
}

/// The number that a name is, if it is nothing else.
std::optional<std::uint64_t> number_of(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

Result<std::vector<std::pair<std::uint64_t, std::string>>> segments_in(Fs& fs, const std::string& folder) {
  TOCSIN_TRY(const auto names, fs.list(folder));
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (const std::string& name : names) {
    if (const auto number = number_of(name)) all.emplace_back(*number, folder + "/" + name);
  }
  std::ranges::sort(all);
  return all;
}

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
      const auto length = big_endian<std::uint16_t>(bytes_.data() + at_ + 1);
      const auto crc = big_endian<std::uint32_t>(bytes_.data() + at_ + 3);
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
  TOCSIN_TRY(const Plan found, plan());
  return !found.segments.empty();
}

Result<PrometheusWal::Plan> PrometheusWal::plan() {
  constexpr std::string_view kCheckpoint = "checkpoint.";
  Plan out;
  TOCSIN_TRY(const auto names, fs_.list(folder_));
  for (const std::string& name : names) {
    if (!name.starts_with(kCheckpoint)) continue;
    const auto number = number_of(std::string_view(name).substr(kCheckpoint.size()));  // not "checkpoint.5.tmp"
    if (!number || (!out.checkpoint.empty() && *number < out.first)) continue;
    out.checkpoint = folder_ + "/" + name;
    out.first = *number + 1;
  }
  if (!out.checkpoint.empty()) {
    TOCSIN_TRY(const auto kept, segments_in(fs_, out.checkpoint));
    for (const auto& [number, path] : kept) out.segments.push_back(path);
  }
  TOCSIN_TRY(const auto segments, segments_in(fs_, folder_));
  for (const auto& [number, path] : segments) {
    if (number >= out.first) out.segments.push_back(path);
  }
  return out;
}

Result<void> PrometheusWal::read(const std::function<Result<void>(std::string_view)>& each,
                                 const std::function<void(std::string)>& report) {
  TOCSIN_TRY(const Plan found, plan());
  for (const std::string& path : found.segments) {
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
