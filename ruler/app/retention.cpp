#include "app/retention.hpp"

#include <algorithm>
#include <array>

#include "base/duration.hpp"

namespace tocsin::app {
namespace {

/// "1GiB512MiB", as Go's alecthomas/units prints it.
std::string byte_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits{"EiB", "PiB", "TiB", "GiB", "MiB", "KiB", "B"};
  std::string text;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::uint64_t unit = std::uint64_t{1} << (10 * (kUnits.size() - 1 - i));
    if (bytes >= unit) text += fmt::format("{}{}", bytes / unit, kUnits[i]);
    bytes %= unit;
  }
  return text;
}

}  // namespace

RetentionLimits retention_of(const Flags& flags, const config::PrometheusConfig* config) {
  RetentionLimits limits{flags.retention, flags.retention_bytes, 0};
  if (!config) return limits;
  const auto& storage = config->storage;
  if (storage.retention_time > Duration{0}) limits.time = storage.retention_time;
  if (storage.retention_size > 0) limits.bytes = storage.retention_size;
  limits.percentage = storage.retention_percentage;
  return limits;
}

std::string retention_text(const RetentionLimits& limits) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " or ") + part; };
  if (limits.time > Duration{0}) add(format_duration(limits.time));
  if (limits.bytes > 0) add(byte_text(limits.bytes));
  if (limits.percentage > 0) add(fmt::format("{}%", limits.percentage));
  return text;
}

Duration longest_block(const RetentionLimits& limits) {
  const Duration most = std::chrono::hours(24) * 31;
  return limits.time > Duration{0} ? std::min(most, limits.time / 10) : most;
}

}  // namespace tocsin::app
