#include "exporters/node/node.hpp"

#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {

const std::vector<CollectorInfo>& known_collectors() {
  static const std::vector<CollectorInfo> kCollectors = {
      {"cpu", true},    {"filesystem", true}, {"loadavg", true}, {"meminfo", true},
      {"netdev", true}, {"textfile", true},   {"time", true},    {"uname", true},
  };
  return kCollectors;
}

Result<Collectors> make_collectors(const NodeOptions& options, Fs& fs, Clock& clock) {
  TOCSIN_TRY(Filter mount_points,
             Filter::make("--collector.filesystem.mount-points", options.filesystem_mount_points_include,
                          options.filesystem_mount_points_exclude));
  TOCSIN_TRY(Filter types, Filter::make("--collector.filesystem.fs-types", options.filesystem_fs_types_include,
                                        options.filesystem_fs_types_exclude));
  TOCSIN_TRY(Filter devices,
             Filter::make("--collector.netdev.device", options.netdev_device_include, options.netdev_device_exclude));
  Collectors collectors;
  for (const CollectorInfo& info : known_collectors()) {
    const auto choice = options.enabled.find(info.name);
    if (!(choice == options.enabled.end() ? info.on_by_default : choice->second)) continue;
    if (info.name == "cpu") collectors.push_back(make_cpu(options, fs));
    if (info.name == "filesystem") collectors.push_back(make_filesystem(options, fs, mount_points, types));
    if (info.name == "loadavg") collectors.push_back(make_loadavg(options, fs));
    if (info.name == "meminfo") collectors.push_back(make_meminfo(options, fs));
    if (info.name == "netdev") collectors.push_back(make_netdev(options, fs, devices));
    if (info.name == "textfile") collectors.push_back(make_textfile(options, fs));
    if (info.name == "time") collectors.push_back(make_time(options, fs, clock));
    if (info.name == "uname") collectors.push_back(make_uname());
  }
  return collectors;
}

}  // namespace tocsin::exporters::node
