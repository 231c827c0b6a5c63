// What the kernel knows of each network device: over netlink, with the few files of /sys/class/net that say more; or
// all from the files.

#include <array>
#include <charconv>
#include <map>

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/link_message.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view file, name;
  model::MetricType type = model::MetricType::kGauge;
};
enum Property : std::uint8_t {
  kAddressAssign,
  kCarrier,
  kCarrierChanges,
  kCarrierUp,
  kCarrierDown,
  kDeviceId,
  kDormant,
  kFlags,
  kIndex,
  kLink,
  kLinkMode,
  kMtu,
  kNameAssign,
  kGroup,
  kQueueLength,
  kType,
  kProperties
};
constexpr std::array<Metric, kProperties> kMetrics = {{
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
}};
/// By the number of IF_OPER_…, as /sys/class/net/<iface>/operstate writes them.
constexpr std::string_view kStates[] = {"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"};

/// Of devices that may have gone since.
constexpr std::size_t kMaxKnown = 4096;

/// Decimal, or hexadecimal after 0x, as the kernel writes flags.
std::optional<std::int64_t> to_integer(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (status != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct Device {
  std::string name, address, broadcast, duplex, state, alias;
  std::array<std::optional<std::int64_t>, kProperties> properties;  // without one, there is no series
  std::optional<std::int64_t> megabits;
};

class Netclass final : public Collector {
 public:
  Netclass(const NodeContext& context, Filter ignored)
      : folder_(context.sys("class/net")),
        fs_(context.fs),
        clock_(context.clock),
        shared_stats_(context.links),
        files_(context.fs, 1024),
        devices_(std::move(ignored)),
        netlink_(NETLINK_ROUTE),
        // Another folder, as of the host seen from a container, has the devices of another network namespace.
        by_netlink_(context.options.sysfs == "/sys"),
        ignore_invalid_speed_(context.options.netclass_ignore_invalid_speed) {}
  std::string_view name() const override { return "netclass"; }

  Result<void> collect(expo::Page& page) override {
    if (info_ == nullptr) make_families(page);
    if (by_netlink_) {
      const MonoTime began = clock_.mono();
      std::size_t count = 0;
      bool all_count = true;
      auto asked = for_each_link(netlink_, false, [&](const Link& link) {
        if (count == stats_.size()) stats_.emplace_back();
        stats_[count].name = link.name;
        stats_[count++].stats64 = link.stats64;
        all_count = all_count && !link.stats64.empty();
        if (devices_.shows(link.name)) put(of_link(link));
      });
      stats_.resize(count);
      if (asked && all_count) shared_stats_->keep(stats_, began);
      if (asked || asked.error().code != Errc::kUnavailable) return asked;
    }
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    for (const std::string& name : names) {
      // Beside the devices there is bonding_masters, a file.
      if (devices_.shows(name) && files_.text(fmt::format("{}/{}/ifindex", folder_, name))) put(of_files(name));
    }
    return {};
  }

 private:
  void make_families(expo::Page& page) {
    up_ = &page.family("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.", model::MetricType::kGauge);
    info_ = &page.family("node_network_info", "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
                         model::MetricType::kGauge);
    for (std::size_t i = 0; i < kProperties; ++i) families_[i] = family(page, kMetrics[i].name, kMetrics[i].type);
    speed_ = family(page, "speed_bytes", model::MetricType::kGauge);
  }
  static expo::CachedFamily* family(expo::Page& page, std::string_view name, model::MetricType type) {
    return &page.family(fmt::format("node_network_{}", name), fmt::format("Network device property: {}", name), type);
  }

  std::optional<std::string_view> answer(std::string_view device, std::string_view file) {
    path_.assign(folder_).append(1, '/').append(device).append(1, '/').append(file);
    return files_.text(path_);
  }
  std::string text(std::string_view device, std::string_view file) {
    return std::string(answer(device, file).value_or(""));
  }

  /// Nothing if the file does not answer: `carrier` of a device that is down, `speed` of one without.
  std::optional<std::int64_t> integer(std::string_view device, std::string_view file) {
    const auto digits = answer(device, file);
    return digits ? to_integer(*digits) : std::nullopt;
  }

  Device of_files(const std::string& name) {
    Device device{.name = name,
                  .address = text(name, "address"),
                  .broadcast = text(name, "broadcast"),
                  .duplex = text(name, "duplex"),
                  .state = text(name, "operstate"),
                  .alias = text(name, "ifalias"),
                  .properties = {},
                  .megabits = integer(name, "speed")};
    for (std::size_t i = 0; i < kProperties; ++i) device.properties[i] = integer(name, kMetrics[i].file);
    return device;
  }

  /// What netlink does not tell comes from files. Speed and duplex only drivers of devices that are up tell.
  Device of_link(const Link& link) {
    const bool up = (link.flags & IFF_UP) != 0, may_have_speed = up && link.type != ARPHRD_LOOPBACK;
    Device device{.name = std::string(link.name),
                  .address = hardware_address(link.address),
                  .broadcast = hardware_address(link.broadcast),
                  .duplex = may_have_speed ? text(link.name, "duplex") : "",
                  .state = std::string(link.state < std::size(kStates) ? kStates[link.state] : kStates[0]),
                  .alias = std::string(trim(link.alias)),
                  .properties = {},
                  .megabits = may_have_speed ? integer(link.name, "speed") : std::nullopt};
    auto& properties = device.properties;
    for (const Property property : {kAddressAssign, kNameAssign}) {
      properties[property] = integer(link.name, kMetrics[property].file);
    }
    properties[kDeviceId] = device_id(link);
    properties[kFlags] = link.set_flags;
    if (!link.set_flags) properties[kFlags] = integer(link.name, kMetrics[kFlags].file);
    if (up) {
      properties[kCarrier] = link.carrier;
      properties[kDormant] = (link.flags & IFF_DORMANT) != 0 ? 1 : 0;
    }
    properties[kCarrierChanges] = link.carrier_changes;
    properties[kCarrierUp] = link.carrier_up;
    properties[kCarrierDown] = link.carrier_down;
    properties[kIndex] = link.index;
    properties[kLink] = link.link;
    properties[kLinkMode] = link.mode;
    properties[kMtu] = link.mtu;
    properties[kGroup] = link.group;
    properties[kQueueLength] = link.queue_length;
    properties[kType] = link.type;
    return device;
  }

  /// A driver gives it to a device when it makes it.
  std::optional<std::int64_t> device_id(const Link& link) {
    const auto known = device_ids_.find(link.index);
    if (known != device_ids_.end() && known->second.first == link.name) return known->second.second;
    if (device_ids_.size() >= kMaxKnown) device_ids_.clear();
    const auto id = integer(link.name, kMetrics[kDeviceId].file);
    device_ids_.insert_or_assign(link.index, std::pair(std::string(link.name), id));
    return id;
  }

  void put(const Device& device) {
    up_->put({{"device", device.name}}, device.state == "up" ? 1 : 0);
    const auto flags = device.properties[kFlags];
    info_->put({{"device", device.name},
                {"address", device.address},
                {"broadcast", device.broadcast},
                {"duplex", device.duplex},
                {"operstate", device.state},
                {"adminstate", !flags                   ? "unknown"
                               : (*flags & IFF_UP) != 0 ? "up"
                                                        : "down"},
                {"ifalias", device.alias}},
               1);
    for (std::size_t i = 0; i < kProperties; ++i) {
      const auto value = device.properties[i];
      if (value) families_[i]->put({{"device", device.name}}, static_cast<double>(*value));
    }
    if (device.megabits && (*device.megabits >= 0 || !ignore_invalid_speed_)) {
      speed_->put({{"device", device.name}}, static_cast<double>(*device.megabits * 1000 * 1000 / 8));
    }
  }

  std::string folder_, path_;
  Fs& fs_;
  Clock& clock_;
  std::shared_ptr<SharedLinkStats> shared_stats_;
  std::vector<SharedLinkStats::Device> stats_;  // of this round, then of an older one
  SourceFiles files_;
  Filter devices_;
  Netlink netlink_;
  bool by_netlink_, ignore_invalid_speed_;
  std::map<unsigned, std::pair<std::string, std::optional<std::int64_t>>> device_ids_;  // by index, with the name
  expo::CachedFamily *up_ = nullptr, *info_ = nullptr, *speed_ = nullptr;
  std::array<expo::CachedFamily*, kProperties> families_{};
};

}  // namespace

MadeCollector make_netclass(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices, Filter::except("--collector.netclass.ignored-devices", options.netclass_ignored_devices));
  return std::make_unique<Netclass>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
