#include "exporters/node/node.hpp"

#include <algorithm>

#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {

const std::vector<CollectorInfo>& known_collectors() {
  static const std::vector<CollectorInfo> kCollectors = {
      {"arp", true, make_arp},
      {"bcache", true, make_bcache},
      {"bcachefs", true, make_bcachefs},
      {"bonding", true, make_bonding},
      {"btrfs", true, make_btrfs},
      {"buddyinfo", false, make_buddyinfo},
      {"cgroups", false, make_cgroups},
      {"conntrack", true, make_conntrack},
      {"cpu", true, make_cpu},
      {"cpu_vulnerabilities", false, make_cpu_vulnerabilities},
      {"cpufreq", true, make_cpufreq},
      {"diskstats", true, make_diskstats},
      {"dmi", true, make_dmi},
      {"dmmultipath", true, make_dmmultipath},
      {"drbd", false, make_drbd},
      {"drm", false, make_drm},
      {"edac", true, make_edac},
      {"entropy", true, make_entropy},
      {"ethtool", false, make_ethtool},
      {"fibrechannel", true, make_fibrechannel},
      {"filefd", true, make_filefd},
      {"filesystem", true, make_filesystem},
      {"hwmon", true, make_hwmon},
      {"infiniband", true, make_infiniband},
      {"interrupts", false, make_interrupts},
      {"ipvs", true, make_ipvs},
      {"kernel_hung", true, make_kernel_hung},
      {"ksmd", false, make_ksmd},
      {"lnstat", false, make_lnstat},
      {"loadavg", true, make_loadavg},
      {"logind", false, make_logind},
      {"mdadm", true, make_mdadm},
      {"meminfo", true, make_meminfo},
      {"meminfo_numa", false, make_meminfo_numa},
      {"mountstats", false, make_mountstats},
      {"netclass", true, make_netclass},
      {"netdev", true, make_netdev},
      {"netstat", true, make_netstat},
      {"network_route", false, make_network_route},
      {"nfs", true, make_nfs},
      {"nfsd", true, make_nfsd},
      {"nvme", true, make_nvme},
      {"nvmesubsystem", false, make_nvmesubsystem},
      {"os", true, make_os},
      {"pcidevice", false, make_pcidevice},
      {"perf", false, make_perf},
      {"powersupplyclass", true, make_powersupplyclass},
      {"pressure", true, make_pressure},
      {"processes", false, make_processes},
      {"qdisc", false, make_qdisc},
      {"rapl", true, make_rapl},
      {"schedstat", true, make_schedstat},
      {"selinux", true, make_selinux},
      {"slabinfo", false, make_slabinfo},
      {"sockstat", true, make_sockstat},
      {"softirqs", false, make_softirqs},
      {"softnet", true, make_softnet},
      {"stat", true, make_stat},
      {"swap", false, make_swap},
      {"sysctl", false, make_sysctl},
      {"systemd", false, make_systemd},
      {"tapestats", true, make_tapestats},
      {"tcpstat", false, make_tcpstat},
      {"textfile", true, make_textfile},
      {"thermal_zone", true, make_thermal_zone},
      {"time", true, make_time},
      {"timex", true, make_timex},
      {"udp_queues", true, make_udp_queues},
      {"uname", true, make_uname},
      {"vmstat", true, make_vmstat},
      {"watchdog", true, make_watchdog},
      {"wifi", false, make_wifi},
      {"xfrm", false, make_xfrm},
      {"xfs", true, make_xfs},
      {"zfs", true, make_zfs},
      {"zoneinfo", false, make_zoneinfo},
  };
  return kCollectors;
}

bool NodeOptions::is_enabled(std::string_view collector) const {
  if (const auto choice = enabled.find(collector); choice != enabled.end()) return choice->second;
  const auto& all = known_collectors();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& info) { return info.name == collector; });
  return found != all.end() && found->on_by_default;
}

Result<Collectors> make_collectors(const NodeOptions& options, Fs& fs, Clock& clock) {
  SharedSourceFiles shared(fs, clock);
  const NodeContext context{options, fs, clock, shared, std::make_shared<SharedLinkStats>()};
  Collectors collectors;
  for (const CollectorInfo& info : known_collectors()) {
    if (!options.is_enabled(info.name)) continue;
    TOCSIN_TRY(std::unique_ptr<Collector> collector, info.make(context));
    collectors.push_back(std::move(collector));
  }
  return collectors;
}

}  // namespace tocsin::exporters::node
