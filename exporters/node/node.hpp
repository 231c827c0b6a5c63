#pragma once
// The host: collectors with the names, labels, help texts and flags of node_exporter 1.12.
// Source: node_exporter's output over its own fixtures and Debian's build on live hosts.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/time.hpp"
#include "exporters/collector/collector.hpp"
#include "model/matcher.hpp"

namespace tocsin::exporters::node {

struct NodeOptions {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";
  std::map<std::string, bool, std::less<>> enabled;  // --collector.X, --no-collector.X; absent: the default

  /// Whether the collector is to run: the choice, or its default. False if there is none of the name.
  bool is_enabled(std::string_view collector) const;

  bool bcache_priority_stats = false;
  bool cpu_guest = true;
  bool cpu_info = false;
  std::string cpu_flags_include, cpu_bugs_include;
  // Regular expressions as given; unanchored, as in node_exporter. Empty: no filter.
  std::string filesystem_mount_points_exclude =
      "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
  std::string filesystem_mount_points_include;
  std::string filesystem_fs_types_exclude =
      "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|"
      "overlay|"
      "proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$";
  std::string filesystem_fs_types_include;
  Duration filesystem_mount_timeout = std::chrono::seconds(5);
  bool arp_netlink = true;
  std::string arp_device_include, arp_device_exclude;
  std::string diskstats_device_include;
  std::string diskstats_device_exclude = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$";
  std::string ethtool_device_include, ethtool_device_exclude, ethtool_metrics_include;
  std::string hwmon_chip_include, hwmon_chip_exclude, hwmon_sensor_include, hwmon_sensor_exclude;
  std::string infiniband_device_include, infiniband_device_exclude;
  std::string interrupts_name_include, interrupts_name_exclude;
  bool interrupts_include_zeros = true;
  std::string ipvs_backend_labels = "local_address,local_port,remote_address,remote_port,proto,local_mark";
  std::string netclass_ignored_devices = "^$";
  bool netclass_ignore_invalid_speed = false;
  bool netdev_netlink = true, netdev_detailed = false, netdev_label_alias = false, netdev_address_info = false;
  std::string netdev_device_include;
  std::string netdev_device_exclude;
  std::string netstat_fields =
      "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|"
      "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|"
      "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
      "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";
  std::string pcidevice_ids_file;  // empty: where distributions have it
  bool pcidevice_names = false;
  std::string perf_cpus;                                                                // "0,2-4,8-16:4"; empty: all
  std::vector<std::string> perf_tracepoints, perf_hardware, perf_software, perf_cache;  // names; empty: all
  bool perf_no_hardware = false, perf_no_software = false, perf_no_cache = false;
  std::string qdisc_device_include, qdisc_device_exclude;
  std::string qdisc_fixtures, wifi_fixtures;  // folders with JSON in place of the kernel
  std::string slabinfo_slabs_include, slabinfo_slabs_exclude;
  std::vector<std::string> sysctl_include, sysctl_include_info;  // name, or name:key,key
  std::string dbus_socket = "/run/dbus/system_bus_socket", systemd_private_socket = "/run/systemd/private";
  bool systemd_private = false;  // asks systemd itself, without the bus
  // Anchored.
  std::string systemd_unit_include = ".+", systemd_unit_exclude = ".+\\.(automount|device|mount|scope|slice)";
  bool systemd_tasks = false, systemd_restarts = false, systemd_start_time = false;
  std::string powersupply_ignored_supplies = "^$";
  bool rapl_enable_zone_label = false;
  bool stat_softirq = false;
  std::string tapestats_ignored_devices = "^$";
  std::string vmstat_fields = "^(oom_kill|pgpg|pswp|pg.*fault).*";
  std::vector<std::string> textfile_directories;  // may be patterns
};

struct NodeContext;

struct CollectorInfo {
  std::string_view name;
  bool on_by_default;
  Result<std::unique_ptr<Collector>> (*make)(const NodeContext& context);
};
/// All collectors that there are.
const std::vector<CollectorInfo>& known_collectors();

/// The enabled ones. @return kInvalid if a regular expression does not compile, or include and exclude are both given.
Result<Collectors> make_collectors(const NodeOptions& options, Fs& fs, Clock& clock);

}  // namespace tocsin::exporters::node
