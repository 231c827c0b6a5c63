#include "exporters/postgres/settings.hpp"

#include <algorithm>
#include <optional>

#include "base/float_text.hpp"

namespace tocsin::exporters::postgres {

namespace {

struct Unit {
  std::string_view name;
  std::string_view becomes;
  double factor;
};
constexpr Unit kUnits[] = {{"ms", "seconds", 0.001},   {"s", "seconds", 1},
                           {"min", "seconds", 60},     {"h", "seconds", 3600},
                           {"d", "seconds", 86400},    {"B", "bytes", 1},
                           {"kB", "bytes", 1024},      {"MB", "bytes", 1 << 20},
                           {"GB", "bytes", 1 << 30},   {"TB", "bytes", 1024.0 * (1 << 30)},
                           {"1kB", "bytes", 1024},     {"2kB", "bytes", 2048},
                           {"4kB", "bytes", 4096},     {"8kB", "bytes", 8192},
                           {"16kB", "bytes", 16384},   {"32kB", "bytes", 32768},
                           {"64kB", "bytes", 65536},   {"16MB", "bytes", 1 << 24},
                           {"32MB", "bytes", 1 << 25}, {"64MB", "bytes", 1 << 26}};

/// Amazon's Aurora writes units behind some values: "2000MB". They are cut off, as postgres_exporter does it.
std::string_view without_unit(std::string_view setting) {
  const std::size_t end = setting.find_last_of("0123456789");
  return end == setting.npos ? setting : setting.substr(0, end + 1);
}

struct Reading {
  double value = 0;
  std::string_view unit;
};

std::optional<Reading> read_setting(std::string_view setting, std::string_view unit, bool boolean) {
  Reading reading;
  if (boolean) {
    reading.value = setting == "on" ? 1 : 0;
    return reading;
  }
  if (!parse_float(without_unit(setting), reading.value)) return std::nullopt;
  if (unit.empty()) return reading;
  const auto* const known = std::ranges::find(kUnits, unit, &Unit::name);
  if (known == std::end(kUnits)) return std::nullopt;
  reading.unit = known->becomes;
  if (reading.value == -1) return reading;  // "not set", whatever the unit
  // Milliseconds are divided: 0.001 has no exact double.
  reading.value = known->factor < 1 ? reading.value / 1000 : reading.value * known->factor;
  return reading;
}

}  // namespace

Result<void> put_settings(const Rows& rows, Style style, std::string_view server, expo::Page& page) {
  const model::LabelView labels[] = {{"server", server}};
  const std::span<const model::LabelView> carried(labels, style == Style::k011 ? 1 : 0);
  std::string problem, name, help;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto text = [&](std::size_t column) { return rows.value(row, column).value_or(std::string_view{}); };
    const auto reading = read_setting(text(1), text(2), text(4) == "bool");
    if (!reading) {
      if (problem.empty()) problem = fmt::format("setting {}: {} {}", text(0), text(1), text(2));
      continue;
    }
    name = "pg_settings_";
    for (const char c : text(0)) name += c == '.' || c == '-' ? '_' : c;
    std::string_view description = text(3);
    if (style == Style::k020) {
      help = fmt::format("Server Parameter: {}", text(0));
      description = help;
    }
    if (!reading->unit.empty()) {
      name += '_';
      name += reading->unit;
      help = fmt::format("{} [Units converted to {}.]", description, reading->unit);
      description = help;
    }
    page.family(name, description, model::MetricType::kGauge).put(carried, reading->value);
  }
  if (!problem.empty()) return fail(Errc::kExecution, "no number: {}", problem);
  return {};
}

}  // namespace tocsin::exporters::postgres
