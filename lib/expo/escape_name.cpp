#include "expo/escape_name.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "expo/chars.hpp"
#include "model/labels.hpp"

namespace tocsin::expo {
namespace {

/// The code points of a name; bytes that are not UTF-8 come as U+FFFD, one each.
template <typename Append>
std::string map_runes(std::string_view name, std::string out, Append append) {
  for (std::size_t i = 0; i < name.size();) {
    const Rune rune = decode_utf8(name.substr(i));
    const bool ascii = rune.valid && rune.code < 0x80;
    const bool allowed = ascii && is_in(static_cast<char>(rune.code), i == 0 ? kMetricStart : kMetricChar);
    append(out, rune.code, allowed);
    i += rune.size;
  }
  return out;
}

void append_dots(std::string& out, std::uint32_t code, bool allowed) {
  if (code == '_') {
    out += "__";
  } else if (code == '.') {
    out += "_dot_";
  } else if (allowed) {
    out += static_cast<char>(code);
  } else {
    out += "__";
  }
}

void append_value(std::string& out, std::uint32_t code, bool allowed) {
  if (code == '_') {
    out += "__";
  } else if (allowed) {
    out += static_cast<char>(code);
  } else {
    out += fmt::format("_{:x}_", code);
  }
}

}  // namespace

std::optional<EscapingScheme> escaping_scheme(std::string_view parameter) {
  if (parameter == "allow-utf-8") return EscapingScheme::kAllowUtf8;
  if (parameter == "underscores") return EscapingScheme::kUnderscores;
  if (parameter == "dots") return EscapingScheme::kDots;
  if (parameter == "values") return EscapingScheme::kValues;
  return std::nullopt;
}

std::string escape_name(std::string_view name, EscapingScheme scheme) {
  const bool plain = scheme == EscapingScheme::kAllowUtf8 || name.empty();
  if (plain || (scheme != EscapingScheme::kDots && model::is_legacy_metric_name(name))) return std::string(name);
  switch (scheme) {
    case EscapingScheme::kDots:
      return map_runes(name, "", append_dots);
    case EscapingScheme::kValues:
      return map_runes(name, "U__", append_value);
    default:
      return map_runes(name, "", [](std::string& out, std::uint32_t code, bool allowed) {
        out += allowed ? static_cast<char>(code) : '_';
      });
  }
}

}  // namespace tocsin::expo
