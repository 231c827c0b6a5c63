// NVMe controllers and their namespaces, from /sys/class/nvme.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// "1" of "nvme0n1"; "" if the name is another one.
std::string_view namespace_id(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789";
  if (!name.starts_with("nvme")) return {};
  name.remove_prefix(4);
  const std::size_t n = name.find_first_not_of(kDigits);
  if (n == 0 || n == std::string_view::npos || name[n] != 'n') return {};
  name.remove_prefix(n + 1);
  return name.substr(0, name.find_first_not_of(kDigits));
}

class Nvme final : public Collector {
 public:
  explicit Nvme(const NodeContext& context) : files_(context.fs), folder_(context.fs, context.sys("class/nvme")) {}
  std::string_view name() const override { return "nvme"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> devices, or_no_data(folder_.list()));
    for (const std::string& device : devices) {
      const std::string folder = fmt::format("{}/{}", folder_.path(), device);
      const auto text = [&](std::string_view file) {
        return std::string(files_.text(fmt::format("{}/{}", folder, file)).value_or(""));
      };
      page.family("node_nvme_info", "Non-numeric data from /sys/class/nvme/<device>, value is always 1.",
                  model::MetricType::kGauge)
          .put({{"device", device},
                {"firmware_revision", text("firmware_rev")},
                {"model", text("model")},
                {"serial", text("serial")},
                {"state", text("state")},
                {"cntlid", text("cntlid")}},
               1);
      for (const std::string& name : files_.names(folder)) {
        const std::string_view id = namespace_id(name);
        if (!id.empty()) TOCSIN_OK(put_namespace(page, fmt::format("{}/{}", folder, name), device, id));
      }
    }
    return {};
  }

 private:
  Result<void> put_namespace(expo::Page& page, const std::string& folder, const std::string& device,
                             std::string_view id) {
    page.family("node_nvme_namespace_info", "Information about NVMe namespaces. Value is always 1",
                model::MetricType::kGauge)
        .put({{"device", device}, {"nsid", id}, {"ana_state", files_.text(folder + "/ana_state").value_or("unknown")}},
             1);
    const auto put = [&](std::string_view name, std::string_view help, double value) {
      page.family(fmt::format("node_nvme_namespace_{}_bytes", name), help, model::MetricType::kGauge)
          .put({{"device", device}, {"nsid", id}}, value);
    };
    TOCSIN_TRY(const std::optional<double> block, files_.whole(folder + "/queue/logical_block_size"));
    TOCSIN_TRY(const std::optional<double> size, files_.whole(folder + "/size"));
    TOCSIN_TRY(const std::optional<double> used, files_.whole(folder + "/nuse"));
    if (!block) return {};
    put("logical_block_size",
        "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in "
        "/sys/class/nvme/<device>/<namespace>/queue/logical_block_size",
        *block);
    if (size) {
      // The kernel counts sectors of 512 bytes here; node_exporter takes them for blocks, and so dashboards expect.
      put("capacity",
          "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size",
          *size * *block);
      put("size", "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size",
          *size * *block);
    }
    // Not before Linux 6.8.
    if (used) {
      put("used", "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse",
          *used * *block);
    }
    return {};
  }

  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_nvme(const NodeContext& context) {
  return std::make_unique<Nvme>(context);
}

}  // namespace tocsin::exporters::node
