#pragma once
// Health of the host and of the servers, from what was asked last; and the bodies that say it.

#include <optional>
#include <string>
#include <vector>

#include "agent/asked.hpp"
#include "base/clock.hpp"

namespace tocsin::agent {

enum class Health { kHealthy, kDegraded, kUnhealthy };
std::string_view health_text(Health health);

/// Percent from which on a part of the host is degraded.
struct HealthThresholds {
  double cpu = 80, memory = 85, disk = 90;
};

/// Seconds of all processors, since the host's start.
struct CpuTimes {
  double busy = 0, total = 0;
};

struct SystemHealth {
  struct Disk {
    std::string mountpoint;
    double used_percent = 0;
  };
  std::optional<double> cpu_percent, memory_percent;
  std::vector<Disk> disks;  // writable ones that are no memory, fullest first
};

/// Of the pages of the collectors cpu, meminfo and filesystem; what they do not tell is left out.
std::optional<CpuTimes> cpu_times(const expo::RenderedPage& cpu);
std::optional<double> cpu_percent(const CpuTimes& before, const CpuTimes& now);
std::optional<double> memory_percent(const expo::RenderedPage& meminfo);
std::vector<SystemHealth::Disk> disks(const expo::RenderedPage& filesystem);

Health of(const SystemHealth& system, const HealthThresholds& thresholds);
/// Unhealthy: it failed, or has never answered. Degraded: it is late.
Health of(const Asked& asked);

/// All targets of one source.
struct SourceHealth {
  std::string kind;
  std::vector<std::shared_ptr<Asked>> targets;
};
/// Healthy if all targets are, unhealthy if all are, else degraded.
Health of(const SourceHealth& source);
/// The worst; healthy if there are none.
Health worst(const std::vector<Health>& all);

/// What the bodies are made of.
struct HealthReport {
  Timestamp now = 0;
  MonoTime mono{0};
  bool has_system = false;
  SystemHealth system;
  HealthThresholds thresholds;
  std::vector<SourceHealth> sources;
};

struct HealthBody {
  Health health = Health::kHealthy;
  std::string json;
};
/// {"status","timestamp"}: it answers, so it is healthy.
HealthBody health_of_agent(const HealthReport& report);
/// {"status","checks":{"system","database",<kind>...},"timestamp"}
HealthBody health_summary(const HealthReport& report);
/// The same with "components": a list of targets with status, message, responseTime (ms), lastCheck; and "system".
HealthBody health_details(const HealthReport& report);
/// {"status","cpu":{"status","usage","threshold"},"memory","disk":{...,"mountpoint"},"filesystems":[...],"timestamp"}
HealthBody health_of_system(const HealthReport& report);
/// {"status","checks":{<kind>...},"databases":[...],"timestamp"}: PostgreSQL and MySQL.
HealthBody health_of_databases(const HealthReport& report);

}  // namespace tocsin::agent
