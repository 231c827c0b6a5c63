#include "agent/health.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "agent/page_values.hpp"

namespace tocsin::agent {

std::string_view health_text(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "healthy";
    case Health::kDegraded:
      return "degraded";
    case Health::kUnhealthy:
      break;
  }
  return "unhealthy";
}

std::optional<CpuTimes> cpu_times(const expo::RenderedPage& cpu) {
  CpuTimes times;
  for_each_series(cpu, "node_cpu_seconds_total", [&](std::string_view labels, double seconds) {
    times.total += seconds;
    const std::string mode = label_value(labels, "mode");
    if (mode != "idle" && mode != "iowait") times.busy += seconds;
  });
  if (!(times.total > 0)) return std::nullopt;
  return times;
}

std::optional<double> cpu_percent(const CpuTimes& before, const CpuTimes& now) {
  const double total = now.total - before.total;
  if (!(total > 0)) return std::nullopt;
  return std::clamp((now.busy - before.busy) / total * 100, 0.0, 100.0);
}

std::optional<double> memory_percent(const expo::RenderedPage& meminfo) {
  const auto total = sum_of(meminfo, "node_memory_MemTotal_bytes");
  const auto available = sum_of(meminfo, "node_memory_MemAvailable_bytes");
  if (!total || !available || !(*total > 0)) return std::nullopt;
  return (1 - *available / *total) * 100;
}

/// As df has it: what is used, of what is used or may be. A file system in memory, or one that nobody can fill, is none
/// to be afraid for.
std::vector<SystemHealth::Disk> disks(const expo::RenderedPage& filesystem) {
  struct Sizes {
    double size = 0, free = 0, available = 0;
    bool ignored = false;
  };
  std::map<std::string, Sizes> by_mountpoint;
  const auto read = [&](std::string_view family, auto take) {
    for_each_series(filesystem, family, [&](std::string_view labels, double value) {
      Sizes& sizes = by_mountpoint[label_value(labels, "mountpoint")];
      const std::string type = label_value(labels, "fstype");
      if (type == "tmpfs" || type == "ramfs") sizes.ignored = true;
      take(sizes, value);
    });
  };
  read("node_filesystem_size_bytes", [](Sizes& sizes, double value) { sizes.size = value; });
  read("node_filesystem_free_bytes", [](Sizes& sizes, double value) { sizes.free = value; });
  read("node_filesystem_avail_bytes", [](Sizes& sizes, double value) { sizes.available = value; });
  read("node_filesystem_readonly", [](Sizes& sizes, double value) { sizes.ignored |= value != 0; });
  std::vector<SystemHealth::Disk> disks;
  for (const auto& [mountpoint, sizes] : by_mountpoint) {
    const double used = sizes.size - sizes.free, most = used + sizes.available;
    if (!sizes.ignored && most > 0) disks.push_back({mountpoint, used / most * 100});
  }
  std::sort(disks.begin(), disks.end(), [](const auto& a, const auto& b) {
    return std::tie(b.used_percent, a.mountpoint) < std::tie(a.used_percent, b.mountpoint);
  });
  return disks;
}

Health of(const SystemHealth& system, const HealthThresholds& thresholds) {
  const bool degraded = system.cpu_percent.value_or(0) > thresholds.cpu ||
                        system.memory_percent.value_or(0) > thresholds.memory ||
                        (!system.disks.empty() && system.disks.front().used_percent > thresholds.disk);
  return degraded ? Health::kDegraded : Health::kHealthy;
}

Health of(const Asked& asked) {
  if (!asked.success) return Health::kUnhealthy;
  return asked.late ? Health::kDegraded : Health::kHealthy;
}

Health of(const SourceHealth& source) {
  std::vector<Health> all;
  for (const auto& target : source.targets) all.push_back(of(*target));
  const auto well = std::count_if(all.begin(), all.end(), [](Health health) { return health != Health::kUnhealthy; });
  if (well > 0 && worst(all) == Health::kUnhealthy) return Health::kDegraded;
  return worst(all);
}

Health worst(const std::vector<Health>& all) {
  return all.empty() ? Health::kHealthy : *std::max_element(all.begin(), all.end());
}

}  // namespace tocsin::agent
