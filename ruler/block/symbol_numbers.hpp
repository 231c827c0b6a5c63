#pragma once
// From a text to its number in the sorted table of symbols.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::block {

/// Owns copies of the texts; about 12 bytes a symbol beside them. Immutable. Thread: any.
class SymbolNumbers {
 public:
  SymbolNumbers() = default;
  /// @param sorted  ascending, each once.
  explicit SymbolNumbers(std::span<const std::string_view> sorted);

  std::optional<std::uint32_t> find(std::string_view text) const;
  std::string_view text(std::uint32_t number) const {
    return std::string_view(texts_).substr(ends_[number], ends_[number + 1] - ends_[number]);
  }
  std::size_t size() const { return ends_.size() - 1; }

 private:
  std::string texts_;
  std::vector<std::uint32_t> ends_ = {0};  // text i ends at [i + 1]
  std::vector<std::uint32_t> slots_;       // number + 1, 0: free; linear probing
};

}  // namespace tocsin::block
