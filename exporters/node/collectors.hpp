#pragma once
// The makers of the host's collectors, one file each. A maker reads its own options; what it needs of them is copied.

#include "base/clock.hpp"
#include "exporters/node/filter.hpp"
#include "exporters/node/node.hpp"
#include "exporters/node/shared_link_stats.hpp"
#include "exporters/node/shared_source_file.hpp"

namespace tocsin::exporters::node {

using CollectorPtr = std::unique_ptr<Collector>;

/// What collectors are made of. The file system and the clock outlive them.
struct NodeContext {
  const NodeOptions& options;
  Fs& fs;
  Clock& clock;
  SharedSourceFiles& shared;
  std::shared_ptr<SharedLinkStats> links;

  std::string proc(std::string_view path) const { return fmt::format("{}/{}", options.procfs, path); }
  std::string sys(std::string_view path) const { return fmt::format("{}/{}", options.sysfs, path); }
};

/// kInvalid if an option is wrong.
using MadeCollector = Result<CollectorPtr>;
MadeCollector make_arp(const NodeContext& context);
MadeCollector make_bcache(const NodeContext& context);
MadeCollector make_bcachefs(const NodeContext& context);
MadeCollector make_bonding(const NodeContext& context);
MadeCollector make_btrfs(const NodeContext& context);
MadeCollector make_buddyinfo(const NodeContext& context);
MadeCollector make_cgroups(const NodeContext& context);
MadeCollector make_conntrack(const NodeContext& context);
MadeCollector make_cpu(const NodeContext& context);
MadeCollector make_cpu_vulnerabilities(const NodeContext& context);
MadeCollector make_cpufreq(const NodeContext& context);
MadeCollector make_diskstats(const NodeContext& context);
MadeCollector make_dmi(const NodeContext& context);
MadeCollector make_dmmultipath(const NodeContext& context);
MadeCollector make_drbd(const NodeContext& context);
MadeCollector make_drm(const NodeContext& context);
MadeCollector make_edac(const NodeContext& context);
MadeCollector make_entropy(const NodeContext& context);
MadeCollector make_ethtool(const NodeContext& context);
MadeCollector make_fibrechannel(const NodeContext& context);
MadeCollector make_filefd(const NodeContext& context);
MadeCollector make_filesystem(const NodeContext& context);
MadeCollector make_hwmon(const NodeContext& context);
MadeCollector make_infiniband(const NodeContext& context);
MadeCollector make_interrupts(const NodeContext& context);
MadeCollector make_ipvs(const NodeContext& context);
MadeCollector make_kernel_hung(const NodeContext& context);
MadeCollector make_ksmd(const NodeContext& context);
MadeCollector make_lnstat(const NodeContext& context);
MadeCollector make_loadavg(const NodeContext& context);
MadeCollector make_logind(const NodeContext& context);
MadeCollector make_mdadm(const NodeContext& context);
MadeCollector make_meminfo(const NodeContext& context);
MadeCollector make_meminfo_numa(const NodeContext& context);
MadeCollector make_mountstats(const NodeContext& context);
MadeCollector make_netclass(const NodeContext& context);
MadeCollector make_netdev(const NodeContext& context);
MadeCollector make_netstat(const NodeContext& context);
MadeCollector make_network_route(const NodeContext& context);
MadeCollector make_nfs(const NodeContext& context);
MadeCollector make_nfsd(const NodeContext& context);
MadeCollector make_nvme(const NodeContext& context);
MadeCollector make_nvmesubsystem(const NodeContext& context);
MadeCollector make_os(const NodeContext& context);
MadeCollector make_pcidevice(const NodeContext& context);
MadeCollector make_perf(const NodeContext& context);
MadeCollector make_powersupplyclass(const NodeContext& context);
MadeCollector make_pressure(const NodeContext& context);
MadeCollector make_processes(const NodeContext& context);
MadeCollector make_qdisc(const NodeContext& context);
MadeCollector make_rapl(const NodeContext& context);
MadeCollector make_schedstat(const NodeContext& context);
MadeCollector make_selinux(const NodeContext& context);
MadeCollector make_slabinfo(const NodeContext& context);
MadeCollector make_sockstat(const NodeContext& context);
MadeCollector make_softirqs(const NodeContext& context);
MadeCollector make_softnet(const NodeContext& context);
MadeCollector make_stat(const NodeContext& context);
MadeCollector make_swap(const NodeContext& context);
MadeCollector make_sysctl(const NodeContext& context);
MadeCollector make_systemd(const NodeContext& context);
MadeCollector make_tapestats(const NodeContext& context);
MadeCollector make_tcpstat(const NodeContext& context);
MadeCollector make_textfile(const NodeContext& context);
MadeCollector make_thermal_zone(const NodeContext& context);
MadeCollector make_time(const NodeContext& context);
MadeCollector make_timex(const NodeContext& context);
MadeCollector make_udp_queues(const NodeContext& context);
MadeCollector make_uname(const NodeContext& context);
MadeCollector make_vmstat(const NodeContext& context);
MadeCollector make_watchdog(const NodeContext& context);
MadeCollector make_wifi(const NodeContext& context);
MadeCollector make_xfrm(const NodeContext& context);
MadeCollector make_xfs(const NodeContext& context);
MadeCollector make_zfs(const NodeContext& context);
MadeCollector make_zoneinfo(const NodeContext& context);

}  // namespace tocsin::exporters::node
