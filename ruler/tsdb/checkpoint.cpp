#include "tsdb/checkpoint.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kCheckpointMagic = "TOCSCKP2";
constexpr std::string_view kIndexMagic = "TOCSLBL1";
constexpr std::string_view kSuffix = ".labels";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kFrameBytes = 8;

std::string index_header(std::uint32_t number) {
  std::string out(kIndexMagic);
  put_fixed(out, number);
  put_fixed(out, crc32c(out));
  return out;
}

void put_series(const Checkpoint& checkpoint, std::string& out) {
  put_varint(out, checkpoint.series.size());
  SeriesId last_id = 0;
  std::uint32_t last_file = 0;
  for (const auto& series : checkpoint.series) {
    put_varint(out, series.id - last_id);
    last_id = series.id;
    put_signed(out, static_cast<std::int64_t>(chunk_file(series.tail)) - last_file);
    last_file = chunk_file(series.tail);
    put_fixed(out, chunk_offset(series.tail));
    put_signed(out, wrapping_sub(checkpoint.max_time, series.last_time));
  }
}

bool take_series(ByteReader& in, Checkpoint& out) {
  const std::size_t count = in.count(7);
  out.series.reserve(count);
  std::uint64_t id = 0;
  std::int64_t file = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t step = in.varint();
    if (i > 0 && step == 0) return false;
    id += step;
    file += in.signed_varint();
    const auto offset = in.fixed<std::uint32_t>();
    const Timestamp last_time = wrapping_sub(out.max_time, in.signed_varint());
    if (in.failed() || id >= out.next_series || file < 0 || file > 0xffffffffLL) return false;
    out.series.push_back(
        {static_cast<SeriesId>(id), make_chunk_ref(static_cast<std::uint32_t>(file), offset), last_time});
  }
  return true;
}

void put_late(const Checkpoint& checkpoint, std::string& out) {
  put_varint(out, checkpoint.late.size());
  SeriesId last_id = 0;
  for (const auto& late : checkpoint.late) {
    put_varint(out, late.id - last_id);
    last_id = late.id;
    put_fixed(out, late.tail);
    put_signed(out, wrapping_sub(checkpoint.max_time, late.newest));
  }
}

bool take_late(ByteReader& in, Checkpoint& out) {
  const std::size_t count = in.count(10);
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t step = in.varint();
    if (i > 0 && step == 0) return false;
    id += step;
    const auto tail = in.fixed<ChunkRef>();
    const Timestamp newest = wrapping_sub(out.max_time, in.signed_varint());
    if (in.failed() || id >= out.next_series) return false;
    out.late.push_back({static_cast<SeriesId>(id), tail, newest});
  }
  return true;
}

void put_deletions(const Checkpoint& checkpoint, std::string& out) {
  put_varint(out, checkpoint.deletions.size());
  SeriesId last_id = 0;
  for (const auto& one : checkpoint.deletions) {
    put_varint(out, one.id - last_id);
    last_id = one.id;
    put_signed(out, one.start);
    put_varint(out, static_cast<std::uint64_t>(wrapping_sub(one.end, one.start)));
    put_fixed(out, one.chunks_end);
  }
}

bool take_deletions(ByteReader& in, Checkpoint& out) {
  const std::size_t count = in.count(11);
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < count; ++i) {
    id += in.varint();
    const Timestamp start = in.signed_varint();
    const Timestamp end = wrapping_add(start, static_cast<std::int64_t>(in.varint()));
    const auto chunks_end = in.fixed<ChunkRef>();
    if (in.failed() || id >= out.next_series || end < start) return false;
    out.deletions.push_back({static_cast<SeriesId>(id), start, end, chunks_end});
  }
  return true;
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  std::string out(kCheckpointMagic);
  put_varint(out, checkpoint.index_file);
  put_varint(out, checkpoint.index_bytes);
  put_varint(out, checkpoint.first_segment);
  put_varint(out, checkpoint.defined.segment);
  put_varint(out, checkpoint.defined.offset);
  put_fixed(out, checkpoint.chunks_end);
  put_varint(out, checkpoint.next_series);
  put_varint(out, checkpoint.next_pair);
  put_fixed(out, checkpoint.min_time);
  put_fixed(out, checkpoint.max_time);
  put_varint(out, checkpoint.files.size());
  for (const auto& file : checkpoint.files) {
    put_varint(out, file.number);
    put_fixed(out, file.max_time);
  }
  put_series(checkpoint, out);
  put_late(checkpoint, out);
  put_deletions(checkpoint, out);
  put_fixed(out, crc32c(out));
  return out;
}

Result<Checkpoint> decode_checkpoint(std::string_view bytes) {
  const auto corrupt = [] { return fail(Errc::kCorrupt, "the checkpoint is damaged"); };
  if (!bytes.starts_with(kCheckpointMagic) || bytes.size() < kCheckpointMagic.size() + 4) return corrupt();
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (ByteReader(bytes.substr(body.size())).fixed<std::uint32_t>() != crc32c(body)) return corrupt();
  ByteReader in(body.substr(kCheckpointMagic.size()));
  Checkpoint out;
  out.index_file = in.varint32();
  out.index_bytes = in.varint();
  out.first_segment = in.varint32();
  out.defined.segment = in.varint32();
  out.defined.offset = in.varint();
  out.chunks_end = in.fixed<ChunkRef>();
  out.next_series = in.varint32();
  out.next_pair = in.varint32();
  out.min_time = in.fixed<Timestamp>();
  out.max_time = in.fixed<Timestamp>();
  const std::size_t files = in.count(9);
  for (std::size_t i = 0; i < files; ++i) {
    const std::uint32_t number = in.varint32();
    out.files.push_back({number, in.fixed<Timestamp>()});
  }
  if (!take_series(in, out) || !take_late(in, out) || !take_deletions(in, out) || in.failed() || !in.at_end())
    return corrupt();
  return out;
}

std::string IndexFiles::path(std::uint32_t number) const {
  return fmt::format("{}/{:08}{}", folder_, number, kSuffix);
}

Result<std::vector<std::uint32_t>> IndexFiles::numbers() const {
  TOCSIN_OK(fs_.create_directories(folder_));
  TOCSIN_TRY(const auto names, fs_.list(folder_));
  std::vector<std::uint32_t> all;
  for (const std::string& name : names) {
    if (!name.ends_with(kSuffix) || name.size() > kSuffix.size() + 9) continue;
    const std::string digits = name.substr(0, name.size() - kSuffix.size());
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) continue;
    all.push_back(static_cast<std::uint32_t>(std::stoul(digits)));
  }
  std::ranges::sort(all);
  return all;
}

Result<std::uint64_t> IndexFiles::load(std::uint32_t number, std::uint64_t bytes,
                                       const std::function<bool(const WalRecord&)>& each) {
  TOCSIN_TRY(const auto all, numbers());
  const std::uint32_t newest = all.empty() ? 0 : all.back();
  if (number == 0) number = newest;
  number_ = std::max(newest, number);
  size_ = 0;
  if (number == 0) return std::uint64_t{0};
  TOCSIN_TRY(const auto mapped, fs_.map(path(number)));
  const std::string_view file = mapped->bytes().substr(0, bytes);
  if (file.substr(0, kHeaderBytes) != index_header(number)) return std::uint64_t{0};
  std::uint64_t at = kHeaderBytes;
  WalRecord record;
  while (at < file.size()) {
    ByteReader in(file.substr(at));
    const auto length = in.fixed<std::uint32_t>();
    const auto crc = in.fixed<std::uint32_t>();
    const std::string_view payload = in.take(length);
    if (in.failed() || length == 0 || crc32c(payload) != crc) break;
    if (!parse_wal_record(payload, record) || !each(record)) break;
    at += kFrameBytes + length;
  }
  // Go on in it only if it is the newest and as long as was said: else the next checkpoint begins a new one.
  if (number == number_ && at == bytes) size_ = at;
  return at;
}

void IndexFiles::begin_new() {
  ++number_;
  size_ = 0;
  file_ = nullptr;
}

Result<void> IndexFiles::append(std::string_view payload) {
  TOCSIN_OK(fs_.create_directories(folder_));
  if (!file_) {
    TOCSIN_TRY(file_, fs_.open_append(path(number_)));
  }
  if (file_->size() != size_) TOCSIN_OK(file_->truncate(size_));
  std::string bytes = size_ == 0 ? index_header(number_) : std::string();
  put_fixed(bytes, static_cast<std::uint32_t>(payload.size()));
  put_fixed(bytes, crc32c(payload));
  bytes += payload;
  TOCSIN_OK(file_->append(bytes));
  TOCSIN_OK(file_->sync());
  size_ += bytes.size();
  return {};
}

Result<void> IndexFiles::remove_others() {
  TOCSIN_TRY(const auto all, numbers());
  for (const std::uint32_t number : all) {
    if (number != number_) TOCSIN_OK(fs_.remove(path(number)));
  }
  return {};
}

}  // namespace tocsin::tsdb
