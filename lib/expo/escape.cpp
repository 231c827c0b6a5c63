#include "expo/escape.hpp"

namespace tocsin::expo {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Appends the escape of an ASCII byte that needs one.
bool append_special(std::string& out, char c, bool quotes) {
  if (c == '\\') {
    out += "\\\\";
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '"' && quotes) {
    out += "\\\"";
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool beyond = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  std::size_t plain = 0;  // what lies in [plain, i) is appended as it is
  std::size_t i = 0;
  const auto flush = [&] { out.append(text.substr(plain, i - plain)); };
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\\' || c == '\n' || (c == '"' && quotes)) {
      flush();
      append_special(out, c, quotes);
      plain = ++i;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      ++i;
    } else if (const std::size_t length = utf8_sequence(text.substr(i)); length != 0) {
      i += length;
    } else {
      flush();
      while (i < text.size() && utf8_sequence(text.substr(i)) == 0) ++i;
      out += kReplacement;
      plain = i;
    }
  }
  flush();
}

}  // namespace tocsin::expo
