#include "agent/flags.hpp"

#include <algorithm>
#include <iostream>

#include <CLI/CLI.hpp>

#include "agent/bus_address.hpp"
#include "base/duration.hpp"
#include "base/version.hpp"
#include "config/environment.hpp"

namespace tocsin::agent {
namespace {

/// Collectors of node_exporter 1.12 that it deprecates, and this build lacks. Their flags are accepted with one
/// warning, so that the command line of an existing unit file works.
constexpr std::string_view kMissingCollectors[] = {"ntp", "runit", "supervisord"};

/// The command line as CLI11 takes it: from behind. It does not know that the value of "--flag=" is empty, as Go's do.
std::vector<std::string> words_of(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; --i) {
    std::string word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      word.pop_back();
      words.emplace_back();
    }
    words.push_back(std::move(word));
  }
  return words;
}

/// A flag whose value Prometheus' duration grammar or Go's reads.
Duration read_duration(const std::string& text, const char* flag) {
  if (auto duration = parse_duration(text)) return *duration;
  if (auto duration = parse_go_duration(text)) return *duration;
  throw CLI::ValidationError(flag, "not a valid duration: \"" + text + "\"");
}

/// The fault of a telemetry path, empty if it has none. Braces are the router's.
std::string is_path(const std::string& text) {
  if (!text.starts_with('/')) return "must begin with a slash: \"" + text + "\"";
  return text.find_first_of("{}?#") == std::string::npos ? "" : "not a path: \"" + text + "\"";
}

/// Flags of node_exporter that change nothing here: of collectors that are not built, and of how it works inside.
void add_idle_flags(CLI::App& app) {
  for (const char* const name :
       {"filesystem.stat-workers", "ntp.ip-ttl", "ntp.local-offset-tolerance", "ntp.max-distance",
        "ntp.protocol-version", "ntp.server", "ntp.server-port", "runit.servicedir", "supervisord.url"}) {
    app.add_option_function<std::string>(fmt::format("--collector.{}", name), [](const std::string&) {})->group("");
  }
  for (const char* const name : {"netclass.netlink", "netclass_rtnl.with-stats", "ntp.server-is-local"}) {
    app.add_flag_callback(fmt::format("--collector.{}", name), [] {})->group("");
    app.add_flag_callback(fmt::format("--no-collector.{}", name), [] {})->group("");
  }
}

void add_perf_flags(CLI::App& app, exporters::node::NodeOptions& node) {
  const auto names = [&](const char* name, std::vector<std::string>& target, const char* help) {
    app.add_option(name, target, help)->type_size(1)->allow_extra_args(false);
  };
  app.add_option("--collector.perf.cpus", node.perf_cpus, "List of CPUs from which perf metrics should be collected");
  names("--collector.perf.tracepoint", node.perf_tracepoints, "perf tracepoint that should be collected (repeatable)");
  names("--collector.perf.hardware-profilers", node.perf_hardware,
        "perf hardware profilers that should be collected (repeatable)");
  names("--collector.perf.software-profilers", node.perf_software,
        "perf software profilers that should be collected (repeatable)");
  names("--collector.perf.cache-profilers", node.perf_cache,
        "perf cache profilers that should be collected (repeatable)");
  const auto flag = [&](const std::string& name, bool& target, const char* help) {
    app.add_flag(fmt::format("--{0},!--no-{0}", name), target, help);
  };
  flag("collector.perf.disable-hardware-profilers", node.perf_no_hardware, "disable perf hardware profilers");
  flag("collector.perf.disable-software-profilers", node.perf_no_software, "disable perf software profilers");
  flag("collector.perf.disable-cache-profilers", node.perf_no_cache, "disable perf cache profilers");
}

void add_systemd_flags(CLI::App& app, exporters::node::NodeOptions& node) {
  app.add_option("--collector.systemd.unit-include,--collector.systemd.unit-whitelist", node.systemd_unit_include,
                 "Regexp of systemd units to include. Units must both match include and not match exclude to be "
                 "included.")
      ->expected(1);
  app.add_option("--collector.systemd.unit-exclude,--collector.systemd.unit-blacklist", node.systemd_unit_exclude,
                 "Regexp of systemd units to exclude. Units must both match include and not match exclude to be "
                 "included.")
      ->expected(1);
  const auto flag = [&](const std::string& name, bool& target, const char* help) {
    app.add_flag(fmt::format("--{0},!--no-{0}", name), target, help);
  };
  flag("collector.systemd.private", node.systemd_private,
       "Establish a private, direct connection to systemd without dbus (requires root).");
  flag("collector.systemd.enable-task-metrics", node.systemd_tasks,
       "Enables service unit tasks metrics unit_tasks_current and unit_tasks_max");
  flag("collector.systemd.enable-restarts-metrics", node.systemd_restarts,
       "Enables service unit metric service_restart_total");
  flag("collector.systemd.enable-start-time-metrics", node.systemd_start_time,
       "Enables service unit metric unit_start_time_seconds");
}

void add_node_flags(CLI::App& app, exporters::node::NodeOptions& node) {
  app.add_option("--path.procfs", node.procfs, "procfs mountpoint.")->capture_default_str();
  app.add_option("--path.sysfs", node.sysfs, "sysfs mountpoint.")->capture_default_str();
  app.add_option("--path.rootfs", node.rootfs, "rootfs mountpoint.")->capture_default_str();
  app.add_option("--path.udev.data", node.udev_data, "udev data path.")->capture_default_str();
  app.add_flag("--collector.bcache.priorityStats,!--no-collector.bcache.priorityStats", node.bcache_priority_stats,
               "Expose expensive priority stats.");
  app.add_flag("--collector.cpu.info,!--no-collector.cpu.info", node.cpu_info, "Enables metric cpu_info");
  app.add_option("--collector.cpu.info.flags-include", node.cpu_flags_include,
                 "Filter the `flags` field in cpuInfo with a value that must be a regular expression");
  app.add_option("--collector.cpu.info.bugs-include", node.cpu_bugs_include,
                 "Filter the `bugs` field in cpuInfo with a value that must be a regular expression");
  app.add_flag("--collector.cpu.guest,!--no-collector.cpu.guest", node.cpu_guest,
               "Enables metric node_cpu_guest_seconds_total");
  const auto regex = [&](const char* name, std::string& target, const char* help) {
    app.add_option(name, target, help)->expected(1)->type_name("REGEX");
  };
  regex("--collector.filesystem.mount-points-exclude,--collector.filesystem.ignored-mount-points",
        node.filesystem_mount_points_exclude, "Mount points to exclude.");
  regex("--collector.filesystem.mount-points-include", node.filesystem_mount_points_include,
        "Mount points to include.");
  regex("--collector.filesystem.fs-types-exclude,--collector.filesystem.ignored-fs-types",
        node.filesystem_fs_types_exclude, "Filesystem types to exclude.");
  regex("--collector.filesystem.fs-types-include", node.filesystem_fs_types_include, "Filesystem types to include.");
  regex("--collector.netdev.device-include,--collector.netdev.device-whitelist", node.netdev_device_include,
        "Net devices to include.");
  regex("--collector.netdev.device-exclude,--collector.netdev.device-blacklist", node.netdev_device_exclude,
        "Net devices to exclude.");
  app.add_flag("--collector.netdev.netlink,!--no-collector.netdev.netlink", node.netdev_netlink,
               "Use netlink to gather stats instead of /proc/net/dev.");
  app.add_flag("--collector.netdev.enable-detailed-metrics,!--no-collector.netdev.enable-detailed-metrics",
               node.netdev_detailed, "Use (incompatible) metric names that provide more detailed stats on Linux");
  app.add_flag("--collector.netdev.address-info,!--no-collector.netdev.address-info", node.netdev_address_info,
               "Collect address-info for every device");
  app.add_flag("--collector.netdev.label-ifalias,!--no-collector.netdev.label-ifalias", node.netdev_label_alias,
               "Add ifAlias label");
  regex("--collector.arp.device-include", node.arp_device_include, "Regexp of arp devices to include.");
  regex("--collector.arp.device-exclude", node.arp_device_exclude, "Regexp of arp devices to exclude.");
  app.add_flag("--collector.arp.netlink,!--no-collector.arp.netlink", node.arp_netlink,
               "Use netlink to gather stats instead of /proc/net/arp.");
  regex("--collector.diskstats.device-include", node.diskstats_device_include,
        "Regexp of diskstats devices to include.");
  regex("--collector.diskstats.device-exclude,--collector.diskstats.ignored-devices", node.diskstats_device_exclude,
        "Regexp of diskstats devices to exclude.");
  regex("--collector.hwmon.chip-include", node.hwmon_chip_include, "Regexp of hwmon chip to include.");
  regex("--collector.hwmon.chip-exclude", node.hwmon_chip_exclude, "Regexp of hwmon chip to exclude.");
  regex("--collector.hwmon.sensor-include", node.hwmon_sensor_include, "Regexp of hwmon sensor to include.");
  regex("--collector.hwmon.sensor-exclude", node.hwmon_sensor_exclude, "Regexp of hwmon sensor to exclude.");
  regex("--collector.infiniband.device-include", node.infiniband_device_include,
        "Regexp of infiniband devices to include.");
  regex("--collector.infiniband.device-exclude", node.infiniband_device_exclude,
        "Regexp of infiniband devices to exclude.");
  regex("--collector.interrupts.name-include", node.interrupts_name_include, "Regexp of interrupts name to include.");
  regex("--collector.interrupts.name-exclude", node.interrupts_name_exclude, "Regexp of interrupts name to exclude.");
  app.add_flag("--collector.interrupts.include-zeros,!--no-collector.interrupts.include-zeros",
               node.interrupts_include_zeros, "Include interrupts that have a zero value");
  app.add_option("--collector.ipvs.backend-labels", node.ipvs_backend_labels,
                 "Comma separated list for IPVS backend stats labels.")
      ->expected(1);
  regex("--collector.netclass.ignored-devices", node.netclass_ignored_devices,
        "Regexp of net devices to ignore for netclass collector.");
  app.add_flag("--collector.netclass.ignore-invalid-speed,!--no-collector.netclass.ignore-invalid-speed",
               node.netclass_ignore_invalid_speed, "Ignore devices where the speed is invalid.");
  regex("--collector.netstat.fields", node.netstat_fields, "Regexp of fields to return for netstat collector.");
  app.add_option("--collector.pcidevice.idsfile", node.pcidevice_ids_file,
                 "Path to pci.ids file to use for PCI device identification.");
  app.add_flag("--collector.pcidevice.names,!--no-collector.pcidevice.names", node.pcidevice_names,
               "Enable PCI device name resolution (requires pci.ids file).");
  regex("--collector.ethtool.device-include", node.ethtool_device_include, "Regexp of ethtool devices to include.");
  regex("--collector.ethtool.device-exclude", node.ethtool_device_exclude, "Regexp of ethtool devices to exclude.");
  regex("--collector.ethtool.metrics-include", node.ethtool_metrics_include, "Regexp of ethtool stats to include.");
  add_idle_flags(app);
  add_perf_flags(app, node);
  add_systemd_flags(app, node);
  regex("--collector.qdisc.device-include,--collector.qdisk.device-include", node.qdisc_device_include,
        "Regexp of qdisc devices to include.");
  regex("--collector.qdisc.device-exclude,--collector.qdisk.device-exclude", node.qdisc_device_exclude,
        "Regexp of qdisc devices to exclude.");
  app.add_option("--collector.qdisc.fixtures", node.qdisc_fixtures,
                 "Folder with JSON to use in place of the kernel's queueing disciplines, for tests.");
  app.add_option("--collector.wifi.fixtures", node.wifi_fixtures,
                 "Folder with JSON to use in place of the kernel's wireless devices, for tests.");
  regex("--collector.slabinfo.slabs-include", node.slabinfo_slabs_include,
        "Regexp of slabs to include in slabinfo collector.");
  regex("--collector.slabinfo.slabs-exclude", node.slabinfo_slabs_exclude,
        "Regexp of slabs to exclude in slabinfo collector.");
  regex("--collector.powersupply.ignored-supplies", node.powersupply_ignored_supplies,
        "Regexp of power supplies to ignore for powersupplyclass collector.");
  app.add_flag("--collector.rapl.enable-zone-label,!--no-collector.rapl.enable-zone-label", node.rapl_enable_zone_label,
               "Put the name of a RAPL zone into the label rapl_zone, not into the name.");
  regex("--collector.tapestats.ignored-devices", node.tapestats_ignored_devices,
        "Regexp of devices to ignore for tapestats.");
  regex("--collector.vmstat.fields", node.vmstat_fields, "Regexp of fields to return for vmstat collector.");
  app.add_flag("--collector.stat.softirq,!--no-collector.stat.softirq", node.stat_softirq,
               "Export softirq calls per vector");
  app.add_option("--collector.sysctl.include", node.sysctl_include,
                 "Select sysctl metrics to include; name, or name:key,key (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option("--collector.sysctl.include-info", node.sysctl_include_info,
                 "Select sysctl metrics to include as info metrics (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
      "--collector.filesystem.mount-timeout",
      [&node](const std::string& text) {
        node.filesystem_mount_timeout = read_duration(text, "--collector.filesystem.mount-timeout");
      },
      "how long to wait for a mount to respond before marking it as stale (5s)");
  app.add_option("--collector.textfile.directory", node.textfile_directories,
                 "Directory to read text files with metrics from, supports glob matching. (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
}

void add_collector_switches(CLI::App& app, exporters::node::NodeOptions& node, std::vector<std::string>& warnings) {
  const auto add = [&](std::string_view name, std::function<void(bool)> set, const std::string& help) {
    const std::string on = fmt::format("--collector.{}", name), off = fmt::format("--no-collector.{}", name);
    app.add_flag_callback(on, [set] { set(true); }, help);
    app.add_flag_callback(off, [set] { set(false); })->group("");
  };
  for (const auto& info : exporters::node::known_collectors()) {
    add(
        info.name, [&node, name = std::string(info.name)](bool on) { node.enabled[name] = on; },
        fmt::format("Enable the {} collector (default: {}).", info.name, info.on_by_default ? "enabled" : "disabled"));
  }
  for (const std::string_view name : kMissingCollectors) {
    add(
        name,
        [&warnings, name](bool on) {
          if (on) warnings.push_back(fmt::format("the collector {} is not built yet", name));
        },
        "not built yet");
    app.get_option(fmt::format("--collector.{}", name))->group("");
  }
}

}  // namespace

std::expected<Flags, int> parse_flags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app("tocsin-agent: metrics of this host on /metrics", "tocsin-agent");
  std::string level = "info", format = "logfmt";
  std::vector<std::string> addresses;
  app.add_option("--config.file", flags.config_file,
                 "agent.yml: the servers to ask, and the node's collectors. Without it: the node alone.");
  app.add_flag("--web.enable-lifecycle,!--no-web.enable-lifecycle", flags.enable_lifecycle,
               "Enable reload via HTTP request.");
  app.add_option("--web.listen-address", addresses, "Addresses on which to expose metrics (repeatable; default :9100).")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_flag("--web.systemd-socket,!--no-web.systemd-socket", flags.systemd_socket,
               "Use systemd socket activation listeners instead of port listeners.");
  app.add_option("--web.config.file", flags.web_config_file,
                 "Path to configuration file that can enable TLS or authentication.");
  app.add_option("--web.max-connections", flags.max_connections, "Simultaneous connections at most, on all addresses.")
      ->capture_default_str();
  app.add_option("--web.access-log", flags.access_log, "File for one JSON line per request; reopened on SIGHUP.");
  app.add_option("--web.telemetry-path", flags.telemetry_path, "Path under which to expose metrics.")
      ->check(is_path)
      ->capture_default_str();
  app.add_flag("--web.disable-exporter-metrics,!--no-web.disable-exporter-metrics", flags.disable_exporter_metrics,
               "Exclude metrics about the agent itself (promhttp_*, process_*).");
  app.add_option("--web.max-requests", flags.max_requests, "Maximum number of parallel scrape requests; 0: no limit.")
      ->capture_default_str();
  app.add_flag("--collector.disable-defaults,!--no-collector.disable-defaults", flags.disable_default_collectors,
               "Set all collectors to disabled by default.");
  app.add_option_function<std::string>(
      "--collector.deadline",
      [&flags](const std::string& text) { flags.collector_deadline = read_duration(text, "--collector.deadline"); },
      "How long a scrape waits for its collectors before it serves their last values (5s)");
  app.add_option_function<std::string>("--runtime.gomaxprocs", [](const std::string&) {})->group("");
  app.add_option("--log.level", level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log.format", format, "logfmt or json")->check(CLI::IsMember({"logfmt", "json"}));
  app.set_version_flag("--version", version_text("tocsin-agent"));
  add_node_flags(app, flags.node);
  add_collector_switches(app, flags.node, flags.warnings);
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::Success& done) {
    return std::unexpected(app.exit(done));
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong, std::cerr, std::cerr);
    return std::unexpected(1);
  }
  // As the D-Bus library of node_exporter has it.
  const std::string bus = bus_socket_path(config::process_environment()("DBUS_SYSTEM_BUS_ADDRESS"));
  if (!bus.empty()) flags.node.dbus_socket = bus;
  if (!addresses.empty()) flags.listen_addresses = addresses;
  log::parse_level(level, flags.log_level);
  flags.log_format = format == "json" ? log::Format::kJson : log::Format::kLogfmt;
  if (flags.disable_default_collectors) disable_default_collectors(flags.node);
  return flags;
}

void disable_default_collectors(exporters::node::NodeOptions& node) {
  for (const auto& info : exporters::node::known_collectors()) node.enabled.try_emplace(std::string(info.name), false);
}

Result<void> read_node_flag(const yaml::Node& key, const yaml::Node& value, exporters::node::NodeOptions& node,
                            std::vector<std::string>& warnings) {
  CLI::App app;
  app.set_help_flag();
  add_node_flags(app, node);
  add_collector_switches(app, node, warnings);
  const std::string flag = "--" + key.text();
  const CLI::Option* option = app.get_option_no_throw(flag);
  if (option == nullptr || key.text().starts_with("no-")) {
    return key.error("field {} not found in type node section", key.text());
  }
  std::vector<std::string> words;
  const auto give = [&](const std::string& one) {
    if (one.empty()) {
      words.insert(words.end(), {flag, one});
    } else {
      words.push_back(fmt::format("{}={}", flag, one));
    }
  };
  if (option->get_expected_max() == 0) {
    TOCSIN_TRY(const bool on, value.as_bool());
    words.push_back(on ? flag : "--no-" + key.text());
  } else if (value.is_sequence()) {
    TOCSIN_TRY(const std::vector<std::string> values, value.as_strings());
    for (const std::string& one : values) give(one);
  } else {
    TOCSIN_TRY(const std::string one, value.as_string());
    give(one);
  }
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  try {
    app.parse(words);
  } catch (const CLI::ParseError& wrong) {
    return value.error("{}", wrong.what());
  }
  return {};
}

}  // namespace tocsin::agent
