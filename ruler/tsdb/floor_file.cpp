#include "tsdb/floor_file.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kMagic = "TOCSFLR1";

}  // namespace

std::string encode_floor(const FloorRecord& record) {
  std::string out(kMagic);
  put_fixed(out, record.floor);
  put_fixed(out, static_cast<std::uint8_t>(record.cut ? 1 : 0));
  if (record.cut) {
    put_fixed(out, record.cut->ulid.high);
    put_fixed(out, record.cut->ulid.low);
    put_fixed(out, record.cut->end);
  }
  put_fixed(out, crc32c(out));
  return out;
}

Result<FloorRecord> decode_floor(std::string_view bytes) {
  const auto corrupt = [] { return fail(Errc::kCorrupt, "it is damaged"); };
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 13) return corrupt();
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  ByteReader crc(bytes.substr(body.size()));
  if (crc.fixed<std::uint32_t>() != crc32c(body)) return corrupt();
  ByteReader in(body.substr(kMagic.size()));
  FloorRecord record;
  record.floor = in.fixed<std::int64_t>();
  const auto cuts = in.fixed<std::uint8_t>();
  if (cuts > 1) return corrupt();
  if (cuts == 1) {
    FloorRecord::Cut cut;
    cut.ulid.high = in.fixed<std::uint64_t>();
    cut.ulid.low = in.fixed<std::uint64_t>();
    cut.end = in.fixed<std::int64_t>();
    record.cut = cut;
  }
  if (in.failed() || !in.at_end()) return corrupt();
  return record;
}

Result<FloorRecord> read_floor(Fs& fs, const std::string& path) {
  if (!fs.exists(path)) return FloorRecord{};
  const auto bytes = fs.read_file(path, 1024);
  if (!bytes && bytes.error().code == Errc::kLimit) return fail(Errc::kCorrupt, "{}: it is damaged", path);
  if (!bytes) return std::unexpected(bytes.error());
  auto record = decode_floor(*bytes);
  if (!record) return fail(std::move(record).error().wrap(path));
  return record;
}

Result<void> write_floor(Fs& fs, const std::string& path, const FloorRecord& record) {
  return fs.write_file_atomic(path, encode_floor(record));
}

}  // namespace tocsin::tsdb
