#include "exporters/node/address_message.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "exporters/node/netlink.hpp"

namespace tocsin::exporters::node {
namespace {

/// As Go's net.IP sorts addresses, which is what node_exporter shows.
std::string_view scope_of(const in_addr& address) {
  const std::uint32_t bits = ntohl(address.s_addr);
  const std::uint32_t first = bits >> 24U;
  const bool link_local = first == 127 || bits >> 16U == 0xA9FE || bits >> 8U == 0xE00000;
  if (link_local) return "link-local";
  const bool multicast = first >= 224 && first < 240;
  return bits == 0 || bits == 0xFFFF'FFFF || multicast ? "" : "global";
}

std::string_view scope_of(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_MC_LINKLOCAL(&address)) {
    return "link-local";
  }
  if (IN6_IS_ADDR_MC_NODELOCAL(&address)) return "interface-local";
  return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_MULTICAST(&address) ? "" : "global";
}

template <typename Address>
bool read_address(int family, std::string_view bytes, DeviceAddress& out) {
  const auto address = read_struct<Address>(bytes);
  char text[INET6_ADDRSTRLEN] = {};
  if (!address || ::inet_ntop(family, &*address, text, sizeof(text)) == nullptr) return false;
  out.address = text;
  out.scope = scope_of(*address);
  return true;
}

}  // namespace

std::optional<DeviceAddress> parse_device_address(std::string_view message) {
  const auto header = read_struct<ifaddrmsg>(message);
  if (!header) return std::nullopt;
  DeviceAddress out;
  out.device = header->ifa_index;
  out.prefix_length = header->ifa_prefixlen;
  std::string_view local, other;  // where a link has two ends, the second is the far one
  for_each_attribute(after_header(message, sizeof(ifaddrmsg)), [&](std::uint16_t type, std::string_view value) {
    if (type == IFA_LOCAL) local = value;
    if (type == IFA_ADDRESS) other = value;
  });
  const std::string_view bytes = local.empty() ? other : local;
  const bool known = header->ifa_family == AF_INET    ? read_address<in_addr>(AF_INET, bytes, out)
                     : header->ifa_family == AF_INET6 ? read_address<in6_addr>(AF_INET6, bytes, out)
                                                      : false;
  if (!known) return std::nullopt;
  return out;
}

}  // namespace tocsin::exporters::node
