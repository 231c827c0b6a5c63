#pragma once
// The elements of Go's time layouts; internal to go_layout.cpp, go_time_format.cpp and go_time_parse.cpp.
// Source: Go package time, format.go (the reference time Mon Jan 2 15:04:05 MST 2006).

#include <string_view>

namespace tocsin::tmpl {

enum class LayoutPart {
  kNone,
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kWeekday,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kPm,
  kLowerPm,
  kZone,          // MST
  kZZone,         // Z0700
  kZSecondsZone,  // Z070000
  kZShortZone,    // Z07
  kZColonZone,    // Z07:00
  kZColonSecondsZone,
  kNumZone,  // -0700
  kNumSecondsZone,
  kNumShortZone,  // -07
  kNumColonZone,  // -07:00
  kNumColonSecondsZone,
  kFractionZeros,  // .000
  kFractionNines,  // .999
};

struct LayoutElement {
  std::string_view prefix;  // text before it
  LayoutPart part = LayoutPart::kNone;
  std::string_view text;    // the element as written
  std::string_view suffix;  // the rest of the layout
  int digits = 0;           // of a fraction
  char separator = '.';     // of a fraction: dot or comma
};

/// The first element of a layout.
LayoutElement next_layout_element(std::string_view layout);

}  // namespace tocsin::tmpl
