#pragma once
// The key of a series within its family: its kind, its labels in the order of the put, the bounds of its lines.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expo/bytes.hpp"
#include "model/labels.hpp"

namespace tocsin::expo {

inline void append_key_text(std::string& key, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key += text;
}

inline void append_key_number(std::string& key, double value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline std::string_view take_key_text(std::string_view& key) {
  std::uint32_t size = 0;
  std::memcpy(&size, key.data(), sizeof size);
  const std::string_view text = key.substr(sizeof size, size);
  key.remove_prefix(sizeof size + size);
  return text;
}

inline void append_key_start(std::string& key, std::uint8_t kind, std::span<const model::LabelView> labels) {
  const auto start = static_cast<std::uint32_t>(labels.size() << 8U | kind);
  key.append(reinterpret_cast<const char*>(&start), sizeof start);
  for (const auto& label : labels) {
    append_key_text(key, label.name);
    append_key_text(key, label.value);
  }
}

/// Whether the key is of that kind and these labels, with nothing behind them.
inline bool is_key(std::string_view key, std::uint8_t kind, std::span<const model::LabelView> labels) {
  const char* at = key.data();
  const char* const end = at + key.size();
  const auto starts_with_size = [&](std::size_t expected) {
    std::uint32_t size = 0;
    if (end - at < static_cast<std::ptrdiff_t>(sizeof size)) return false;
    std::memcpy(&size, at, sizeof size);
    at += sizeof size;
    return size == expected;
  };
  const auto starts_with_text = [&](std::string_view text) {
    if (!starts_with_size(text.size()) || static_cast<std::size_t>(end - at) < text.size()) return false;
    if (!equal_bytes(at, text.data(), text.size())) return false;
    at += text.size();
    return true;
  };
  if (!starts_with_size(static_cast<std::uint32_t>(labels.size() << 8U | kind))) return false;
  for (const auto& label : labels) {
    if (!starts_with_text(label.name) || !starts_with_text(label.value)) return false;
  }
  return at == end;
}

/// The labels; the key is what follows then.
inline std::vector<model::LabelView> take_key_labels(std::string_view& key) {
  std::uint32_t start = 0;
  std::memcpy(&start, key.data(), sizeof start);
  key.remove_prefix(sizeof start);
  std::uint32_t count = start >> 8U;
  std::vector<model::LabelView> labels;
  labels.reserve(count);
  for (; count > 0; --count) {
    const std::string_view name = take_key_text(key);
    labels.push_back({name, take_key_text(key)});
  }
  return labels;
}

inline std::vector<double> take_key_numbers(std::string_view key) {
  std::vector<double> numbers(key.size() / sizeof(double));
  if (!numbers.empty()) std::memcpy(numbers.data(), key.data(), key.size());
  return numbers;
}

}  // namespace tocsin::expo
