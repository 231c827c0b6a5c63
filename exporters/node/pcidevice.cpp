// PCI devices: what they are, their links, power states and virtual functions, from /sys/bus/pci/devices.
// Source of what the files mean: Documentation/ABI/testing/sysfs-bus-pci of Linux.

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/pci_ids.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// "0000:45:00.0": segment, bus, device, function.
using Location = std::array<std::string, 4>;
constexpr std::string_view kLocationLabels[] = {"segment", "bus", "device", "function"};
constexpr std::string_view kParentLabels[] = {"parent_segment", "parent_bus", "parent_device", "parent_function"};
constexpr std::string_view kPowerStates[] = {"D0", "D1", "D2", "D3hot", "D3cold", "unknown", "error"};

/// What a device must have, and with how many digits it is shown.
struct Identifier {
  std::string_view file, label;
  int digits;
};
constexpr Identifier kIdentifiers[] = {
    {"class", "class_id", 6},
    {"vendor", "vendor_id", 4},
    {"device", "device_id", 4},
    {"subsystem_vendor", "subsystem_vendor_id", 4},
    {"subsystem_device", "subsystem_device_id", 4},
    {"revision", "revision", 2},
};

/// A file that a device may lack; then it has the value `absent`.
struct Metric {
  std::string_view file, name, help;
  double absent = 0;
};
constexpr Metric kMetrics[] = {
    {"max_link_speed", "max_link_transfers_per_second", "Value of maximum link's transfers per second (T/s)", -1},
    {"max_link_width", "max_link_width", "Value of maximum link's width (number of lanes)", -1},
    {"current_link_speed", "current_link_transfers_per_second", "Value of current link's transfers per second (T/s)",
     -1},
    {"current_link_width", "current_link_width", "Value of current link's width (number of lanes)", -1},
    {"d3cold_allowed", "d3cold_allowed", "Whether the PCIe device supports D3cold power state (0/1)."},
    {"sriov_drivers_autoprobe", "sriov_drivers_autoprobe",
     "Whether SR-IOV drivers autoprobe is enabled for the device (0/1)."},
    {"sriov_numvfs", "sriov_numvfs", "Number of Virtual Functions (VFs) currently enabled for SR-IOV."},
    {"sriov_totalvfs", "sriov_totalvfs", "Total number of Virtual Functions (VFs) supported by the device."},
    {"sriov_vf_total_msix", "sriov_vf_total_msix", "Total number of MSI-X vectors for Virtual Functions."},
};

std::optional<Location> parse_location(std::string_view name) {
  const std::vector<std::string_view> parts = split(name, ':');
  if (parts.size() != 3) return std::nullopt;
  const std::vector<std::string_view> last = split(parts[2], '.');
  if (last.size() != 2) return std::nullopt;
  return Location{std::string(parts[0]), std::string(parts[1]), std::string(last[0]), std::string(last[1])};
}

/// A number, "8.0 GT/s PCIe" (or without PCIe, before Linux 5.7) in transfers. Nothing if there is none: "Unknown".
std::optional<double> parse_value(std::string_view text) {
  double value = 0;
  const std::string_view unit = "GT/s";
  const std::string_view number = next_word(text);
  if (!parse_float(number, value)) return std::nullopt;
  return next_word(text) == unit ? value * 1e9 : value;
}

class PciDevice final : public Collector {
 public:
  PciDevice(const NodeContext& context, std::optional<PciIds> ids)
      : folder_(context.sys("bus/pci/devices")), fs_(context.fs), files_(context.fs, 256), ids_(std::move(ids)) {}
  std::string_view name() const override { return "pcidevice"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    for (const std::string& name : names) TOCSIN_OK(put_device(page, fmt::format("{}/{}", folder_, name)));
    return {};
  }

 private:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  static void put(expo::Page& page, std::string_view name, std::string_view help, const Labels& labels, double value) {
    std::vector<model::LabelView> views;
    for (const auto& [label, text] : labels) views.push_back({label, text});
    page.family(fmt::format("node_pcidevice_{}", name), help, model::MetricType::kGauge).put(views, value);
  }

  Result<void> put_device(expo::Page& page, const std::string& folder) {
    // The entries are links into the tree of devices, where a device's folder is in that of its bridge.
    TOCSIN_TRY(const std::string real, fs_.real_path(folder));
    const std::filesystem::path path(real);
    const auto location = parse_location(path.filename().string());
    if (!location) return fail(Errc::kCorrupt, "{}: no location of a PCI device: {}", folder, real);
    Labels labels;
    for (std::size_t i = 0; i < location->size(); ++i) labels.emplace_back(kLocationLabels[i], (*location)[i]);
    TOCSIN_OK(put_info(page, folder, labels, parse_location(path.parent_path().filename().string())));
    for (const Metric& metric : kMetrics) {
      const auto text = files_.text(fmt::format("{}/{}", folder, metric.file));
      put(page, metric.name, metric.help, labels, text ? parse_value(*text).value_or(metric.absent) : metric.absent);
    }
    const auto node = files_.number(folder + "/numa_node");
    if (node && *node != -1) {
      put(page, "numa_node", "NUMA node number for the PCI device. -1 indicates unknown or not available.", labels,
          *node);
    }
    put_power_state(page, folder, labels);
    return {};
  }

  Result<void> put_info(expo::Page& page, const std::string& folder, Labels labels,
                        const std::optional<Location>& parent) {
    for (std::size_t i = 0; i < std::size(kParentLabels); ++i) {
      labels.emplace_back(kParentLabels[i], parent ? (*parent)[i] : "*");
    }
    std::vector<std::string> ids;
    for (const Identifier& identifier : kIdentifiers) {
      const std::string file = fmt::format("{}/{}", folder, identifier.file);
      TOCSIN_TRY(const std::string_view content, files_.read(file));
      std::string_view text = trim(content);
      if (text.starts_with("0x")) text.remove_prefix(2);
      std::uint32_t value = 0;
      if (!to_hex_number(text, value)) {
        return fail(Errc::kCorrupt, "{}: no hexadecimal number: \"{}\"", file, text);
      }
      ids.push_back(fmt::format("{:0{}x}", value, identifier.digits));
      labels.emplace_back(identifier.label, "0x" + ids.back());
    }
    if (ids_) {
      labels.emplace_back("class_name", ids_->device_class(ids[0]));
      labels.emplace_back("vendor_name", ids_->vendor(ids[1]));
      labels.emplace_back("device_name", ids_->device(ids[1], ids[2]));
      labels.emplace_back("subsystem_vendor_name", ids_->vendor(ids[3]));
      labels.emplace_back("subsystem_device_name", ids_->subsystem(ids[1], ids[2], ids[3], ids[4]));
    }
    put(page, "info", "Non-numeric data from /sys/bus/pci/devices/<location>, value is always 1.", labels, 1);
    return {};
  }

  void put_power_state(expo::Page& page, const std::string& folder, Labels labels) {
    const auto text = files_.text(folder + "/power_state");
    if (!text || text->empty()) return;
    labels.emplace_back("state", "");
    for (const std::string_view state : kPowerStates) {
      labels.back().second = state;
      put(page, "power_state", "PCIe device power state, one of: D0, D1, D2, D3hot, D3cold, unknown or error.", labels,
          *text == state ? 1 : 0);
    }
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
  std::optional<PciIds> ids_;  // if names are to be shown
};

}  // namespace

MadeCollector make_pcidevice(const NodeContext& context) {
  const NodeOptions& options = context.options;
  std::optional<PciIds> ids;
  if (options.pcidevice_names) {
    ids.emplace();
    std::vector<std::string> paths = {"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"};
    if (!options.pcidevice_ids_file.empty()) paths = {options.pcidevice_ids_file};
    for (const std::string& path : paths) {
      const auto text = context.fs.read_file(path);
      if (!text) continue;  // then numbers are shown
      ids->read(*text);
      break;
    }
  }
  return std::make_unique<PciDevice>(context, std::move(ids));
}

}  // namespace tocsin::exporters::node
