#pragma once
// The answer of INFO, and what it says in metrics.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "exporters/redis/metrics.hpp"

namespace tocsin::exporters::redis {

/// The value of the first line "field:value", or "".
std::string_view info_value(std::string_view info, std::string_view field);
/// There is a line "# section".
bool has_section(std::string_view info, std::string_view section);

struct CommandStat {
  double calls = 0, microseconds = 0;
};
using CommandStats = std::map<std::string, CommandStat, std::less<>>;

struct InfoOptions {
  std::int64_t now_seconds = 0;  // since the Unix epoch
  std::int64_t databases = 0;    // so many are shown, empty ones too
  bool include_system_metrics = false;
};

/// Puts all that INFO says. Lines that make no sense are left out. @return the commands' statistics.
CommandStats put_info(Metrics& metrics, std::string_view info, const InfoOptions& options);

/// Puts what CLUSTER INFO says, and other texts of "field:value" lines.
void put_fields(Metrics& metrics, std::string_view text);

/// Puts one field if it is shown, by whatever name. Source: redis_exporter, parseAndRegisterConstMetric().
void put_field(Metrics& metrics, std::string_view field, std::string_view value);

/// Puts the modules of INFO MODULES.
void put_modules(Metrics& metrics, std::string_view text);

}  // namespace tocsin::exporters::redis
