#include "expo/escape.hpp"

#include "base/utf8.hpp"

namespace tocsin::expo {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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
    } else if (const Rune rune = decode_utf8(text.substr(i)); rune.valid) {
      i += rune.size;
    } else {
      flush();
      while (i < text.size() && !decode_utf8(text.substr(i)).valid) ++i;
      out += kReplacement;
      plain = i;
    }
  }
  flush();
}

}  // namespace tocsin::expo
