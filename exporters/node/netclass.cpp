// What the kernel knows of each network device, from /sys/class/net.

#include <charconv>

#include <net/if.h>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view file, name;
  model::MetricType type = model::MetricType::kGauge;
};
constexpr Metric kMetrics[] = {
    {"addr_assign_type", "address_assign_type"},
    {"carrier", "carrier"},
    {"carrier_changes", "carrier_changes_total", model::MetricType::kCounter},
    {"carrier_up_count", "carrier_up_changes_total", model::MetricType::kCounter},
    {"carrier_down_count", "carrier_down_changes_total", model::MetricType::kCounter},
    {"dev_id", "device_id"},
    {"dormant", "dormant"},
    {"flags", "flags"},
    {"ifindex", "iface_id"},
    {"iflink", "iface_link"},
    {"link_mode", "iface_link_mode"},
    {"mtu", "mtu_bytes"},
    {"name_assign_type", "name_assign_type"},
    {"netdev_group", "net_dev_group"},
    {"tx_queue_len", "transmit_queue_length"},
    {"type", "protocol_type"},
};

/// Decimal, or hexadecimal after 0x, as the kernel writes flags.
std::optional<std::int64_t> to_integer(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (status != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

class Netclass final : public Collector {
 public:
  Netclass(const NodeContext& context, Filter ignored, bool ignore_invalid_speed)
      : folder_(context.sys("class/net")),
        fs_(context.fs),
        files_(context.fs),
        devices_(std::move(ignored)),
        ignore_invalid_speed_(ignore_invalid_speed) {}
  std::string_view name() const override { return "netclass"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> devices, or_no_data(fs_.list(folder_)));
    for (const std::string& device : devices) {
      // Beside the devices there is bonding_masters, a file.
      if (devices_.shows(device) && files_.text(fmt::format("{}/{}/ifindex", folder_, device))) put(page, device);
    }
    return {};
  }

 private:
  std::string text(const std::string& device, std::string_view file) {
    return std::string(files_.text(fmt::format("{}/{}/{}", folder_, device, file)).value_or(""));
  }

  /// A file that does not answer has no series: `carrier` of a device that is down, `speed` of one without.
  std::optional<std::int64_t> integer(const std::string& device, std::string_view file) {
    const auto digits = files_.text(fmt::format("{}/{}/{}", folder_, device, file));
    return digits ? to_integer(*digits) : std::nullopt;
  }

  void put(expo::Page& page, const std::string& device) {
    const std::string state = text(device, "operstate");
    page.family("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", model::MetricType::kGauge)
        .put({{"device", device}}, state == "up" ? 1 : 0);
    const auto flags = integer(device, "flags");
    const std::string_view admin = !flags ? "unknown" : (*flags & IFF_UP) != 0 ? "up" : "down";
    page.family("node_network_info", "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
                model::MetricType::kGauge)
        .put({{"device", device},
              {"address", text(device, "address")},
              {"broadcast", text(device, "broadcast")},
              {"duplex", text(device, "duplex")},
              {"operstate", state},
              {"adminstate", admin},
              {"ifalias", text(device, "ifalias")}},
             1);
    for (const Metric& metric : kMetrics) {
      if (const auto value = integer(device, metric.file)) put(page, device, metric, static_cast<double>(*value));
    }
    const auto megabits = integer(device, "speed");
    if (megabits && (*megabits >= 0 || !ignore_invalid_speed_)) {
      put(page, device, {"speed", "speed_bytes"}, static_cast<double>(*megabits * 1000 * 1000 / 8));
    }
  }

  static void put(expo::Page& page, const std::string& device, const Metric& metric, double value) {
    page.family(fmt::format("node_network_{}", metric.name), fmt::format("Network device property: {}", metric.name),
                metric.type)
        .put({{"device", device}}, value);
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
  Filter devices_;
  bool ignore_invalid_speed_;
};

}  // namespace

MadeCollector make_netclass(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices, Filter::except("--collector.netclass.ignored-devices", options.netclass_ignored_devices));
  return std::make_unique<Netclass>(context, std::move(devices), options.netclass_ignore_invalid_speed);
}

}  // namespace tocsin::exporters::node
