#include "exporters/node/wifi_message.hpp"

#include <linux/nl80211.h>

#include "exporters/node/netlink.hpp"

namespace tocsin::exporters::node {
namespace {

std::uint32_t number32(std::string_view value) {
  return read_or_zero<std::uint32_t>(value);
}

/// The element 0 among those of IEEE 802.11: number, length, bytes.
std::string ssid_of(std::string_view elements) {
  while (elements.size() >= 2) {
    const auto length = static_cast<unsigned char>(elements[1]);
    if (elements.size() < 2U + length) return {};
    if (elements[0] == 0) return std::string(elements.substr(2, length));
    elements.remove_prefix(2U + length);
  }
  return {};
}

double bits_per_second(std::string_view attributes) {
  double rate = 0;  // in 100 kbit/s; the wider number stands
  bool wide = false;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_RATE_INFO_BITRATE && !wide) rate = read_or_zero<std::uint16_t>(value);
    if (type == NL80211_RATE_INFO_BITRATE32) {
      rate = number32(value);
      wide = true;
    }
  });
  return rate * 100'000;
}

void read_station(std::string_view attributes, WifiStation& station) {
  bool wide_received = false, wide_sent = false;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_STA_INFO_CONNECTED_TIME) station.connected_seconds = number32(value);
    if (type == NL80211_STA_INFO_INACTIVE_TIME) station.inactive_seconds = number32(value) / 1000.0;
    if (type == NL80211_STA_INFO_RX_BYTES && !wide_received) station.receive_bytes = number32(value);
    if (type == NL80211_STA_INFO_TX_BYTES && !wide_sent) station.transmit_bytes = number32(value);
    if (type == NL80211_STA_INFO_RX_BYTES64) {
      station.receive_bytes = read_or_zero<std::uint64_t>(value);
      wide_received = true;
    }
    if (type == NL80211_STA_INFO_TX_BYTES64) {
      station.transmit_bytes = read_or_zero<std::uint64_t>(value);
      wide_sent = true;
    }
    if (type == NL80211_STA_INFO_SIGNAL) station.signal_dbm = read_or_zero<std::int8_t>(value);
    if (type == NL80211_STA_INFO_RX_PACKETS) station.receive_packets = number32(value);
    if (type == NL80211_STA_INFO_TX_PACKETS) station.transmit_packets = number32(value);
    if (type == NL80211_STA_INFO_TX_RETRIES) station.transmit_retries = number32(value);
    if (type == NL80211_STA_INFO_TX_FAILED) station.transmit_failed = number32(value);
    if (type == NL80211_STA_INFO_BEACON_LOSS) station.beacon_loss = number32(value);
    if (type == NL80211_STA_INFO_RX_BITRATE) station.receive_bits_per_second = bits_per_second(value);
    if (type == NL80211_STA_INFO_TX_BITRATE) station.transmit_bits_per_second = bits_per_second(value);
  });
}

}  // namespace

WifiDevice parse_wifi_device(std::string_view attributes) {
  WifiDevice device;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_ATTR_IFINDEX) device.index = number32(value);
    if (type == NL80211_ATTR_IFNAME) device.name = attribute_text(value);
    if (type == NL80211_ATTR_MAC) device.address = value;
    if (type == NL80211_ATTR_WIPHY_FREQ) device.megahertz = number32(value);
  });
  return device;
}

std::optional<WifiNetwork> parse_wifi_network(std::string_view attributes) {
  WifiNetwork network;
  bool takes_part = false;
  for_each_attribute(attributes, [&](std::uint16_t outer, std::string_view nested) {
    if (outer != NL80211_ATTR_BSS) return;
    for_each_attribute(nested, [&](std::uint16_t type, std::string_view value) {
      if (type == NL80211_BSS_BSSID) network.bssid = value;
      if (type == NL80211_BSS_INFORMATION_ELEMENTS) network.ssid = ssid_of(value);
      if (type == NL80211_BSS_STATUS) {
        network.status = number32(value);
        takes_part = true;
      }
    });
  });
  if (!takes_part) return std::nullopt;
  return network;
}

std::optional<WifiStation> parse_wifi_station(std::string_view attributes) {
  WifiStation station;
  bool known = false;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_ATTR_MAC) station.address = value;
    if (type != NL80211_ATTR_STA_INFO) return;
    read_station(value, station);
    known = true;
  });
  if (!known) return std::nullopt;
  return station;
}

std::string_view wifi_mode(std::uint32_t status) {
  if (status == NL80211_BSS_STATUS_AUTHENTICATED || status == NL80211_BSS_STATUS_ASSOCIATED) return "client";
  return status == NL80211_BSS_STATUS_IBSS_JOINED ? "ad-hoc" : "unknown";
}

}  // namespace tocsin::exporters::node
