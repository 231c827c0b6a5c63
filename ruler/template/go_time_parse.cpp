// time.ParseInLocation(layout, text, UTC).

#include <algorithm>
#include <optional>

#include "base/strings.hpp"
#include "template/go_layout.hpp"
#include "template/go_time.hpp"

namespace tocsin::tmpl {

namespace {

bool digit_at(std::string_view text, std::size_t i) {
  return i < text.size() && text[i] >= '0' && text[i] <= '9';
}

int days_in(int month, std::int64_t year) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

class TimeParser {
 public:
  TimeParser(std::string_view layout, std::string_view text) : layout_(layout), text_(text), rest_(text) {}
  Result<Time> run();

 private:
  bool element(const LayoutElement& element);
  bool date_element(const LayoutElement& element);
  bool clock_element(const LayoutElement& element);
  bool zone_element(LayoutPart part);
  bool zone_offset(LayoutPart part);
  bool zone_name();
  bool number(std::size_t least, std::size_t most, int& out);
  bool ranged(std::size_t least, int low, int high, const char* what, int& out);
  bool name(const std::string_view* names, std::size_t count, std::size_t length, int& index);
  bool fraction(std::size_t digits);
  bool trailing_fraction(std::string_view suffix);
  bool skip(std::string_view prefix);
  Result<Time> assemble();

  std::unexpected<Error> bad(std::string_view element, std::string_view at) const {
    return fail(Errc::kInvalid, "parsing time {} as {}: cannot parse {} as {}", go_quote(text_), go_quote(layout_),
                go_quote(at), go_quote(element));
  }
  std::unexpected<Error> bad(std::string_view message) const {
    return fail(Errc::kInvalid, "parsing time {}: {}", go_quote(text_), message);
  }

  std::string_view layout_, text_, rest_;
  const char* out_of_range_ = nullptr;
  int year_ = 0, month_ = -1, day_ = -1, year_day_ = -1, hour_ = 0, minute_ = 0, second_ = 0;
  std::int32_t nanos_ = 0;
  bool pm_ = false, am_ = false, utc_ = false;
  std::optional<int> offset_;
  std::string zone_name_;
};

/// `least` to `most` digits.
bool TimeParser::number(std::size_t least, std::size_t most, int& out) {
  std::size_t n = 0;
  out = 0;
  while (n < most && digit_at(rest_, n)) out = out * 10 + (rest_[n++] - '0');
  if (n < least) return false;
  rest_.remove_prefix(n);
  return true;
}

bool TimeParser::ranged(std::size_t least, int low, int high, const char* what, int& out) {
  if (!number(least, 2, out)) return false;
  if (out < low || out > high) out_of_range_ = what;
  return true;
}

bool TimeParser::name(const std::string_view* names, std::size_t count, std::size_t length, int& index) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = names[i].substr(0, length);
    if (rest_.size() >= name.size() && equal_ignoring_case(rest_.substr(0, name.size()), name)) {
      rest_.remove_prefix(name.size());
      index = static_cast<int>(i);
      return true;
    }
  }
  return false;
}

/// A separator and so many digits.
bool TimeParser::fraction(std::size_t digits) {
  if (rest_.size() < digits + 1 || (rest_[0] != '.' && rest_[0] != ',')) return false;
  nanos_ = 0;
  for (std::size_t i = 0; i < std::max<std::size_t>(digits, 9); ++i) {
    if (i < digits && !digit_at(rest_, i + 1)) return false;
    if (i < 9) nanos_ = nanos_ * 10 + (i < digits ? rest_[i + 1] - '0' : 0);
  }
  rest_.remove_prefix(digits + 1);
  return true;
}

/// Seconds may have a fraction that the layout does not mention.
bool TimeParser::trailing_fraction(std::string_view suffix) {
  if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !digit_at(rest_, 1)) return true;
  const LayoutPart next = next_layout_element(suffix).part;
  if (next == LayoutPart::kFractionZeros || next == LayoutPart::kFractionNines) return true;
  std::size_t digits = 1;
  while (digit_at(rest_, digits + 1)) ++digits;
  return fraction(digits);
}

bool TimeParser::skip(std::string_view prefix) {
  while (!prefix.empty()) {
    if (prefix[0] == ' ') {
      if (!rest_.empty() && rest_[0] != ' ') return false;
      prefix.remove_prefix(std::min(prefix.find_first_not_of(' '), prefix.size()));
      rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
      continue;
    }
    if (rest_.empty() || rest_[0] != prefix[0]) return false;
    prefix.remove_prefix(1);
    rest_.remove_prefix(1);
  }
  return true;
}

bool TimeParser::date_element(const LayoutElement& element) {
  int index = 0;
  switch (element.part) {
    case LayoutPart::kYear:
      if (!number(2, 2, year_)) return false;
      year_ += year_ >= 69 ? 1900 : 2000;
      return true;
    case LayoutPart::kLongYear:
      return number(4, 4, year_);
    case LayoutPart::kMonth:
    case LayoutPart::kLongMonth:
      if (!name(kMonthNames, 12, element.part == LayoutPart::kMonth ? 3 : 9, index)) return false;
      month_ = index + 1;
      return true;
    case LayoutPart::kNumMonth:
    case LayoutPart::kZeroMonth:
      return ranged(element.part == LayoutPart::kZeroMonth ? 2 : 1, 1, 12, "month", month_);
    case LayoutPart::kWeekday:
      return name(kWeekdayNames, 7, 3, index);
    case LayoutPart::kLongWeekday:
      return name(kWeekdayNames, 7, 9, index);
    case LayoutPart::kUnderDay:
      if (rest_.starts_with(' ')) rest_.remove_prefix(1);
      [[fallthrough]];
    case LayoutPart::kDay:
      return number(1, 2, day_);
    case LayoutPart::kZeroDay:
      return number(2, 2, day_);
    case LayoutPart::kUnderYearDay:
      for (int i = 0; i < 2 && rest_.starts_with(' '); ++i) rest_.remove_prefix(1);
      return number(1, 3, year_day_);
    default:
      return number(3, 3, year_day_);
  }
}

bool TimeParser::clock_element(const LayoutElement& element) {
  switch (element.part) {
    case LayoutPart::kHour:
      return ranged(1, 0, 23, "hour", hour_);
    case LayoutPart::kHour12:
    case LayoutPart::kZeroHour12:
      return ranged(element.part == LayoutPart::kZeroHour12 ? 2 : 1, 0, 12, "hour", hour_);
    case LayoutPart::kMinute:
    case LayoutPart::kZeroMinute:
      return ranged(element.part == LayoutPart::kZeroMinute ? 2 : 1, 0, 59, "minute", minute_);
    case LayoutPart::kSecond:
    case LayoutPart::kZeroSecond:
      return ranged(element.part == LayoutPart::kZeroSecond ? 2 : 1, 0, 59, "second", second_) &&
             trailing_fraction(element.suffix);
    case LayoutPart::kPm:
    case LayoutPart::kLowerPm: {
      const bool upper = element.part == LayoutPart::kPm;
      const std::string_view word = rest_.substr(0, 2);
      pm_ = word == (upper ? "PM" : "pm");
      am_ = word == (upper ? "AM" : "am");
      if (!pm_ && !am_) return false;
      rest_.remove_prefix(2);
      return true;
    }
    case LayoutPart::kFractionZeros:
      return fraction(static_cast<std::size_t>(element.digits));
    default: {  // kFractionNines: any number of digits, or none at all
      if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !digit_at(rest_, 1)) return true;
      std::size_t digits = 1;
      while (digit_at(rest_, digits + 1)) ++digits;
      return fraction(digits);
    }
  }
}

bool TimeParser::zone_offset(LayoutPart part) {
  const bool colon = part == LayoutPart::kZColonZone || part == LayoutPart::kNumColonZone ||
                     part == LayoutPart::kZColonSecondsZone || part == LayoutPart::kNumColonSecondsZone;
  const bool only_hours = part == LayoutPart::kZShortZone || part == LayoutPart::kNumShortZone;
  const bool seconds = part == LayoutPart::kZSecondsZone || part == LayoutPart::kNumSecondsZone ||
                       part == LayoutPart::kZColonSecondsZone || part == LayoutPart::kNumColonSecondsZone;
  if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
  const int sign = rest_[0] == '-' ? -1 : 1;
  rest_.remove_prefix(1);
  int parts[3] = {0, 0, 0};
  const int count = only_hours ? 1 : seconds ? 3 : 2;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && colon) {
      if (!rest_.starts_with(':')) return false;
      rest_.remove_prefix(1);
    }
    if (!number(2, 2, parts[i])) return false;
  }
  if (parts[0] > 24) out_of_range_ = "time zone offset hour";
  if (parts[1] > 60) out_of_range_ = "time zone offset minute";
  if (parts[2] > 60) out_of_range_ = "time zone offset second";
  offset_ = sign * ((parts[0] * 60 + parts[1]) * 60 + parts[2]);
  return true;
}

/// Three to five capital letters, or a signed number of hours; what the name means is not known, so it counts as UTC.
bool TimeParser::zone_name() {
  if (rest_.starts_with("UTC")) {
    utc_ = true;
    rest_.remove_prefix(3);
    return true;
  }
  std::size_t n = 0;
  while (n < rest_.size() && rest_[n] >= 'A' && rest_[n] <= 'Z') ++n;
  if (n < 3 || n > 5) return false;
  zone_name_ = std::string(rest_.substr(0, n));
  rest_.remove_prefix(n);
  if (zone_name_ == "GMT" && rest_.size() > 1 && (rest_[0] == '+' || rest_[0] == '-') && digit_at(rest_, 1)) {
    const int sign = rest_[0] == '-' ? -1 : 1;
    zone_name_ += rest_[0];
    rest_.remove_prefix(1);
    int hours = 0;
    number(1, 2, hours);
    zone_name_ += std::to_string(hours);
    offset_ = sign * hours * 3600;
  }
  return true;
}

bool TimeParser::zone_element(LayoutPart part) {
  const bool may_be_z = part == LayoutPart::kZZone || part == LayoutPart::kZSecondsZone ||
                        part == LayoutPart::kZShortZone || part == LayoutPart::kZColonZone ||
                        part == LayoutPart::kZColonSecondsZone;
  if (part == LayoutPart::kZone) return zone_name();
  if (may_be_z && rest_.starts_with('Z')) {
    utc_ = true;
    rest_.remove_prefix(1);
    return true;
  }
  return zone_offset(part);
}

bool TimeParser::element(const LayoutElement& element) {
  switch (element.part) {
    case LayoutPart::kHour:
    case LayoutPart::kHour12:
    case LayoutPart::kZeroHour12:
    case LayoutPart::kMinute:
    case LayoutPart::kZeroMinute:
    case LayoutPart::kSecond:
    case LayoutPart::kZeroSecond:
    case LayoutPart::kPm:
    case LayoutPart::kLowerPm:
    case LayoutPart::kFractionZeros:
    case LayoutPart::kFractionNines:
      return clock_element(element);
    case LayoutPart::kZone:
    case LayoutPart::kZZone:
    case LayoutPart::kZSecondsZone:
    case LayoutPart::kZShortZone:
    case LayoutPart::kZColonZone:
    case LayoutPart::kZColonSecondsZone:
    case LayoutPart::kNumZone:
    case LayoutPart::kNumSecondsZone:
    case LayoutPart::kNumShortZone:
    case LayoutPart::kNumColonZone:
    case LayoutPart::kNumColonSecondsZone:
      return zone_element(element.part);
    default:
      return date_element(element);
  }
}

Result<Time> TimeParser::run() {
  std::string_view layout = layout_;
  for (;;) {
    const LayoutElement next = next_layout_element(layout);
    if (!skip(next.prefix)) return bad(next.prefix, rest_);
    if (next.part == LayoutPart::kNone) {
      if (!rest_.empty()) return bad("extra text: " + go_quote(rest_));
      return assemble();
    }
    const std::string_view hold = rest_;
    const bool ok = element(next);
    if (out_of_range_) return bad(std::string(out_of_range_) + " out of range");
    if (!ok) return bad(next.text, hold);
    layout = next.suffix;
  }
}

Result<Time> TimeParser::assemble() {
  if (pm_ && hour_ < 12) hour_ += 12;
  if (am_ && hour_ == 12) hour_ = 0;
  if (year_day_ >= 0) {
    const int days = days_in(2, year_) == 29 ? 366 : 365;
    if (year_day_ < 1 || year_day_ > days) return bad("day-of-year out of range");
    const CivilTime date = civil(from_civil(year_, 1, year_day_, 0, 0, 0, 0));
    if (month_ >= 0 && month_ != date.month) return bad("day-of-year does not match month");
    if (day_ >= 0 && day_ != date.day) return bad("day-of-year does not match day");
    month_ = date.month;
    day_ = date.day;
  }
  if (month_ < 0) month_ = 1;
  if (day_ < 0) day_ = 1;
  if (day_ < 1 || day_ > days_in(month_, year_)) return bad("day out of range");
  Time time = from_civil(year_, month_, day_, hour_, minute_, second_, nanos_);
  if (utc_) return time;
  if (offset_) {
    time.seconds -= *offset_;
    if (*offset_ != 0 || (!zone_name_.empty() && zone_name_ != "UTC")) time.zone = fixed_zone(zone_name_, *offset_);
  } else if (!zone_name_.empty()) {
    time.zone = fixed_zone(zone_name_, 0);
  }
  return time;
}

}  // namespace

Result<Time> parse_time(std::string_view layout, std::string_view text) {
  return TimeParser(layout, text).run();
}

}  // namespace tocsin::tmpl
