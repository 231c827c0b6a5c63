#include "backfill/sample_buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace tocsin::backfill {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

}  // namespace

SampleBuffer::SampleBuffer(std::size_t capacity, std::int64_t duration) : capacity_(capacity), duration_(duration) {
  items_.reserve(capacity);
}

void SampleBuffer::sort(const std::vector<std::uint32_t>& ranks) {
  if (items_.empty()) return;
  const auto [first, last] =
      std::minmax_element(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.t < b.t; });
  first_block_ = block_of(first->t, duration_);
  const auto blocks = static_cast<std::uint64_t>(block_of(last->t, duration_) - first_block_) + 1;
  series_ = ranks.size();
  bool is_sorted = true;
  std::uint64_t before = 0;
  for (Item& item : items_) {
    const auto block = static_cast<std::uint64_t>(block_of(item.t, duration_) - first_block_);
    item.key = block * series_ + ranks[item.key];
    is_sorted = is_sorted && before <= item.key;
    before = item.key;
  }
  if (is_sorted) return;
  const auto bits = static_cast<unsigned>(std::bit_width(blocks * series_ - 1));
  for (unsigned shift = 0; shift < bits; shift += kDigitBits) sort_by_bits(shift);
}

/// One stable pass over one digit of the keys.
void SampleBuffer::sort_by_bits(unsigned shift) {
  std::array<std::uint32_t, kDigits> places{};
  for (const Item& item : items_) ++places[item.key >> shift & (kDigits - 1)];
  std::uint32_t sum = 0;
  for (std::uint32_t& place : places) {
    const std::uint32_t count = place;
    place = sum;
    sum += count;
  }
  spare_.resize(items_.size());
  for (const Item& item : items_) spare_[places[item.key >> shift & (kDigits - 1)]++] = item;
  items_.swap(spare_);
}

}  // namespace tocsin::backfill
