#include "template/go_format_writer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "template/go_format.hpp"
#include "template/go_text.hpp"

namespace tocsin::tmpl {

void FormatWriter::raw(std::string_view text) {
  if (out_.size() + text.size() > kMaxTextBytes) {
    overflow_ = true;
  } else {
    out_ += text;
  }
}

std::string verb_text(char32_t verb) {
  std::string out;
  append_utf8(out, verb);
  return out;
}

void FormatWriter::pad(std::string_view text, bool zeros) {
  const std::size_t runes = spec.has_width ? rune_count(text) : 0;
  const std::size_t width = static_cast<std::size_t>(std::max(spec.width, 0));
  if (!spec.has_width || runes >= width) return raw(text);
  const std::string padding(width - runes, zeros && !spec.minus ? '0' : ' ');
  if (spec.minus) {
    raw(text);
    raw(padding);
  } else {
    raw(padding);
    raw(text);
  }
}

void FormatWriter::bad_verb(const Value& value, char32_t verb) {
  erroring_ = true;
  raw("%!" + verb_text(verb) + "(");
  if (value.valid()) {
    raw(value.type_name());
    raw("=");
    data(value, 'v', 0);
  } else {
    raw("<nil>");
  }
  raw(")");
  erroring_ = false;
}

void FormatWriter::argument(const Value& value, char32_t verb) {
  if (value.is_nil()) {
    if (verb == 'T' || verb == 'v') return pad("<nil>");
    return bad_verb(Value(), verb);
  }
  if (verb == 'T') return text_as(value.type_name(), 's', value);
  if (verb == 'p') return bad_verb(value, verb);
  value_at(value, verb, 0);
}

void FormatWriter::value_at(const Value& value, char32_t verb, int depth) {
  if (overflow_) return;
  if (value.is_nil()) {
    if (verb == 'v') return raw("<nil>");
    return bad_verb(Value(), verb);
  }
  if (!by_text(value, verb)) data(value, verb, depth);
}

/// Types with a String() method show that, if the verb is one for texts.
bool FormatWriter::by_text(const Value& value, char32_t verb) {
  if (erroring_ || spec.sharp_v || !value.type()) return false;
  auto* text = value.type()->text;
  if (!text && value.type()->target) text = value.type()->target->text;
  if (!text || std::u32string_view(U"vsxXq").find(verb) == std::u32string_view::npos) return false;
  text_as(text(value), verb, value);
  return true;
}

void FormatWriter::data(const Value& value, char32_t verb, int depth) {
  switch (value.kind()) {
    case Kind::kBool:
      return boolean(value, verb);
    case Kind::kInt:
    case Kind::kUint:
      return integer(value, verb);
    case Kind::kFloat:
      return floating(value, verb);
    case Kind::kString:
      return string(value, verb);
    case Kind::kList:
      return sequence(value, verb, depth);
    case Kind::kMap:
      return mapping(value, verb, depth);
    case Kind::kStruct:
      return structure(value, verb, depth);
    case Kind::kTime:
      return text_as(time_text(value.as_time()), 's', value);
    case Kind::kFunction:
    case Kind::kInterface:
      return raw(value.type_name());
  }
}

void FormatWriter::boolean(const Value& value, char32_t verb) {
  if (verb != 't' && verb != 'v') return bad_verb(value, verb);
  pad(value.as_bool() ? "true" : "false");
}

void FormatWriter::integer(const Value& value, char32_t verb) {
  const bool is_signed = value.kind() == Kind::kInt;
  const bool negative = is_signed && value.as_int() < 0;
  const std::uint64_t bits = is_signed ? static_cast<std::uint64_t>(value.as_int()) : value.as_uint();
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  switch (verb) {
    case 'v':
      if (spec.sharp_v && !is_signed) {
        spec.sharp = true;
        digits(magnitude, false, 16, false, false);
        spec.sharp = false;
        return;
      }
      [[fallthrough]];
    case 'd':
      return digits(magnitude, negative, 10, false, false);
    case 'b':
      return digits(magnitude, negative, 2, false, false);
    case 'o':
    case 'O':
      return digits(magnitude, negative, 8, false, verb == 'O');
    case 'x':
    case 'X':
      return digits(magnitude, negative, 16, verb == 'X', false);
    case 'c': {
      std::string rune;
      append_utf8(rune, bits > 0x10ffff ? 0xfffd : static_cast<std::uint32_t>(bits));
      return pad(rune);
    }
    case 'q':
      return pad(quote_rune(bits > 0x10ffff ? 0xfffd : static_cast<std::uint32_t>(bits), spec.plus));
    case 'U':
      return unicode(bits);
    default:
      return bad_verb(value, verb);
  }
}

void FormatWriter::digits(std::uint64_t magnitude, bool negative, unsigned base, bool upper, bool octal_prefix) {
  if (spec.has_precision && spec.precision == 0 && magnitude == 0) {
    pad("");
    return;
  }
  std::string text = base == 16  ? upper ? fmt::format("{:X}", magnitude) : fmt::format("{:x}", magnitude)
                      : base == 8 ? fmt::format("{:o}", magnitude)
                     : base == 2 ? fmt::format("{:b}", magnitude)
                                 : fmt::format("{}", magnitude);
  const bool has_sign = negative || spec.plus || spec.space;
  std::size_t least = 0;  // digits asked for
  if (spec.has_precision) {
    least = static_cast<std::size_t>(spec.precision);
  } else if (spec.zero && !spec.minus && spec.has_width) {
    least = static_cast<std::size_t>(spec.width);
    if (has_sign && least > 0) --least;
  }
  if (text.size() < least) text.insert(0, least - text.size(), '0');
  if (spec.sharp && base == 2) text.insert(0, "0b");
  if (spec.sharp && base == 8 && !text.starts_with('0')) text.insert(0, "0");
  if (spec.sharp && base == 16) text.insert(0, upper ? "0X" : "0x");
  if (octal_prefix) text.insert(0, "0o");
  if (has_sign) text.insert(0, negative ? "-" : spec.plus ? "+" : " ");
  pad(text);
}

void FormatWriter::unicode(std::uint64_t code) {
  const std::size_t least = spec.has_precision ? std::max<std::size_t>(4, static_cast<std::size_t>(spec.precision)) : 4;
  std::string text = fmt::format("{:X}", code);
  if (text.size() < least) text.insert(0, least - text.size(), '0');
  text.insert(0, "U+");
  if (spec.sharp && code <= 0x10ffff && is_printable(static_cast<std::uint32_t>(code))) {
    text += " '";
    append_utf8(text, static_cast<std::uint32_t>(code));
    text += '\'';
  }
  pad(text);
}

void FormatWriter::floating(const Value& value, char32_t verb) {
  const double number = value.as_float();
  const int fewest = spec.has_precision ? spec.precision : -1;
  const int six = spec.has_precision ? spec.precision : 6;
  switch (verb) {
    case 'v':
    case 'g':
      return float_text(sharp_float(format_float(number, 'g', fewest), 'g', fewest));
    case 'G':
      return float_text(to_upper_text(sharp_float(format_float(number, 'g', fewest), 'g', fewest)));
    case 'f':
    case 'F':
      return float_text(sharp_float(format_float(number, 'f', six), 'f', six));
    case 'e':
      return float_text(sharp_float(format_float(number, 'e', six), 'e', six));
    case 'E':
      return float_text(to_upper_text(sharp_float(format_float(number, 'e', six), 'e', six)));
    case 'x':
      return float_text(format_float(number, 'x', fewest));
    case 'X':
      return float_text(to_upper_text(format_float(number, 'x', fewest)));
    case 'b':
      return float_text(format_float(number, 'b', -1));
    default:
      return bad_verb(value, verb);
  }
}

/// The sharp flag keeps the point, and for %g the zeros up to the precision.
std::string FormatWriter::sharp_float(std::string number, char verb, int precision) const {
  if (!spec.sharp || number.find_first_of("IN") != std::string::npos) return number;
  const std::size_t e = std::min(number.find('e'), number.size());
  std::string mantissa = number.substr(0, e);
  if (mantissa.find('.') == std::string::npos) mantissa += '.';
  if (verb == 'g') {
    int wanted = precision < 0 ? 6 : precision;
    bool leading = true;
    for (const char c : mantissa) {
      if (c >= '1' && c <= '9') leading = false;
      if (c >= '0' && c <= '9' && !leading) --wanted;
    }
    if (leading) --wanted;  // zero itself counts as one digit
    if (wanted > 0) mantissa.append(static_cast<std::size_t>(wanted), '0');
  }
  return mantissa + number.substr(e);
}

void FormatWriter::float_text(std::string number) {
  const bool not_a_number = number == "NaN" || number == "NAN";
  const bool special = not_a_number || number.find_first_of("Ii") != std::string::npos;
  char sign = '+';
  if (number[0] == '-' || number[0] == '+') {
    sign = number[0];
    number.erase(0, 1);
    if (special && sign == '+') spec.plus = true;  // infinity shows its sign
  }
  if (sign == '+' && spec.space && !spec.plus) sign = ' ';
  const bool show = sign == '-' || spec.plus || (spec.space && sign == ' ');
  const std::string prefix = show && !(not_a_number && !spec.plus && !spec.space) ? std::string(1, sign) : "";
  const bool zeros = spec.zero && !spec.minus && spec.has_width && !special;
  const std::size_t width = static_cast<std::size_t>(spec.width);
  if (zeros && prefix.size() + number.size() < width) {
    number.insert(0, width - prefix.size() - number.size(), '0');
  }
  pad(prefix + number);
}

void FormatWriter::string(const Value& value, char32_t verb) {
  text_as(value.as_string(), verb, value);
}

void FormatWriter::text_as(std::string_view text, char32_t verb, const Value& value) {
  const std::string_view cut = spec.has_precision ? first_runes(text, static_cast<std::size_t>(spec.precision)) : text;
  switch (verb) {
    case 'v':
      if (!spec.sharp_v) return pad(cut, spec.zero);
      return pad(go_quote(cut));
    case 's':
      return pad(cut, spec.zero);
    case 'q':
      if (spec.sharp && can_backquote(cut)) return pad(fmt::format("`{}`", cut), spec.zero);
      return pad(spec.plus ? quote_ascii(cut) : go_quote(cut), spec.zero);
    case 'x':
    case 'X':
      return hex_bytes(text, verb == 'X');
    default:
      return bad_verb(value, verb);
  }
}

void FormatWriter::hex_bytes(std::string_view text, bool upper) {
  if (spec.has_precision) text = text.substr(0, static_cast<std::size_t>(spec.precision));
  const std::string prefix = upper ? "0X" : "0x";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (spec.space && i > 0) out += ' ';
    if (spec.sharp && (spec.space || i == 0)) out += prefix;
    const auto byte = static_cast<unsigned char>(text[i]);
    out += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  pad(out, spec.zero);
}

void FormatWriter::sequence(const Value& value, char32_t verb, int depth) {
  if (spec.sharp_v) raw(value.type_name());
  raw(spec.sharp_v ? "{" : "[");
  bool first = true;
  for (const Value& element : value.as_list()) {
    if (!std::exchange(first, false)) raw(separator());
    value_at(element, verb, depth + 1);
    if (overflow_) return;
  }
  raw(spec.sharp_v ? "}" : "]");
}

void FormatWriter::mapping(const Value& value, char32_t verb, int depth) {
  raw(spec.sharp_v ? std::string(value.type_name()) + "{" : "map[");
  bool first = true;
  for (const auto& [key, element] : value.as_map()) {
    if (!std::exchange(first, false)) raw(separator());
    value_at(Value(key), verb, depth + 1);
    raw(":");
    value_at(element, verb, depth + 1);
    if (overflow_) return;
  }
  raw(spec.sharp_v ? "}" : "]");
}

void FormatWriter::structure(const Value& value, char32_t verb, int depth) {
  const Type& shape = value.type()->target ? *value.type()->target : *value.type();
  if (value.type()->target) raw("&");
  if (spec.sharp_v) raw(shape.name);
  raw("{");
  const ListData& fields = value.as_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) raw(separator());
    if (spec.plus_v || spec.sharp_v) {
      raw(shape.fields[i]);
      raw(":");
    }
    value_at(fields[i], verb, depth + 1);
    if (overflow_) return;
  }
  raw("}");
}

}  // namespace tocsin::tmpl
