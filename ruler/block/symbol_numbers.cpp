#include "block/symbol_numbers.hpp"

#include <bit>

#include "base/hash.hpp"

namespace tocsin::block {

SymbolNumbers::SymbolNumbers(std::span<const std::string_view> sorted) {
  std::size_t bytes = 0;
  for (const std::string_view text : sorted) bytes += text.size();
  texts_.reserve(bytes);
  ends_.reserve(sorted.size() + 1);
  slots_.resize(std::bit_ceil(sorted.size() * 3 / 2 + 1));
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    texts_ += sorted[i];
    ends_.push_back(static_cast<std::uint32_t>(texts_.size()));
    std::size_t slot = xxhash64(sorted[i]) & (slots_.size() - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(i) + 1;
  }
}

std::optional<std::uint32_t> SymbolNumbers::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = xxhash64(text) & (slots_.size() - 1); slots_[slot] != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const std::uint32_t number = slots_[slot] - 1;
    if (this->text(number) == text) return number;
  }
  return std::nullopt;
}

}  // namespace tocsin::block
