// The bodies of /health and its like.

#include <algorithm>
#include <array>
#include <cmath>

#include "agent/health.hpp"
#include "agent/page_values.hpp"
#include "base/json_string.hpp"
#include "base/strings.hpp"

namespace tocsin::agent {
namespace {

/// Objects and lists, written as they come.
class Json {
 public:
  Json& open(char bracket) {
    comma();
    text_ += bracket;
    fresh_ = true;
    return *this;
  }
  Json& close(char bracket) {
    text_ += bracket;
    fresh_ = false;
    return *this;
  }
  Json& key(std::string_view name) {
    comma();
    append_json_string(text_, name);
    text_ += ':';
    fresh_ = true;
    return *this;
  }
  Json& string(std::string_view value) {
    comma();
    append_json_string(text_, value);
    return *this;
  }
  /// Two digits behind the point at most.
  Json& number(double value) {
    comma();
    if (std::isfinite(value)) {
      text_ += fmt::format("{}", std::round(value * 100) / 100);
    } else {
      text_ += "null";
    }
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  void comma() {
    if (!std::exchange(fresh_, false)) text_ += ',';
  }
  std::string text_;
  bool fresh_ = true;
};

bool is_database(std::string_view kind) {
  return kind == "postgres" || kind == "mysql";
}

std::vector<Health> databases(const HealthReport& report) {
  std::vector<Health> all;
  for (const SourceHealth& source : report.sources) {
    if (is_database(source.kind)) all.push_back(of(source));
  }
  return all;
}

Health overall(const HealthReport& report) {
  std::vector<Health> all;
  if (report.has_system) all.push_back(of(report.system, report.thresholds));
  for (const SourceHealth& source : report.sources) all.push_back(of(source));
  return worst(all);
}

void put_status(Json& json, Health health) {
  json.key("status").string(health_text(health));
}

void put_timestamp(Json& json, const HealthReport& report) {
  json.key("timestamp").string(format_rfc3339(report.now));
}

void put_checks(Json& json, const HealthReport& report) {
  json.key("checks").open('{');
  if (report.has_system) json.key("system").string(health_text(of(report.system, report.thresholds)));
  if (const auto all = databases(report); !all.empty()) json.key("database").string(health_text(worst(all)));
  for (const SourceHealth& source : report.sources) json.key(source.kind).string(health_text(of(source)));
  json.close('}');
}

/// The first family of these that the target's page has.
std::optional<double> first_of(const Asked& asked, std::initializer_list<std::string_view> families) {
  for (const std::string_view family : families) {
    if (!asked.last) break;
    if (const auto sum = sum_of(*asked.last, family)) return sum;
  }
  return std::nullopt;
}

void put_target(Json& json, const HealthReport& report, const Asked& asked) {
  json.key("name").string(asked.collector).key("target").string(asked.target);
  put_status(json, of(asked));
  if (!asked.problem.empty()) json.key("message").string(asked.problem);
  if (asked.problem.empty() && (asked.late || !asked.last)) json.key("message").string("no answer in time");
  if (!asked.last) return;
  json.key("responseTime").number(to_seconds(asked.duration) * 1000);
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(report.mono - asked.finished_at).count();
  json.key("lastCheck").string(format_rfc3339(report.now - age));
}

void put_percent(Json& json, std::string_view name, std::optional<double> usage, double threshold,
                 std::string_view mountpoint = {}) {
  if (!usage) return;
  json.key(name).open('{');
  put_status(json, *usage > threshold ? Health::kDegraded : Health::kHealthy);
  json.key("usage").number(*usage).key("threshold").number(threshold);
  if (!mountpoint.empty()) json.key("mountpoint").string(mountpoint);
  json.close('}');
}

void put_system(Json& json, const HealthReport& report) {
  const SystemHealth& system = report.system;
  put_percent(json, "cpu", system.cpu_percent, report.thresholds.cpu);
  put_percent(json, "memory", system.memory_percent, report.thresholds.memory);
  if (system.disks.empty()) return;
  put_percent(json, "disk", system.disks.front().used_percent, report.thresholds.disk, system.disks.front().mountpoint);
  json.key("filesystems").open('[');
  for (const auto& disk : system.disks) {
    json.open('{').key("mountpoint").string(disk.mountpoint).key("usage").number(disk.used_percent).close('}');
  }
  json.close(']');
}

}  // namespace

HealthBody health_of_agent(const HealthReport& report) {
  Json json;
  json.open('{');
  put_status(json, Health::kHealthy);
  put_timestamp(json, report);
  json.close('}');
  return {Health::kHealthy, json.take()};
}

HealthBody health_summary(const HealthReport& report) {
  Json json;
  const Health health = overall(report);
  json.open('{');
  put_status(json, health);
  put_checks(json, report);
  put_timestamp(json, report);
  json.close('}');
  return {health, json.take()};
}

HealthBody health_details(const HealthReport& report) {
  Json json;
  const Health health = overall(report);
  json.open('{');
  put_status(json, health);
  put_checks(json, report);
  json.key("components").open('[');
  for (const SourceHealth& source : report.sources) {
    for (const auto& target : source.targets) {
      json.open('{');
      put_target(json, report, *target);
      json.close('}');
    }
  }
  json.close(']');
  if (report.has_system) {
    json.key("system").open('{');
    put_status(json, of(report.system, report.thresholds));
    put_system(json, report);
    json.close('}');
  }
  put_timestamp(json, report);
  json.close('}');
  return {health, json.take()};
}

HealthBody health_of_system(const HealthReport& report) {
  Json json;
  const Health health = of(report.system, report.thresholds);
  json.open('{');
  put_status(json, health);
  put_system(json, report);
  put_timestamp(json, report);
  json.close('}');
  return {health, json.take()};
}

HealthBody health_of_databases(const HealthReport& report) {
  Json json;
  const Health health = worst(databases(report));
  json.open('{');
  put_status(json, health);
  json.key("checks").open('{');
  for (const SourceHealth& source : report.sources) {
    if (is_database(source.kind)) json.key(source.kind).string(health_text(of(source)));
  }
  json.close('}').key("databases").open('[');
  for (const SourceHealth& source : report.sources) {
    if (!is_database(source.kind)) continue;
    for (const auto& target : source.targets) {
      json.open('{');
      put_target(json, report, *target);
      const auto used = first_of(*target, {"pg_stat_activity_count", "mysql_global_status_threads_connected"});
      const auto most = first_of(*target, {"pg_settings_max_connections", "mysql_global_variables_max_connections"});
      if (used) json.key("connections").number(*used);
      if (most) json.key("maxConnections").number(*most);
      json.close('}');
    }
  }
  json.close(']');
  put_timestamp(json, report);
  json.close('}');
  return {health, json.take()};
}

}  // namespace tocsin::agent
