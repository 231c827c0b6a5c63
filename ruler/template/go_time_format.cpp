// time.Time.Format.

#include <cstdlib>

#include <fmt/format.h>

#include "template/go_layout.hpp"
#include "template/go_time.hpp"

namespace tocsin::tmpl {

namespace {

std::string zone_offset(int seconds, bool colon, bool with_minutes, bool with_seconds) {
  const int magnitude = std::abs(seconds);
  const char* separator = colon ? ":" : "";
  std::string out = fmt::format("{}{:02}", seconds < 0 ? '-' : '+', magnitude / 3600);
  if (with_minutes) out += fmt::format("{}{:02}", separator, magnitude % 3600 / 60);
  if (with_seconds) out += fmt::format("{}{:02}", separator, magnitude % 60);
  return out;
}

std::string zone_element(LayoutPart part, const Zone::Info& zone) {
  const int offset = zone.offset_seconds;
  switch (part) {
    case LayoutPart::kZZone:
    case LayoutPart::kNumZone:
      return zone_offset(offset, false, true, false);
    case LayoutPart::kZSecondsZone:
    case LayoutPart::kNumSecondsZone:
      return zone_offset(offset, false, true, true);
    case LayoutPart::kZShortZone:
    case LayoutPart::kNumShortZone:
      return zone_offset(offset, false, false, false);
    case LayoutPart::kZColonZone:
    case LayoutPart::kNumColonZone:
      return zone_offset(offset, true, true, false);
    default:
      return zone_offset(offset, true, true, true);
  }
}

bool shows_z(LayoutPart part) {
  return part == LayoutPart::kZZone || part == LayoutPart::kZSecondsZone || part == LayoutPart::kZShortZone ||
         part == LayoutPart::kZColonZone || part == LayoutPart::kZColonSecondsZone;
}

std::string fraction(const LayoutElement& element, int nanos) {
  std::string digits = fmt::format("{:09}", nanos);
  digits.resize(static_cast<std::size_t>(element.digits), '0');
  if (element.part == LayoutPart::kFractionNines) {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return "";
  }
  return element.separator + digits;
}

std::string year_text(std::int64_t year) {
  return year < 0 ? fmt::format("-{:04}", -year) : fmt::format("{:04}", year);
}

int hour12(int hour) {
  return hour % 12 == 0 ? 12 : hour % 12;
}

std::string element_text(const LayoutElement& element, const CivilTime& t, const Zone::Info& zone) {
  switch (element.part) {
    case LayoutPart::kNone:
      return "";
    case LayoutPart::kLongMonth:
      return std::string(kMonthNames[t.month - 1]);
    case LayoutPart::kMonth:
      return std::string(kMonthNames[t.month - 1].substr(0, 3));
    case LayoutPart::kNumMonth:
      return fmt::format("{}", t.month);
    case LayoutPart::kZeroMonth:
      return fmt::format("{:02}", t.month);
    case LayoutPart::kLongWeekday:
      return std::string(kWeekdayNames[t.weekday]);
    case LayoutPart::kWeekday:
      return std::string(kWeekdayNames[t.weekday].substr(0, 3));
    case LayoutPart::kDay:
      return fmt::format("{}", t.day);
    case LayoutPart::kUnderDay:
      return fmt::format("{:2}", t.day);
    case LayoutPart::kZeroDay:
      return fmt::format("{:02}", t.day);
    case LayoutPart::kUnderYearDay:
      return fmt::format("{:3}", t.year_day);
    case LayoutPart::kZeroYearDay:
      return fmt::format("{:03}", t.year_day);
    case LayoutPart::kHour:
      return fmt::format("{:02}", t.hour);
    case LayoutPart::kHour12:
      return fmt::format("{}", hour12(t.hour));
    case LayoutPart::kZeroHour12:
      return fmt::format("{:02}", hour12(t.hour));
    case LayoutPart::kMinute:
      return fmt::format("{}", t.minute);
    case LayoutPart::kZeroMinute:
      return fmt::format("{:02}", t.minute);
    case LayoutPart::kSecond:
      return fmt::format("{}", t.second);
    case LayoutPart::kZeroSecond:
      return fmt::format("{:02}", t.second);
    case LayoutPart::kLongYear:
      return year_text(t.year);
    case LayoutPart::kYear:
      return fmt::format("{:02}", (t.year % 100 + 100) % 100);
    case LayoutPart::kPm:
      return t.hour >= 12 ? "PM" : "AM";
    case LayoutPart::kLowerPm:
      return t.hour >= 12 ? "pm" : "am";
    case LayoutPart::kZone:
      if (!zone.abbreviation.empty()) return zone.abbreviation;
      return zone_offset(zone.offset_seconds, false, true, false);
    case LayoutPart::kFractionZeros:
    case LayoutPart::kFractionNines:
      return fraction(element, t.nanos);
    default:
      return shows_z(element.part) && zone.offset_seconds == 0 ? "Z" : zone_element(element.part, zone);
  }
}

}  // namespace

std::string format_time(const Time& time, std::string_view layout) {
  const CivilTime civil_time = civil(time);
  const Zone::Info zone = time.zone_info();
  std::string out;
  while (!layout.empty()) {
    const LayoutElement element = next_layout_element(layout);
    out += element.prefix;
    out += element_text(element, civil_time, zone);
    layout = element.suffix;
  }
  return out;
}

}  // namespace tocsin::tmpl
