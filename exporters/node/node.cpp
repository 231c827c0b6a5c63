#include "exporters/node/node.hpp"

#include <algorithm>

#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {

const std::vector<CollectorInfo>& known_collectors() {
  static const std::vector<CollectorInfo> kCollectors = {
      {"conntrack", true, make_conntrack}, {"cpu", true, make_cpu},           {"cpufreq", true, make_cpufreq},
      {"entropy", true, make_entropy},     {"filefd", true, make_filefd},     {"filesystem", true, make_filesystem},
      {"loadavg", true, make_loadavg},     {"meminfo", true, make_meminfo},   {"netdev", true, make_netdev},
      {"netstat", true, make_netstat},     {"pressure", true, make_pressure}, {"schedstat", true, make_schedstat},
      {"sockstat", true, make_sockstat},   {"softnet", true, make_softnet},   {"stat", true, make_stat},
      {"textfile", true, make_textfile},   {"time", true, make_time},         {"udp_queues", true, make_udp_queues},
      {"uname", true, make_uname},         {"vmstat", true, make_vmstat},
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
  const NodeContext context{options, fs, clock};
  Collectors collectors;
  for (const CollectorInfo& info : known_collectors()) {
    if (!options.is_enabled(info.name)) continue;
    TOCSIN_TRY(std::unique_ptr<Collector> collector, info.make(context));
    collectors.push_back(std::move(collector));
  }
  return collectors;
}

}  // namespace tocsin::exporters::node
