#pragma once
// Pairs of texts in one string: what thousands of objects keep of their labels and annotations.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::discovery {

/// Keeps the order of add(). Each text stands behind its length (four bytes). Thread: any, immutable once filled.
class TextPairs {
 public:
  void add(std::string_view key, std::string_view value) {
    append(key);
    append(value);
  }
  /// Calls `take(key, value)` for each.
  template <typename Take>
  void for_each(Take take) const {
    for (std::string_view rest = bytes_; !rest.empty();) {
      const std::string_view key = read(rest);
      const std::string_view value = read(rest);
      take(key, value);
    }
  }
  /// The value of the last pair with this key, or ""; `found` tells an empty one from none.
  std::string_view get(std::string_view key, bool* found = nullptr) const {
    std::string_view out;
    if (found != nullptr) *found = false;
    for_each([&](std::string_view k, std::string_view v) {
      if (k != key) return;
      out = v;
      if (found != nullptr) *found = true;
    });
    return out;
  }
  bool empty() const { return bytes_.empty(); }
  void shrink() { bytes_.shrink_to_fit(); }
  bool operator==(const TextPairs&) const = default;

 private:
  void append(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    char head[sizeof size];
    std::memcpy(head, &size, sizeof size);
    bytes_.append(head, sizeof head).append(text);
  }
  static std::string_view read(std::string_view& rest) {
    std::uint32_t size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    const std::string_view text = rest.substr(sizeof size, size);
    rest.remove_prefix(sizeof size + size);
    return text;
  }

  std::string bytes_;
};

}  // namespace tocsin::discovery
