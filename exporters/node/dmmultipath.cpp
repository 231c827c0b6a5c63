// Devices with several paths to the same storage: /sys/block/dm-* whose UUID begins with "mpath-".

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

class DmMultipath final : public Collector {
 public:
  explicit DmMultipath(const NodeContext& context) : files_(context.fs), block_(context.fs, context.sys("block")) {}
  std::string_view name() const override { return "dmmultipath"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> devices, or_no_data(block_.list()));
    for (const std::string& device : devices) {
      if (!device.starts_with("dm-")) continue;
      const std::string folder = fmt::format("{}/{}", block_.path(), device);
      const std::string uuid(files_.text(folder + "/dm/uuid").value_or(""));
      if (uuid.starts_with("mpath-")) TOCSIN_OK(put(page, folder, device, uuid));
    }
    return {};
  }

 private:
  Result<void> put(expo::Page& page, const std::string& folder, const std::string& device, const std::string& uuid) {
    const std::string name(files_.text(folder + "/dm/name").value_or(""));
    page.family("node_dmmultipath_device_info", "Non-numeric information about a DM-multipath device.",
                model::MetricType::kGauge)
        .put({{"device", name}, {"sysfs_name", device}, {"uuid", uuid}}, 1);
    const auto put = [&](std::string_view metric, std::string_view help, double value) {
      page.family(fmt::format("node_dmmultipath_device_{}", metric), help, model::MetricType::kGauge)
          .put({{"device", name}, {"sysfs_name", device}}, value);
    };
    TOCSIN_TRY(const std::optional<double> suspended, files_.whole(folder + "/dm/suspended"));
    put("active", "Whether the multipath device-mapper device is active (1) or suspended (0).",
        suspended.value_or(0) == 1 ? 0 : 1);
    TOCSIN_TRY(const std::optional<double> sectors, files_.whole(folder + "/size"));
    put("size_bytes", "Size of the multipath device in bytes, read from /sys/block/<dm>/size.",
        sectors.value_or(0) * 512);
    double active = 0, failed = 0;
    for (const std::string& path : files_.names(folder + "/slaves")) {
      const std::string state(files_.text(fmt::format("{}/{}/device/state", block_.path(), path)).value_or("unknown"));
      // As disks of SCSI and of NVMe say it.
      ++(state == "running" || state == "live" ? active : failed);
      page.family("node_dmmultipath_path_state",
                  "Reports the underlying device state for a multipath path, as read from "
                  "/sys/block/<dev>/device/state.",
                  model::MetricType::kGauge)
          .put({{"device", name}, {"path", path}, {"state", state}}, 1);
    }
    put("paths", "Number of paths for a multipath device.", active + failed);
    put("paths_active", "Number of paths in active state (SCSI running or NVMe live) for a multipath device.", active);
    put("paths_failed", "Number of paths not in active state for a multipath device.", failed);
    return {};
  }

  SourceFiles files_;
  SourceFolder block_;
};

}  // namespace

MadeCollector make_dmmultipath(const NodeContext& context) {
  return std::make_unique<DmMultipath>(context);
}

}  // namespace tocsin::exporters::node
