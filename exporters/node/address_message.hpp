#pragma once
// Addresses of network devices, as the kernel tells them over netlink.

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::exporters::node {

struct DeviceAddress {
  unsigned device = 0;  // its index
  std::string address;
  unsigned prefix_length = 0;
  std::string_view scope;  // link-local, interface-local, global or ""
};

/// One RTM_NEWADDR; nothing if it is too short, or of neither IPv4 nor IPv6. Source: rtnetlink(7).
std::optional<DeviceAddress> parse_device_address(std::string_view message);

}  // namespace tocsin::exporters::node
