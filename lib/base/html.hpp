#pragma once
// Text within HTML and XML.

#include <string>
#include <string_view>

namespace tocsin {

/// Appends the character, as a reference if it is one of & < > " and '. Source of the spelling: Go's html.EscapeString.
inline void append_html(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&#34;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
  }
}

inline std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) append_html(out, c);
  return out;
}

}  // namespace tocsin
