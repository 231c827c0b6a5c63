#pragma once
// Wireless devices, as nl80211 tells them over generic netlink.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::exporters::node {

struct WifiDevice {
  std::uint32_t index = 0;
  std::string name;     // "" for some virtual ones
  std::string address;  // bytes
  std::uint32_t megahertz = 0;
};

/// The network that a device takes part in.
struct WifiNetwork {
  std::string ssid, bssid;   // the second in bytes
  std::uint32_t status = 0;  // enum nl80211_bss_status
};

/// The other side of a connection.
struct WifiStation {
  std::string address;  // bytes
  double connected_seconds = 0, inactive_seconds = 0;
  double receive_bits_per_second = 0, transmit_bits_per_second = 0;
  std::uint64_t receive_bytes = 0, transmit_bytes = 0;
  int signal_dbm = 0;
  std::uint32_t transmit_retries = 0, transmit_failed = 0, beacon_loss = 0, receive_packets = 0, transmit_packets = 0;
};

// Each reads the attributes of one message. Source: include/uapi/linux/nl80211.h of Linux.
WifiDevice parse_wifi_device(std::string_view attributes);
/// Nothing if the network is one that was only seen.
std::optional<WifiNetwork> parse_wifi_network(std::string_view attributes);
/// Nothing if there is no information of a station.
std::optional<WifiStation> parse_wifi_station(std::string_view attributes);

/// "client", "ad-hoc" or "unknown", of a network's status.
std::string_view wifi_mode(std::uint32_t status);

}  // namespace tocsin::exporters::node
