// Numbers for people. Source: Prometheus template/template.go and prometheus/common helpers/templates/time.go.

#include <cmath>
#include <string_view>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "template/functions.hpp"
#include "template/go_format.hpp"

namespace tocsin::tmpl {

namespace {

std::string four_digits(double value) {
  return format_float(value, 'g', 4);
}

/// Divides (or multiplies) by `step` until the magnitude fits, and names the last prefix used.
std::string scaled(double value, double step, std::string_view prefixes, std::size_t prefix_size, bool up) {
  std::string_view prefix;
  while (!prefixes.empty() && (up ? std::fabs(value) >= step : std::fabs(value) < 1)) {
    prefix = prefixes.substr(0, prefix_size);
    prefixes.remove_prefix(prefix_size);
    value = up ? value / step : value * step;
  }
  return four_digits(value) + std::string(prefix);
}

}  // namespace

Result<double> to_float(const Value& value) {
  if (value.is_nil()) return fail(Errc::kExecution, "can't convert <nil> to float");
  switch (value.kind()) {
    case Kind::kFloat:
      return value.as_float();
    case Kind::kInt:
      if (value.type() == &kDurationType || value.type() == &kDurationPointerType)
        return to_seconds(value.as_duration());
      return static_cast<double>(value.as_int());
    case Kind::kUint:
      return static_cast<double>(value.as_uint());
    case Kind::kString: {
      double number = 0;
      if (parse_float(value.as_string(), number)) return number;
      return fail(Errc::kExecution, "strconv.ParseFloat: parsing {}: invalid syntax", go_quote(value.as_string()));
    }
    default:
      return fail(Errc::kExecution, "can't convert {} to float", value.type_name());
  }
}

std::string humanize(double value) {
  if (value == 0 || std::isnan(value) || std::isinf(value)) return four_digits(value);
  if (std::fabs(value) >= 1) return scaled(value, 1000, "kMGTPEZY", 1, true);
  return scaled(value, 1000, "munpfazy", 1, false);
}

std::string humanize1024(double value) {
  if (std::fabs(value) <= 1 || std::isnan(value) || std::isinf(value)) return four_digits(value);
  return scaled(value, 1024, "kiMiGiTiPiEiZiYi", 2, true);
}

std::string humanize_duration(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return four_digits(seconds);
  if (seconds == 0) return four_digits(seconds) + "s";
  if (std::fabs(seconds) < 1) return scaled(seconds, 1000, "munpfazy", 1, false) + "s";
  const std::string sign = seconds < 0 ? "-" : "";
  const double magnitude = std::fabs(seconds);
  // Durations beyond what an int64 counts are shown plainly.
  if (magnitude >= 9.2e18) return sign + four_digits(magnitude) + "s";
  const auto whole = static_cast<std::int64_t>(magnitude);
  const std::int64_t s = whole % 60, m = whole / 60 % 60, h = whole / 3600 % 24, d = whole / 86400;
  if (d != 0) return fmt::format("{}{}d {}h {}m {}s", sign, d, h, m, s);
  if (h != 0) return fmt::format("{}{}h {}m {}s", sign, h, m, s);
  if (m != 0) return fmt::format("{}{}m {}s", sign, m, s);
  return sign + four_digits(magnitude) + "s";
}

std::string humanize_percentage(double ratio) {
  return four_digits(ratio * 100) + "%";
}

Result<Time> float_to_time(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return fail(Errc::kExecution, "value is NaN or Inf");
  const double nanos = seconds * 1e9;
  if (nanos >= 0x1p63 || nanos < -0x1p63) {
    return fail(Errc::kExecution, "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
                format_float_g(seconds));
  }
  // Prometheus' times count milliseconds.
  return Time::from_ms(static_cast<std::int64_t>(nanos) / 1'000'000);
}

Result<std::string> humanize_timestamp(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return four_digits(seconds);
  TOCSIN_TRY(const Time time, float_to_time(seconds));
  return time_text(time);
}

}  // namespace tocsin::tmpl
