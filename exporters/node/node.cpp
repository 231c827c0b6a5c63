#include "exporters/node/node.hpp"

#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {

const std::vector<CollectorInfo>& known_collectors() {
  static const std::vector<CollectorInfo> kCollectors = {
      {"cpu", true, make_cpu},         {"filesystem", true, make_filesystem}, {"loadavg", true, make_loadavg},
      {"meminfo", true, make_meminfo}, {"netdev", true, make_netdev},         {"textfile", true, make_textfile},
      {"time", true, make_time},       {"uname", true, make_uname},
  };
  return kCollectors;
}

Result<Collectors> make_collectors(const NodeOptions& options, Fs& fs, Clock& clock) {
  const NodeContext context{options, fs, clock};
  Collectors collectors;
  for (const CollectorInfo& info : known_collectors()) {
    const auto choice = options.enabled.find(info.name);
    if (!(choice == options.enabled.end() ? info.on_by_default : choice->second)) continue;
    TOCSIN_TRY(std::unique_ptr<Collector> collector, info.make(context));
    collectors.push_back(std::move(collector));
  }
  return collectors;
}

}  // namespace tocsin::exporters::node
