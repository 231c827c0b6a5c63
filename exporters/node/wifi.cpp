// Wireless devices: their frequency, the network they take part in and the stations they talk to, from nl80211.

#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/fixture_records.hpp"
#include "exporters/node/link_message.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/wifi_message.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view name, help;
  model::MetricType type;
  double (*value)(const WifiStation& station);
};
constexpr auto kCounter = model::MetricType::kCounter, kGauge = model::MetricType::kGauge;
constexpr Metric kMetrics[] = {
    {"connected_seconds_total", "The total number of seconds a station has been connected to an access point.",
     kCounter, [](const WifiStation& s) { return s.connected_seconds; }},
    {"inactive_seconds", "The number of seconds since any wireless activity has occurred on a station.", kGauge,
     [](const WifiStation& s) { return s.inactive_seconds; }},
    {"receive_bits_per_second", "The current WiFi receive bitrate of a station, in bits per second.", kGauge,
     [](const WifiStation& s) { return s.receive_bits_per_second; }},
    {"transmit_bits_per_second", "The current WiFi transmit bitrate of a station, in bits per second.", kGauge,
     [](const WifiStation& s) { return s.transmit_bits_per_second; }},
    {"receive_bytes_total", "The total number of bytes received by a WiFi station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.receive_bytes); }},
    {"transmit_bytes_total", "The total number of bytes transmitted by a WiFi station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.transmit_bytes); }},
    {"signal_dbm", "The current WiFi signal strength, in decibel-milliwatts (dBm).", kGauge,
     [](const WifiStation& s) { return static_cast<double>(s.signal_dbm); }},
    {"transmit_retries_total", "The total number of times a station has had to retry while sending a packet.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.transmit_retries); }},
    {"transmit_failed_total", "The total number of times a station has failed to send a packet.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.transmit_failed); }},
    {"beacon_loss_total", "The total number of times a station has detected a beacon loss.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.beacon_loss); }},
    {"transmitted_packets_total", "The total number of packets transmitted by a station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.transmit_packets); }},
    {"received_packets_total", "The total number of packets received by a station.", kCounter,
     [](const WifiStation& s) { return static_cast<double>(s.receive_packets); }},
};

void put_device(expo::Page& page, std::string_view device, double megahertz) {
  page.family("node_wifi_interface_frequency_hertz",
              "The current frequency a WiFi interface is operating at, in hertz.", kGauge)
      .put({{"device", device}}, megahertz * 1'000'000);
}

void put_network(expo::Page& page, std::string_view device, const WifiNetwork& network) {
  page.family("node_wifi_station_info",
              "Labeled WiFi interface station information as provided by the operating system.", kGauge)
      .put({{"device", device},
            {"bssid", hardware_address(network.bssid)},
            {"ssid", network.ssid},
            {"mode", wifi_mode(network.status)}},
           1);
}

void put_station(expo::Page& page, std::string_view device, const WifiStation& station) {
  const std::string address = hardware_address(station.address);
  for (const Metric& metric : kMetrics) {
    page.family(fmt::format("node_wifi_station_{}", metric.name), metric.help, metric.type)
        .put({{"device", device}, {"mac_address", address}}, metric.value(station));
  }
}

class Wifi final : public Collector {
 public:
  explicit Wifi(const NodeContext& context)
      : fs_(context.fs), fixtures_(context.options.wifi_fixtures), netlink_(NETLINK_GENERIC) {}
  std::string_view name() const override { return "wifi"; }

  Result<void> collect(expo::Page& page) override {
    if (!fixtures_.empty()) return put_fixtures(page);
    TOCSIN_TRY(const std::uint16_t family, find_family());
    std::vector<WifiDevice> devices;
    TOCSIN_OK(dump(family, NL80211_CMD_GET_INTERFACE, nullptr,
                   [&](std::string_view attributes) { devices.push_back(parse_wifi_device(attributes)); }));
    for (const WifiDevice& device : devices) {
      if (device.name.empty()) continue;
      put_device(page, device.name, device.megahertz);
      bool found = false;
      TOCSIN_OK(dump(family, NL80211_CMD_GET_SCAN, &device, [&](std::string_view attributes) {
        const auto network = parse_wifi_network(attributes);
        if (network && !found) put_network(page, device.name, *network);
        found = found || network.has_value();
      }));
      TOCSIN_OK(dump(family, NL80211_CMD_GET_STATION, &device, [&](std::string_view attributes) {
        if (const auto station = parse_wifi_station(attributes)) put_station(page, device.name, *station);
      }));
    }
    return {};
  }

 private:
  /// The number under which the kernel knows nl80211 now; kUnavailable if it does not.
  Result<std::uint16_t> find_family() {
    const genlmsghdr header{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
    std::string request(bytes_of(header));
    append_attribute(request, CTRL_ATTR_FAMILY_NAME, std::string_view(NL80211_GENL_NAME, sizeof(NL80211_GENL_NAME)));
    std::uint16_t family = 0;
    TOCSIN_OK(netlink_.ask(GENL_ID_CTRL, request, [&](std::uint16_t /*type*/, std::string_view body) {
      for_each_attribute(after_header(body, sizeof(genlmsghdr)), [&](std::uint16_t type, std::string_view value) {
        if (type == CTRL_ATTR_FAMILY_ID) family = read_or_zero<std::uint16_t>(value);
      });
    }));
    if (family == 0) return fail(Errc::kUnavailable, "the kernel has no nl80211");
    return family;
  }

  /// Of all devices, or of one. A device that cannot answer the question has nothing.
  Result<void> dump(std::uint16_t family, std::uint8_t command, const WifiDevice* device,
                    const std::function<void(std::string_view)>& take) {
    const genlmsghdr header{.cmd = command, .version = 1, .reserved = 0};
    std::string request(bytes_of(header));
    if (device != nullptr) {
      append_attribute(request, NL80211_ATTR_IFINDEX, bytes_of(device->index));
      if (!device->address.empty()) append_attribute(request, NL80211_ATTR_MAC, device->address);
    }
    auto result = netlink_.dump(family, request, [&](std::uint16_t type, std::string_view body) {
      if (type == family) take(after_header(body, sizeof(genlmsghdr)));
    });
    if (!result && device != nullptr && result.error().code == Errc::kUnavailable) return {};
    return result;
  }

  Result<void> put_fixtures(expo::Page& page) {
    TOCSIN_TRY(const auto devices, read_fixture(fs_, fixtures_ + "/interfaces.json"));
    for (const FixtureRecord& device : devices) {
      const std::string name = device.text("name");
      if (name.empty()) continue;
      put_device(page, name, device.number("frequency"));
      const std::string folder = fmt::format("{}/{}", fixtures_, name);
      if (fs_.exists(folder + "/bss.json")) {
        TOCSIN_TRY(const auto networks, read_fixture(fs_, folder + "/bss.json"));
        for (const FixtureRecord& network : networks) {
          put_network(page, name,
                      {.ssid = network.text("ssid"),
                       .bssid = network.bytes("bssid"),
                       .status = static_cast<std::uint32_t>(network.number("status"))});
        }
      }
      if (!fs_.exists(folder + "/stationinfo.json")) continue;
      TOCSIN_TRY(const auto stations, read_fixture(fs_, folder + "/stationinfo.json"));
      for (const FixtureRecord& station : stations) put_station(page, name, station_of(station));
    }
    return {};
  }

  static WifiStation station_of(const FixtureRecord& record) {
    const auto number = [&](std::string_view key) { return static_cast<std::uint32_t>(record.number(key)); };
    constexpr double kNanoseconds = 1e9;
    return {.address = record.bytes("hardwareaddr"),
            .connected_seconds = record.number("connected") / kNanoseconds,
            .inactive_seconds = record.number("inactive") / kNanoseconds,
            .receive_bits_per_second = record.number("receivebitrate"),
            .transmit_bits_per_second = record.number("transmitbitrate"),
            .receive_bytes = static_cast<std::uint64_t>(record.number("receivedbytes")),
            .transmit_bytes = static_cast<std::uint64_t>(record.number("transmittedbytes")),
            .signal_dbm = static_cast<int>(record.number("signal")),
            .transmit_retries = number("transmitretries"),
            .transmit_failed = number("transmitfailed"),
            .beacon_loss = number("beaconloss"),
            .receive_packets = number("receivedpackets"),
            .transmit_packets = number("transmittedpackets")};
  }

  Fs& fs_;
  std::string fixtures_;  // a folder; empty: the kernel is asked
  Netlink netlink_;
};

}  // namespace

MadeCollector make_wifi(const NodeContext& context) {
  return std::make_unique<Wifi>(context);
}

}  // namespace tocsin::exporters::node
