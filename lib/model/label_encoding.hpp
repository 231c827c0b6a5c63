#pragma once
// The bytes of Labels: texts behind their length. One byte of length up to 254, else 0xFF and three bytes
// little-endian. Source: Prometheus model/labels/labels_stringlabels.go.

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "model/labels.hpp"

namespace tocsin::model {

/// The longest name or value that can be held.
inline constexpr std::size_t kMaxLabelText = (1U << 24U) - 1;

inline std::size_t read_size(const char*& at) {
  const auto byte = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)); };
  const std::size_t first = byte(*at++);
  if (first < 255) [[likely]] {
    return first;
  }
  const std::size_t size = byte(at[0]) | (byte(at[1]) << 8U) | (byte(at[2]) << 16U);
  at += 3;
  return size;
}

inline std::string_view read_text(const char*& at) {
  const std::size_t size = read_size(at);
  const std::string_view text(at, size);
  at += size;
  return text;
}

inline void skip_text(const char*& at) {
  const std::size_t size = read_size(at);
  at += size;
}

inline std::size_t encoded_size(std::string_view text) {
  return text.size() + (text.size() < 255 ? 1 : 4);
}

inline std::size_t encoded_size(const LabelView& label) {
  return encoded_size(label.name) + encoded_size(label.value);
}

/// Writes encoded_size(text) bytes at `at`. @return where they end
inline char* write_text(char* at, std::string_view text) {
  if (text.size() < 255) [[likely]] {
    *at++ = static_cast<char>(text.size());
  } else {
    check(text.size() <= kMaxLabelText, "BUG: a label's name or value is longer than 16 MiB");
    *at++ = '\xff';
    for (unsigned shift = 0; shift < 24; shift += 8) *at++ = static_cast<char>((text.size() >> shift) & 0xffU);
  }
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

inline char* write_label(char* at, const LabelView& label) {
  return write_text(write_text(at, label.name), label.value);
}

inline void append_text(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + encoded_size(text));
  write_text(out.data() + before, text);
}

inline void append_label(std::string& out, const LabelView& label) {
  const std::size_t before = out.size();
  out.resize(before + encoded_size(label));
  write_label(out.data() + before, label);
}

/// The bytes of a label that is a view into an encoding.
inline std::string_view encoded_label(const LabelView& label) {
  const std::size_t length_bytes = label.name.size() < 255 ? 1 : 4;
  return {label.name.data() - length_bytes, label.value.data() + label.value.size()};
}

}  // namespace tocsin::model
