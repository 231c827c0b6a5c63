#include "template/go_layout.hpp"

#include <array>

namespace tocsin::tmpl {

namespace {

struct Spelling {
  std::string_view text;
  LayoutPart part;
};

// Longer spellings stand before those that they begin with.
constexpr std::array<Spelling, 36> kSpellings{{
    {"January", LayoutPart::kLongMonth},
    {"Jan", LayoutPart::kMonth},
    {"Monday", LayoutPart::kLongWeekday},
    {"Mon", LayoutPart::kWeekday},
    {"MST", LayoutPart::kZone},
    {"002", LayoutPart::kZeroYearDay},
    {"01", LayoutPart::kZeroMonth},
    {"02", LayoutPart::kZeroDay},
    {"03", LayoutPart::kZeroHour12},
    {"04", LayoutPart::kZeroMinute},
    {"05", LayoutPart::kZeroSecond},
    {"06", LayoutPart::kYear},
    {"15", LayoutPart::kHour},
    {"1", LayoutPart::kNumMonth},
    {"2006", LayoutPart::kLongYear},
    {"2", LayoutPart::kDay},
    {"__2", LayoutPart::kUnderYearDay},
    {"_2006", LayoutPart::kLongYear},  // the underscore is text
    {"_2", LayoutPart::kUnderDay},
    {"3", LayoutPart::kHour12},
    {"4", LayoutPart::kMinute},
    {"5", LayoutPart::kSecond},
    {"PM", LayoutPart::kPm},
    {"pm", LayoutPart::kLowerPm},
    {"-070000", LayoutPart::kNumSecondsZone},
    {"-07:00:00", LayoutPart::kNumColonSecondsZone},
    {"-0700", LayoutPart::kNumZone},
    {"-07:00", LayoutPart::kNumColonZone},
    {"-07", LayoutPart::kNumShortZone},
    {"Z070000", LayoutPart::kZSecondsZone},
    {"Z07:00:00", LayoutPart::kZColonSecondsZone},
    {"Z0700", LayoutPart::kZZone},
    {"Z07:00", LayoutPart::kZColonZone},
    {"Z07", LayoutPart::kZShortZone},
    {"", LayoutPart::kNone},
    {"", LayoutPart::kNone},
}};

bool is_digit(std::string_view text, std::size_t i) {
  return i < text.size() && text[i] >= '0' && text[i] <= '9';
}
bool starts_lower(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z';
}

/// `.000` or `,999`: not followed by another digit.
bool fraction(std::string_view rest, LayoutElement& out) {
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || (rest[1] != '0' && rest[1] != '9')) return false;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] == rest[1]) ++end;
  if (is_digit(rest, end)) return false;
  out.part = rest[1] == '0' ? LayoutPart::kFractionZeros : LayoutPart::kFractionNines;
  out.digits = static_cast<int>(end - 1);
  out.separator = rest[0];
  out.text = rest.substr(0, end);
  return true;
}

}  // namespace

LayoutElement next_layout_element(std::string_view layout) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const std::string_view rest = layout.substr(i);
    LayoutElement out;
    bool found = fraction(rest, out);
    for (const Spelling& spelling : kSpellings) {
      if (found || spelling.text.empty()) break;
      if (!rest.starts_with(spelling.text)) continue;
      // "Janet" and "Months" are words, not elements.
      const bool word = spelling.text == "Jan" || spelling.text == "Mon";
      if (word && starts_lower(rest.substr(3))) continue;
      out.part = spelling.part;
      out.text = spelling.text;
      found = true;
    }
    if (!found) continue;
    const std::size_t skip = out.text == "_2006" ? 1 : 0;
    out.text.remove_prefix(skip);
    out.prefix = layout.substr(0, i + skip);
    out.suffix = rest.substr(skip + out.text.size());
    return out;
  }
  return LayoutElement{.prefix = layout, .text = {}, .suffix = {}};
}

}  // namespace tocsin::tmpl
