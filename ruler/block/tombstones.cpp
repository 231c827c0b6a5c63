#include "block/tombstones.hpp"

#include <algorithm>
#include <bit>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace tocsin::block {
namespace {

constexpr std::uint32_t kMagic = 0x0130BA30;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 5;
constexpr std::size_t kCrcBytes = 4;

bool touches(Timestamp end, Timestamp start) {
  return start <= end || start - 1 == end;
}

/// Keeps entries whose index is in `kept`, ascending.
template <typename T>
void keep(std::vector<T>& column, const std::vector<std::size_t>& kept) {
  if (column.empty()) return;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i != kept[i]) column[i] = std::move(column[kept[i]]);
  }
  column.resize(kept.size());
}

}  // namespace

void add_interval(Intervals& to, Interval one) {
  // The first that ends at `one` or later, and the first that begins after it.
  const auto first = std::ranges::find_if(to, [&](const Interval& other) { return touches(other.max, one.min); });
  auto last = first;
  while (last != to.end() && touches(one.max, last->min)) {
    one.min = std::min(one.min, last->min);
    one.max = std::max(one.max, last->max);
    ++last;
  }
  to.insert(to.erase(first, last), one);
}

void remove_deleted(const Intervals& deleted, storage::SampleColumns& samples) {
  if (deleted.empty() || samples.times.empty()) return;
  std::vector<std::size_t> kept;
  kept.reserve(samples.size());
  auto at = deleted.begin();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    while (at != deleted.end() && at->max < samples.times[i]) ++at;
    if (at == deleted.end() || samples.times[i] < at->min) kept.push_back(i);
  }
  if (kept.size() == samples.size()) return;
  keep(samples.times, kept);
  keep(samples.values, kept);
  keep(samples.starts, kept);
  keep(samples.histograms, kept);
}

Result<Tombstones> parse_tombstones(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + kCrcBytes) {
    return fail(Errc::kCorrupt, "{} bytes are no tombstones", bytes.size());
  }
  ByteReader in(bytes);
  const auto magic = std::byteswap(in.fixed<std::uint32_t>());
  if (magic != kMagic) return fail(Errc::kCorrupt, "invalid magic number {:x}", magic);
  const auto version = in.fixed<std::uint8_t>();
  if (version != kVersion) return fail(Errc::kCorrupt, "invalid tombstone format {:x}", version);
  const std::string_view body = in.take(in.left() - kCrcBytes);
  if (std::byteswap(in.fixed<std::uint32_t>()) != crc32c(body)) {
    return fail(Errc::kCorrupt, "checksum did not match");
  }
  Tombstones tombstones;
  ByteReader entries(body);
  while (!entries.at_end()) {
    const std::size_t offset = bytes.size() - kCrcBytes - entries.left();
    const std::uint64_t ref = entries.varint();
    const Timestamp min = entries.signed_varint();
    const Timestamp max = entries.signed_varint();
    if (entries.failed() || min > max) return fail(Errc::kCorrupt, "offset {}: no interval", offset);
    Intervals& intervals = tombstones[ref];
    if (!intervals.empty() && !touches(intervals.back().max, min)) {
      intervals.push_back({min, max});  // the order in which they are written
    } else {
      add_interval(intervals, {min, max});
    }
  }
  return tombstones;
}

std::string encode_tombstones(const Tombstones& tombstones) {
  std::string out;
  put_fixed(out, std::byteswap(kMagic));
  out += static_cast<char>(kVersion);
  for (const auto& [ref, intervals] : tombstones) {
    for (const Interval& interval : intervals) {
      put_varint(out, ref);
      put_signed(out, interval.min);
      put_signed(out, interval.max);
    }
  }
  put_fixed(out, std::byteswap(crc32c(std::string_view(out).substr(kHeaderBytes))));
  return out;
}

std::uint64_t count_intervals(const Tombstones& tombstones) {
  std::uint64_t count = 0;
  for (const auto& [ref, intervals] : tombstones) count += intervals.size();
  return count;
}

}  // namespace tocsin::block
