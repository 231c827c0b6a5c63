#include "tsdb/prometheus_chunks.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "tsdb/prometheus_files.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::uint32_t kMagic = 0x0130BC91;
constexpr char kVersion = 1;
constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kMostAround = 8 + 8 + 8 + 1 + 5 + kCrcBytes;  // bytes of a chunk that are not its data
constexpr std::uint8_t kLateBit = 0x80;

bool all_zero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == 0; });
}

/// A file that was begun, and died with the process before anything was written to it.
bool is_unwritten(std::string_view bytes) {
  return bytes.size() < sizeof kMagic || all_zero(bytes.substr(0, sizeof kMagic));
}

/// The chunks of one file.
class FileReader {
 public:
  explicit FileReader(std::string_view bytes) : bytes_(bytes) {}

  Result<void> header() {
    if (bytes_.size() < kHeaderBytes) return fail(Errc::kCorrupt, "the header is cut off");
    ByteReader in(bytes_);
    if (const auto magic = get_big<std::uint32_t>(in); magic != kMagic) {
      return fail(Errc::kCorrupt, "invalid magic number {:x}", magic);
    }
    if (bytes_[4] != kVersion)
      return fail(Errc::kCorrupt, "invalid chunk format version {}", static_cast<int>(bytes_[4]));
    at_ = kHeaderBytes;
    return {};
  }

  /// @return the next chunk; nothing at the end. kCorrupt says what is wrong at offset().
  Result<std::optional<PrometheusChunk>> next() {
    const std::string_view rest = bytes_.substr(at_);
    if (rest.size() < kMostAround) {
      if (all_zero(rest)) return std::nullopt;
      return fail(Errc::kCorrupt, "a chunk is cut off");
    }
    ByteReader in(rest);
    PrometheusChunk chunk;
    chunk.offset = at_;
    chunk.series = get_big<std::uint64_t>(in);
    chunk.first = static_cast<Timestamp>(get_big<std::uint64_t>(in));
    chunk.last = static_cast<Timestamp>(get_big<std::uint64_t>(in));
    if (chunk.series == 0 && chunk.first == 0 && chunk.last == 0) {
      if (all_zero(rest)) return std::nullopt;
      return fail(Errc::kCorrupt, "zeros instead of a chunk");
    }
    const auto encoding = in.fixed<std::uint8_t>();
    chunk.late = (encoding & kLateBit) != 0;
    chunk.encoding = encoding & static_cast<std::uint8_t>(~kLateBit);
    chunk.data = in.text();
    const std::size_t summed = rest.size() - in.left();
    const auto crc = get_big<std::uint32_t>(in);
    if (in.failed()) return fail(Errc::kCorrupt, "a chunk is cut off");
    if (crc32c(rest.substr(0, summed)) != crc) return fail(Errc::kCorrupt, "unexpected checksum");
    at_ += summed + kCrcBytes;
    return chunk;
  }
  std::size_t offset() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// @return false if nothing behind it is to be read.
Result<bool> read_file(Fs& fs, const std::string& path, bool is_last,
                       const std::function<Result<void>(const PrometheusChunk&)>& each,
                       const std::function<void(std::string)>& report) {
  TOCSIN_TRY(const auto mapped, fs.map(path));
  if (is_last && is_unwritten(mapped->bytes())) return true;
  FileReader reader(mapped->bytes());
  auto whole = reader.header();
  while (whole) {
    auto chunk = reader.next();
    if (!chunk) {
      whole = fail(std::move(chunk).error());
      break;
    }
    if (!*chunk) return true;
    (*chunk)->file = path;
    TOCSIN_OK(each(**chunk));
  }
  report(fmt::format(
      "{} is damaged at offset {} ({}); what follows in Prometheus' head chunks is taken as far as its log has it",
      path, reader.offset(), whole.error().message));
  return false;
}

}  // namespace

Result<bool> PrometheusChunks::exist() {
  if (!fs_.exists(folder_)) return false;
  TOCSIN_TRY(const auto files, numbered_files(fs_, folder_));
  return !files.empty();
}

Result<void> PrometheusChunks::read(const std::function<Result<void>(const PrometheusChunk&)>& each,
                                    const std::function<void(std::string)>& report) {
  if (!fs_.exists(folder_)) return {};
  TOCSIN_TRY(const auto files, numbered_files(fs_, folder_));
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [number, path] = files[i];
    if (i > 0 && number != files[i - 1].first + 1) {
      report(fmt::format(
          "files {} to {} of {} are missing; what follows in Prometheus' head chunks is taken as far as its log has it",
          files[i - 1].first + 1, number - 1, folder_));
      return {};
    }
    TOCSIN_TRY(const bool go_on, read_file(fs_, path, i + 1 == files.size(), each, report));
    if (!go_on) return {};
  }
  return {};
}

}  // namespace tocsin::tsdb
