#include "tsdb/xor_chunk.hpp"

#include <atomic>
#include <bit>
#include <cstring>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "chunkenc/bit_reader.hpp"

namespace tocsin::tsdb {
namespace {

using chunkenc::BitReader;

/// Writes at bit `position` of a block, which has room for all. Bits after the position in its byte are zero; the bytes
/// after it need not be.
void write_bits(std::uint8_t* data, unsigned position, std::uint64_t value, unsigned count) {
  std::uint8_t* at = data + position / 8;
  const unsigned offset = position % 8;
  if (offset + count <= 64 && position / 8 + sizeof(std::uint64_t) <= kBlockBytes) [[likely]] {
    std::uint64_t word = value << (64 - offset - count);
    if (offset != 0) word |= std::uint64_t{*at} << 56U;
    word = __builtin_bswap64(word);
    std::memcpy(at, &word, sizeof word);
    return;
  }
  if (offset != 0) {
    const unsigned room = 8 - offset;
    if (count < room) {
      *at = static_cast<std::uint8_t>(*at | (value << (room - count)));
      return;
    }
    *at = static_cast<std::uint8_t>(*at | (value >> (count - room)));
    ++at;
    count -= room;
  }
  while (count >= 8) {
    count -= 8;
    *at++ = static_cast<std::uint8_t>(value >> count);
  }
  if (count > 0) *at = static_cast<std::uint8_t>(value << (8 - count));
}

std::uint64_t low_bits(std::uint64_t value, unsigned count) {
  return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

/// The chain as a sink of bits.
class ChainWriter {
 public:
  ChainWriter(HotSeries& series, BlockArena& arena) : series_(series), arena_(arena), used_(series.bits_used) {
    if (series.block != kNoBlock) block_ = &arena.at(series.block);
  }
  ~ChainWriter() { series_.bits_used = used_; }
  ChainWriter(const ChainWriter&) = delete;
  ChainWriter& operator=(const ChainWriter&) = delete;

  /// 1..64 bits; those above `count` are zero.
  void put(std::uint64_t value, unsigned count) {
    if (!block_ || used_ == kBlockBits) extend();
    const unsigned room = kBlockBits - used_;
    if (count > room) [[unlikely]] {
      write_bits(block_->data, used_, value >> (count - room), room);
      count -= room;
      value = low_bits(value, count);
      extend();
    }
    write_bits(block_->data, used_, value, count);
    used_ += count;
  }

  void put_uvarint(std::uint64_t value) {
    while (value >= 0x80) {
      put((value & 0x7fU) | 0x80U, 8);
      value >>= 7U;
    }
    put(value, 8);
  }

 private:
  void extend() {
    const std::uint32_t id = arena_.take();
    block_ = &arena_.at(id);
    block_->previous = series_.block;
    series_.block = id;
    used_ = 0;
  }

  HotSeries& series_;
  BlockArena& arena_;
  Block* block_ = nullptr;
  unsigned used_;
};

bool in_range(std::int64_t v, unsigned bits) {
  return -((std::int64_t{1} << (bits - 1)) - 1) <= v && v <= std::int64_t{1} << (bits - 1);
}

void put_delta_of_delta(ChainWriter& out, std::int64_t dod) {
  const auto bits = static_cast<std::uint64_t>(dod);
  if (dod == 0) {
    out.put(0, 1);
  } else if (in_range(dod, 14)) {
    out.put(std::uint64_t{0b10} << 14U | low_bits(bits, 14), 16);
  } else if (in_range(dod, 17)) {
    out.put(std::uint64_t{0b110} << 17U | low_bits(bits, 17), 20);
  } else if (in_range(dod, 20)) {
    out.put(std::uint64_t{0b1110} << 20U | low_bits(bits, 20), 24);
  } else {
    out.put(0b1111, 4);
    out.put(bits, 64);
  }
}

void put_xor(ChainWriter& out, HotSeries& series, double value) {
  const auto difference = std::bit_cast<std::uint64_t>(value) ^ std::bit_cast<std::uint64_t>(series.last_value);
  if (difference == 0) {
    out.put(0, 1);
    return;
  }
  const auto leading = std::min(31U, static_cast<unsigned>(std::countl_zero(difference)));
  const auto trailing = static_cast<unsigned>(std::countr_zero(difference));
  if (leading >= series.leading && trailing >= series.trailing) {
    const unsigned size = 64 - series.leading - series.trailing;
    const std::uint64_t bits = difference >> series.trailing;
    if (size <= 62) {
      out.put(std::uint64_t{0b10} << size | bits, size + 2);
    } else {
      out.put(0b10, 2);
      out.put(bits, size);
    }
    return;
  }
  series.leading = leading;
  series.trailing = trailing;
  const unsigned size = 64 - leading - trailing;
  out.put(std::uint64_t{0b11} << 11U | leading << 6U | (size & 63U), 13);
  out.put(difference >> trailing, size);
}

}  // namespace

void xor_append(HotSeries& series, BlockArena& arena, Timestamp t, double value) {
  {
    ChainWriter out(series, arena);
    if (series.count == 0) {
      out.put_uvarint(zigzag(t));
      out.put(std::bit_cast<std::uint64_t>(value), 64);
    } else {
      const std::int64_t delta = t - series.last_time;
      if (series.count == 1) {
        out.put_uvarint(static_cast<std::uint64_t>(delta));
      } else {
        put_delta_of_delta(out, delta - series.last_delta);
      }
      put_xor(out, series, value);
      series.last_delta = static_cast<std::int32_t>(delta);
    }
  }
  // Appenders look at it without a lock.
  std::atomic_ref<Timestamp>(series.last_time).store(t, std::memory_order_relaxed);
  series.last_value = value;
  series.count = series.count + 1;
}

void xor_copy(const HotSeries& series, const BlockArena& arena, std::string& out) {
  if (series.block == kNoBlock) return;
  std::size_t blocks = 1;
  for (std::uint32_t id = arena.at(series.block).previous; id != kNoBlock; id = arena.at(id).previous) ++blocks;
  const std::size_t last_bytes = (series.bits_used + 7) / 8;
  const std::size_t start = out.size();
  out.resize(start + (blocks - 1) * kBlockBytes + last_bytes);
  char* at = out.data() + start + (blocks - 1) * kBlockBytes;
  std::memcpy(at, arena.at(series.block).data, last_bytes);
  for (std::uint32_t id = arena.at(series.block).previous; id != kNoBlock; id = arena.at(id).previous) {
    at -= kBlockBytes;
    std::memcpy(at, arena.at(id).data, kBlockBytes);
  }
}

void xor_clear(HotSeries& series, BlockArena& arena) {
  for (std::uint32_t id = series.block; id != kNoBlock;) {
    const std::uint32_t previous = arena.at(id).previous;
    arena.give_back(id);
    id = previous;
  }
  series.block = kNoBlock;
  series.bits_used = 0;
  series.leading = 31;
  series.trailing = 63;
  series.count = 0;
  series.last_delta = 0;
}

Timestamp xor_first_time(const HotSeries& series, const BlockArena& arena) {
  std::uint32_t first = series.block;
  while (arena.at(first).previous != kNoBlock) first = arena.at(first).previous;
  BitReader reader(std::string_view(reinterpret_cast<const char*>(arena.at(first).data), kBlockBytes));
  return unzigzag(reader.uvarint());
}

}  // namespace tocsin::tsdb
