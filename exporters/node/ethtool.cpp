// What network drivers tell over the ethtool interface: driver, link modes, their own statistics.

#include <algorithm>
#include <map>

#include <linux/ethtool.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/ethtool_device.hpp"
#include "exporters/node/ethtool_page.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Mode {
  unsigned bit;
  int megabits;
  std::string_view duplex, kind;
};
/// The modes that fit into 32 bits; node_exporter knows no others.
constexpr Mode kModes[] = {
    {ETHTOOL_LINK_MODE_10baseT_Half_BIT, 10, "half", "T"},
    {ETHTOOL_LINK_MODE_10baseT_Full_BIT, 10, "full", "T"},
    {ETHTOOL_LINK_MODE_100baseT_Half_BIT, 100, "half", "T"},
    {ETHTOOL_LINK_MODE_100baseT_Full_BIT, 100, "full", "T"},
    {ETHTOOL_LINK_MODE_1000baseT_Half_BIT, 1000, "half", "T"},
    {ETHTOOL_LINK_MODE_1000baseT_Full_BIT, 1000, "full", "T"},
    {ETHTOOL_LINK_MODE_10000baseT_Full_BIT, 10000, "full", "T"},
    {ETHTOOL_LINK_MODE_1000baseKX_Full_BIT, 1000, "full", "KX"},
    {ETHTOOL_LINK_MODE_10000baseKX4_Full_BIT, 10000, "full", "KX4"},
    {ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, 10000, "full", "KR"},
    {ETHTOOL_LINK_MODE_10000baseR_FEC_BIT, 10000, "full", "R_FEC"},
    {ETHTOOL_LINK_MODE_20000baseMLD2_Full_BIT, 20000, "full", "MLD2"},
    {ETHTOOL_LINK_MODE_20000baseKR2_Full_BIT, 20000, "full", "KR2"},
    {ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, 40000, "full", "KR4"},
    {ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, 40000, "full", "CR4"},
    {ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, 40000, "full", "SR4"},
    {ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, 40000, "full", "LR4"},
    {ETHTOOL_LINK_MODE_56000baseKR4_Full_BIT, 56000, "full", "KR4"},
    {ETHTOOL_LINK_MODE_56000baseCR4_Full_BIT, 56000, "full", "CR4"},
    {ETHTOOL_LINK_MODE_56000baseSR4_Full_BIT, 56000, "full", "SR4"},
    {ETHTOOL_LINK_MODE_56000baseLR4_Full_BIT, 56000, "full", "LR4"},
    {ETHTOOL_LINK_MODE_25000baseCR_Full_BIT, 25000, "full", "CR"},
};
constexpr std::pair<std::string_view, unsigned> kPorts[] = {
    {"TP", ETHTOOL_LINK_MODE_TP_BIT},   {"AUI", ETHTOOL_LINK_MODE_AUI_BIT},
    {"MII", ETHTOOL_LINK_MODE_MII_BIT}, {"FIBRE", ETHTOOL_LINK_MODE_FIBRE_BIT},
    {"BNC", ETHTOOL_LINK_MODE_BNC_BIT}, {"Backplane", ETHTOOL_LINK_MODE_Backplane_BIT},
};
struct Capability {
  unsigned bit;
  std::string_view name;
  std::string_view supported_help, advertised_help;
};
constexpr Capability kCapabilities[] = {
    {ETHTOOL_LINK_MODE_Autoneg_BIT, "autonegotiate", "If this port device supports autonegotiate",
     "If this port device offers autonegotiate"},
    {ETHTOOL_LINK_MODE_Pause_BIT, "pause", "If this port device supports pause frames",
     "If this port device offers pause capability"},
    {ETHTOOL_LINK_MODE_Asym_Pause_BIT, "asymmetricpause", "If this port device supports asymmetric pause frames",
     "If this port device offers asymmetric pause capability"},
};
/// Statistics that most drivers have, with names and helps of their own.
struct Common {
  std::string_view statistic, name, help;
};
constexpr Common kCommon[] = {
    {"rx_bytes", "node_ethtool_received_bytes_total", "Network interface bytes received"},
    {"rx_dropped", "node_ethtool_received_dropped_total", "Number of received frames dropped"},
    {"rx_errors", "node_ethtool_received_errors_total", "Number of received frames with errors"},
    {"rx_packets", "node_ethtool_received_packets_total", "Network interface packets received"},
    {"tx_bytes", "node_ethtool_transmitted_bytes_total", "Network interface bytes sent"},
    {"tx_errors", "node_ethtool_transmitted_errors_total", "Number of sent frames with errors"},
    {"tx_packets", "node_ethtool_transmitted_packets_total", "Network interface packets sent"},
};
constexpr auto kGauge = model::MetricType::kGauge;

bool has(std::uint32_t modes, unsigned bit) {
  return (modes >> bit & 1U) != 0;
}

void put_modes(expo::Page& page, std::string_view device, std::uint32_t modes, bool advertised) {
  auto& speeds = advertised ? page.family("node_network_advertised_speed_bytes",
                                          "Combination of speeds and features offered by network device", kGauge)
                            : page.family("node_network_supported_speed_bytes",
                                          "Combination of speeds and features supported by network device", kGauge);
  for (const Mode& mode : kModes) {
    if (!has(modes, mode.bit)) continue;
    const std::string name = fmt::format("{}base{}", mode.megabits, mode.kind);
    speeds.put({{"device", device}, {"duplex", mode.duplex}, {"mode", name}}, mode.megabits * 1e6 / 8);
  }
  for (const Capability& capability : kCapabilities) {
    page.family(fmt::format("node_network_{}_{}", capability.name, advertised ? "advertised" : "supported"),
                advertised ? capability.advertised_help : capability.supported_help, kGauge)
        .put({{"device", device}}, has(modes, capability.bit) ? 1 : 0);
  }
}

void put_link(expo::Page& page, std::string_view device, const EthtoolDevice::Link& link) {
  put_modes(page, device, link.supported, false);
  put_modes(page, device, link.advertised, true);
  for (const auto& [name, bit] : kPorts) {
    if (!has(link.supported, bit)) continue;
    page.family("node_network_supported_port_info", "Type of ports or PHYs supported by network device", kGauge)
        .put({{"device", device}, {"type", name}}, 1);
  }
  page.family("node_network_autonegotiate", "If this port is using autonegotiate", kGauge)
      .put({{"device", device}}, link.autonegotiate ? 1 : 0);
}

void put_statistics(expo::Page& page, std::string_view device, const EthtoolDevice& from, const Filter& statistics) {
  std::map<std::string, std::uint64_t> by_name;  // of equal names the last stands
  for (const auto& [name, value] : from.statistics) by_name.insert_or_assign(name, value);
  // Two names that become one metric are both left out.
  std::map<std::string, std::vector<std::pair<std::string, std::uint64_t>>> by_metric;
  for (const auto& [name, value] : by_name) {
    std::string clean = ethtool_clean_name(name);
    if (statistics.shows(clean)) by_metric[ethtool_metric_name(clean)].emplace_back(std::move(clean), value);
  }
  for (const auto& [metric, found] : by_metric) {
    if (found.size() > 1) continue;
    const auto& [name, value] = found.front();
    const auto* const common = std::ranges::find(kCommon, name, &Common::statistic);
    auto& family = common == std::end(kCommon)
                       ? page.family(metric, fmt::format("Network interface {}", name), model::MetricType::kUnknown)
                       : page.family(common->name, common->help, model::MetricType::kUnknown);
    family.put({{"device", device}}, static_cast<double>(value));
  }
}

class EthtoolCollector final : public Collector {
 public:
  EthtoolCollector(const NodeContext& context, Filter devices, Filter statistics)
      : folder_(context.sys("class/net")),
        fs_(context.fs),
        devices_(std::move(devices)),
        statistics_(std::move(statistics)) {}
  std::string_view name() const override { return "ethtool"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    for (const std::string& name : names) {
      if (!devices_.shows(name)) continue;
      TOCSIN_TRY(const EthtoolDevice device, socket_.read(name));
      put_ethtool(page, name, device, statistics_);
    }
    return {};
  }

 private:
  std::string folder_;
  Fs& fs_;
  Filter devices_, statistics_;
  EthtoolSocket socket_;
};

}  // namespace

void put_ethtool(expo::Page& page, std::string_view name, const EthtoolDevice& device, const Filter& statistics) {
  if (device.link) put_link(page, name, *device.link);
  if (device.driver) {
    page.family("node_ethtool_info",
                "A metric with a constant '1' value labeled by bus_info, device, driver, expansion_rom_version, "
                "firmware_version, version.",
                kGauge)
        .put({{"bus_info", device.driver->bus_info},
              {"device", name},
              {"driver", device.driver->name},
              {"expansion_rom_version", device.driver->expansion_rom_version},
              {"firmware_version", device.driver->firmware_version},
              {"version", device.driver->version}},
             1);
  }
  put_statistics(page, name, device, statistics);
}

MadeCollector make_ethtool(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices, Filter::make("--collector.ethtool.device", options.ethtool_device_include,
                                          options.ethtool_device_exclude));
  TOCSIN_TRY(Filter statistics, Filter::only("--collector.ethtool.metrics-include", options.ethtool_metrics_include));
  return std::make_unique<EthtoolCollector>(context, std::move(devices), std::move(statistics));
}

}  // namespace tocsin::exporters::node
