#include "backfill/run.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"

namespace tocsin::backfill {
namespace {

/// Most bytes that three varints take.
constexpr std::size_t kMaxHeadBytes = 30;

void put_value(std::string& out, std::uint64_t bits) {
  if (bits == 0) {
    out += '\0';
    return;
  }
  const auto behind = static_cast<unsigned>(std::countr_zero(bits)) / 8;
  const unsigned size = 8 - behind - static_cast<unsigned>(std::countl_zero(bits)) / 8;
  const std::uint64_t significant = bits >> (behind * 8);
  char bytes[9];
  bytes[0] = static_cast<char>(size << 4U | behind);
  std::memcpy(bytes + 1, &significant, 8);
  out.append(bytes, size + 1);
}

/// @return false if the bytes end within the value.
bool take_value(ByteReader& in, std::uint64_t& bits) {
  const auto control = in.fixed<std::uint8_t>();
  bits = 0;
  const unsigned size = control >> 4U;
  const unsigned behind = control & 15U;
  if (size == 0) return true;
  if (size > in.left() || size + behind > 8) return false;
  std::memcpy(&bits, in.take(size).data(), size);
  bits <<= behind * 8;
  return true;
}

}  // namespace

void SegmentWriter::begin(std::int64_t block, Timestamp block_start) {
  segment_ = {.block = block, .min_time = kMaxTimestamp, .max_time = kMinTimestamp};
  start_ = block_start;
  bytes_.clear();
}

void SegmentWriter::add(std::uint32_t series, const std::vector<ImportSample>& samples) {
  segment_.min_time = std::min(segment_.min_time, samples.front().t);
  segment_.max_time = std::max(segment_.max_time, samples.back().t);
  put_varint(segment_.series, series);
  samples_.clear();
  Timestamp last = start_;
  std::int64_t step = 0;
  std::uint64_t value = 0;
  for (const ImportSample& sample : samples) {
    const std::int64_t new_step = wrapping_sub(sample.t, last);
    put_signed(samples_, wrapping_sub(new_step, step));
    step = new_step;
    last = sample.t;
    const auto bits = std::bit_cast<std::uint64_t>(sample.value);
    put_value(samples_, bits ^ value);
    value = bits;
  }
  put_varint(bytes_, series);
  put_varint(bytes_, samples.size());
  put_varint(bytes_, samples_.size());
  bytes_ += samples_;
}

Result<Segment> SegmentWriter::finish(AppendFile& file) {
  segment_.offset = file.size();
  segment_.size = bytes_.size();
  TOCSIN_OK(file.append(bytes_));
  return std::move(segment_);
}

Result<void> SegmentReader::fill(std::size_t size) {
  if (left().size() >= size) return {};
  buffer_.erase(0, used_);
  used_ = 0;
  const std::size_t have = buffer_.size();
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(std::max(size, kBufferBytes) - have, end_ - at_));
  buffer_.resize(have + wanted);
  for (std::size_t got = 0; got < wanted;) {
    TOCSIN_TRY(const std::size_t more, file_.read_at(at_ + got, buffer_.data() + have + got, wanted - got));
    if (more == 0) return fail(Errc::kIo, "a temporary file of the import became shorter");
    got += more;
  }
  at_ += wanted;
  return {};
}

Result<bool> SegmentReader::next() {
  used_ += bytes_;
  bytes_ = 0;
  TOCSIN_OK(fill(kMaxHeadBytes));
  if (left().empty()) return false;
  ByteReader in(left());
  series_ = static_cast<std::uint32_t>(in.varint());
  count_ = in.varint();
  bytes_ = static_cast<std::size_t>(in.varint());
  used_ += left().size() - in.left();
  TOCSIN_OK(fill(bytes_));
  if (in.failed() || left().size() < bytes_) return fail(Errc::kCorrupt, "a temporary file of the import was changed");
  return true;
}

Result<void> SegmentReader::read(std::vector<ImportSample>& out) const {
  ByteReader in(left().substr(0, bytes_));
  out.reserve(out.size() + std::min<std::uint64_t>(count_, bytes_));
  Timestamp last = start_;
  std::int64_t step = 0;
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < count_; ++i) {
    step = wrapping_add(step, in.signed_varint());
    last = wrapping_add(last, step);
    std::uint64_t bits = 0;
    if (!take_value(in, bits) || in.failed()) return fail(Errc::kCorrupt, "a temporary file of the import was changed");
    value ^= bits;
    out.push_back({last, std::bit_cast<double>(value)});
  }
  return {};
}

}  // namespace tocsin::backfill
