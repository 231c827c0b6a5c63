#include "exporters/redis/info.hpp"

#include <charconv>
#include <set>

#include "base/float_text.hpp"
#include "exporters/redis/info_fields.hpp"
#include "exporters/redis/text.hpp"

namespace tocsin::exporters::redis {
namespace {

using Type = model::MetricType;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Of "master_host" and KeyDB's "master_1_host" the "host"; "" of other fields.
std::string_view master_field(std::string_view field) {
  if (!field.starts_with("master_")) return {};
  field.remove_prefix(sizeof("master_") - 1);
  const std::size_t end = field.find('_');
  if (end != std::string_view::npos && is_digits(field.substr(0, end))) field.remove_prefix(end + 1);
  return field;
}

/// A number that stands alone, or as the words of INFO have it.
std::optional<double> field_number(std::string_view value) {
  if (value == "ok" || value == "true") return 1;
  if (value == "err" || value == "fail" || value == "false") return 0;
  return to_double(value);
}

class InfoReader {
 public:
  InfoReader(Metrics& metrics, const InfoOptions& options) : metrics_(metrics), options_(options) {}

  void read(std::string_view info) {
    while (!info.empty()) {
      const std::string_view line = take_line(info);
      if (line.starts_with("# ")) {
        section_ = line.substr(2);
        continue;
      }
      std::string_view value = line;
      const std::string_view field = take_part(value, ':');
      if (field.size() == line.size() || field.empty()) continue;
      take(field, value);
    }
    put_latencies();
    put_empty_databases();
    put_instance();
  }

  CommandStats commands() && { return std::move(commands_); }

 private:
  struct Latency {
    std::string_view command;
    std::vector<expo::Quantile> quantiles;
  };

  void take(std::string_view field, std::string_view value) {
    remember(field, value);
    if (section_ == "Commandstats") return command_stat(field, value);
    if (section_ == "Latencystats") return latency_stat(field, value);
    if (section_ == "Errorstats") return error_stat(field, value);
    if (section_ == "Replication" && replication(field, value)) return;
    if (section_ == "Keyspace" && keyspace(field, value)) return;
    if (section_ == "Server") server(field, value);
    if (section_ == "Sentinel") sentinel(field, value);
    if (field == "total_system_memory" && options_.include_system_metrics) {
      if (const auto bytes = to_double(value)) metrics_.gauge("redis_total_system_memory_bytes", *bytes);
    }
    put_field(metrics_, field, value);
    // The name that alert collections ask for.
    if (field == "mem_fragmentation_ratio") {
      if (const auto ratio = to_double(value)) metrics_.gauge("redis_memory_fragmentation_ratio", *ratio);
    }
  }

  void remember(std::string_view field, std::string_view value) {
    for (auto& [name, kept] : kept_) {
      if (name == field) kept = value;
    }
    if (const std::string_view master = master_field(field); !master.empty()) {
      if (master.starts_with("host")) master_host_ = value;
      if (master.starts_with("port")) master_port_ = value;
    }
  }
  std::optional<std::string_view> kept(std::string_view field) const {
    for (const auto& [name, value] : kept_) {
      if (name == field) return value;
    }
    return std::nullopt;
  }

  /// cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0; before 6.2 without the last two.
  void command_stat(std::string_view field, std::string_view value) {
    constexpr std::string_view kPrefix = "cmdstat_";
    if (!field.starts_with(kPrefix)) return;
    const std::string_view command = field.substr(kPrefix.size());
    std::optional<double> calls, microseconds, rejected, failed;
    each_pair(value, ',', [&](std::string_view key, std::string_view number) {
      if (key == "calls") calls = to_double(number);
      if (key == "usec") microseconds = to_double(number);
      if (key == "rejected_calls") rejected = to_double(number);
      if (key == "failed_calls") failed = to_double(number);
    });
    if (!calls || !microseconds) return;
    commands_.insert_or_assign(std::string(command), CommandStat{*calls, *microseconds});
    metrics_.counter("redis_commands_total", *calls, {{"cmd", command}});
    metrics_.counter("redis_commands_duration_seconds_total", *microseconds / 1e6, {{"cmd", command}});
    if (rejected) metrics_.counter("redis_commands_rejected_calls_total", *rejected, {{"cmd", command}});
    if (failed) metrics_.counter("redis_commands_failed_calls_total", *failed, {{"cmd", command}});
  }

  /// latency_percentiles_usec_ping:p50=0.001,p99=1.003,p99.9=3.007
  void latency_stat(std::string_view field, std::string_view value) {
    constexpr std::string_view kPrefix = "latency_percentiles_usec_";
    if (!field.starts_with(kPrefix)) return;
    Latency latency{field.substr(kPrefix.size()), {}};
    bool good = true;
    each_pair(value, ',', [&](std::string_view key, std::string_view number) {
      const auto quantile = key.starts_with('p') ? to_double(key.substr(1)) : std::nullopt;
      const auto microseconds = to_double(number);
      good = good && quantile && microseconds;
      if (good) latency.quantiles.push_back({*quantile, *microseconds});
    });
    if (good) latencies_.push_back(std::move(latency));
  }

  /// errorstat_NOAUTH:count=3
  void error_stat(std::string_view field, std::string_view value) {
    constexpr std::string_view kPrefix = "errorstat_";
    if (!field.starts_with(kPrefix) || !value.starts_with("count=")) return;
    const auto count = to_double(value.substr(sizeof("count=") - 1));
    if (count) metrics_.counter("redis_errors_total", *count, {{"err", field.substr(kPrefix.size())}});
  }

  bool replication(std::string_view field, std::string_view value) {
    const std::string_view master = master_field(field);
    if (master.starts_with("link_status")) {
      of_master("redis_master_link_up", value == "up" ? 1 : 0);
      return true;
    }
    if (master.starts_with("last_io_seconds_ago")) {
      of_master("redis_master_last_io_seconds_ago", to_whole_or_zero(value));
      return true;
    }
    if (master.starts_with("sync_in_progress")) {
      of_master("redis_master_sync_in_progress", to_whole_or_zero(value));
      return true;
    }
    if (field == "slave_repl_offset") {
      of_master("redis_slave_repl_offset", to_whole_or_zero(value));
      return true;
    }
    return connected_slave(field, value);
  }
  void of_master(std::string_view family, double value) {
    metrics_.gauge(family, value, {{"master_host", master_host_}, {"master_port", master_port_}});
  }

  /// slave0:ip=10.254.11.1,port=6379,state=online,offset=1751844676,lag=0; before 3.0 without the lag.
  bool connected_slave(std::string_view field, std::string_view value) {
    if (!field.starts_with("slave") || !is_digits(field.substr(5, 1))) return false;
    std::string_view ip, port, state, lag;
    std::optional<double> offset;
    each_pair(value, ',', [&](std::string_view key, std::string_view text) {
      if (key == "ip") ip = text;
      if (key == "port") port = text;
      if (key == "state") state = text;
      if (key == "lag") lag = text;
      if (key == "offset") offset = to_double(text);
    });
    const auto seconds = lag.empty() ? std::optional<double>(-1) : to_double(lag);
    if (!offset || !seconds) return false;
    const Metrics::Labels labels = {{"slave_ip", ip}, {"slave_port", port}, {"slave_state", state}};
    metrics_.gauge("redis_connected_slave_offset_bytes", *offset, labels);
    if (*seconds > -1) metrics_.gauge("redis_connected_slave_lag_seconds", *seconds, labels);
    return true;
  }

  /// db0:keys=1,expires=0,avg_ttl=0,cached_keys=0; the last is KeyDB's.
  bool keyspace(std::string_view field, std::string_view value) {
    if (!field.starts_with("db")) return false;
    std::optional<double> keys, expires, ttl, cached;
    each_pair(value, ',', [&](std::string_view key, std::string_view number) {
      if (key == "keys") keys = to_double(number);
      if (key == "expires") expires = to_double(number);
      if (key == "avg_ttl") ttl = to_double(number);
      if (key == "cached_keys") cached = to_double(number);
    });
    if (!keys || !expires) return false;
    const Metrics::Labels labels = {{"db", field}};
    metrics_.gauge("redis_db_keys", *keys, labels);
    metrics_.gauge("redis_db_keys_expiring", *expires, labels);
    if (cached) metrics_.gauge("redis_db_keys_cached", *cached, labels);
    if (ttl) metrics_.gauge("redis_db_avg_ttl_seconds", *ttl / 1000, labels);
    databases_.emplace(field);
    return true;
  }

  void server(std::string_view field, std::string_view value) {
    const auto number = to_double(value);
    if (!number) return;
    if (field == "uptime_in_seconds") {
      metrics_.gauge("redis_start_time_seconds", static_cast<double>(options_.now_seconds) - *number);
    }
    if (field == "configured_hz") metrics_.gauge("redis_configured_hz", *number);
    if (field == "hz") metrics_.gauge("redis_hz", *number);
  }

  /// master0:name=user03,status=sdown,address=192.169.2.52:6381,slaves=1,sentinels=5
  void sentinel(std::string_view field, std::string_view value) {
    if (field == "sentinel_masters" || field == "sentinel_tilt" || field == "sentinel_running_scripts" ||
        field == "sentinel_scripts_queue_length" || field == "sentinel_simulate_failure_flags") {
      metrics_.gauge("redis_" + std::string(field), to_whole_or_zero(value));
      return;
    }
    if (!field.starts_with("master") || !is_digits(field.substr(6, 1))) return;
    std::string_view name, status, address;
    std::optional<double> slaves, sentinels;
    each_pair(value, ',', [&](std::string_view key, std::string_view text) {
      if (key == "name") name = text;
      if (key == "status") status = text;
      if (key == "address") address = text;
      if (key == "slaves") slaves = to_double(text);
      if (key == "sentinels") sentinels = to_double(text);
    });
    if (!slaves || !sentinels) return;
    metrics_.gauge("redis_sentinel_master_status", status == "ok" ? 1 : 0,
                   {{"master_name", name}, {"master_address", address}, {"master_status", status}});
    const Metrics::Labels labels = {{"master_name", name}, {"master_address", address}};
    metrics_.gauge("redis_sentinel_master_slaves", *slaves, labels);
    metrics_.gauge("redis_sentinel_master_sentinels", *sentinels, labels);
  }

  void put_latencies() {
    for (const Latency& latency : latencies_) {
      const auto command = commands_.find(latency.command);
      if (command == commands_.end()) continue;
      metrics_.summary("redis_latency_percentiles_usec", {{"cmd", latency.command}}, latency.quantiles,
                       command->second.microseconds, command->second.calls);
    }
  }

  void put_empty_databases() {
    for (std::int64_t i = 0; i < options_.databases; ++i) {
      const std::string name = fmt::format("db{}", i);
      if (databases_.contains(name)) continue;
      metrics_.gauge("redis_db_keys", 0, {{"db", name}});
      metrics_.gauge("redis_db_keys_expiring", 0, {{"db", name}});
    }
  }

  void put_instance() {
    std::vector<model::LabelView> labels;
    for (const std::string_view name : {"role", "redis_version", "redis_build_id", "redis_mode", "os",
                                        "maxmemory_policy", "tcp_port", "run_id", "process_id"}) {
      labels.push_back({name, kept(name).value_or("")});
    }
    for (const std::string_view name : {"valkey_version", "valkey_release_stage"}) {
      if (const auto value = kept(name); value && !value->empty()) labels.push_back({name, *value});
    }
    metrics_.put(metrics_.family("redis_instance_info", Type::kGauge), 1, labels);
    if (kept("role") != "slave") return;
    metrics_.gauge("redis_slave_info", 1,
                   {{"master_host", kept("master_host").value_or("")},
                    {"master_port", kept("master_port").value_or("")},
                    {"read_only", kept("slave_read_only").value_or("")}});
  }

  Metrics& metrics_;
  const InfoOptions& options_;
  std::string_view section_, master_host_, master_port_;
  CommandStats commands_;
  std::vector<Latency> latencies_;
  std::set<std::string, std::less<>> databases_;
  std::pair<std::string_view, std::string_view> kept_[14] = {{"role", {}},
                                                             {"redis_version", {}},
                                                             {"redis_build_id", {}},
                                                             {"redis_mode", {}},
                                                             {"os", {}},
                                                             {"maxmemory_policy", {}},
                                                             {"tcp_port", {}},
                                                             {"run_id", {}},
                                                             {"process_id", {}},
                                                             {"master_host", {}},
                                                             {"master_port", {}},
                                                             {"slave_read_only", {}},
                                                             {"valkey_version", {}},
                                                             {"valkey_release_stage", {}}};
};

}  // namespace

std::optional<double> to_double(std::string_view text) {
  double value = 0;
  if (!parse_float(text, value)) return std::nullopt;
  return value;
}

double to_whole_or_zero(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? static_cast<double>(value) : 0;
}

std::string_view info_value(std::string_view info, std::string_view field) {
  while (!info.empty()) {
    std::string_view value = take_line(info);
    if (!value.starts_with(field)) continue;
    value.remove_prefix(field.size());
    if (value.starts_with(':')) return value.substr(1);
  }
  return {};
}

bool has_section(std::string_view info, std::string_view section) {
  while (!info.empty()) {
    const std::string_view line = take_line(info);
    if (line.starts_with("# ") && line.substr(2) == section) return true;
  }
  return false;
}

CommandStats put_info(Metrics& metrics, std::string_view info, const InfoOptions& options) {
  InfoReader reader(metrics, options);
  reader.read(info);
  return std::move(reader).commands();
}

void put_field(Metrics& metrics, std::string_view field, std::string_view value) {
  constexpr std::string_view kThread = "used_active_time_io_thread_";
  if (field.starts_with(kThread) && is_digits(field.substr(kThread.size()))) {
    const auto seconds = to_double(value);
    if (seconds) {
      metrics.counter("redis_active_time_io_thread_seconds_total", *seconds,
                      {{"thread", field.substr(kThread.size())}});
    }
    return;
  }
  if (const InfoField* known = find_info_field(field)) {
    const auto number = field_number(value);
    if (number) metrics.put(metrics.page().family(known->family, known->help, known->type), *number / known->divisor);
    return;
  }
  if (!field.starts_with("db") && !field.starts_with("cluster_")) return;
  const auto number = field_number(value);
  if (!number) return;
  std::string name = "redis_" + std::string(field);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  metrics.gauge(name, *number);
}

void put_fields(Metrics& metrics, std::string_view text) {
  while (!text.empty()) {
    std::string_view value = take_line(text);
    const std::string_view field = take_part(value, ':');
    put_field(metrics, field, value);
  }
}

/// module:name=search,ver=21005,api=1,filters=0,usedby=[],using=[ReJSON],options=[handle-io-errors]
void put_modules(Metrics& metrics, std::string_view text) {
  while (!text.empty()) {
    std::string_view value = take_line(text);
    const std::string_view field = take_part(value, ':');
    if (field != "module") {
      put_field(metrics, field, value);
      continue;
    }
    std::vector<std::string_view> values;
    each_pair(value, ',', [&](std::string_view, std::string_view part) { values.push_back(part); });
    if (values.size() != 7) continue;
    metrics.gauge("redis_module_info", 1,
                  {{"name", values[0]},
                   {"ver", values[1]},
                   {"api", values[2]},
                   {"filters", values[3]},
                   {"usedby", values[4]},
                   {"using", values[5]}});
  }
}

}  // namespace tocsin::exporters::redis
