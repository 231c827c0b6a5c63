#include "exporters/node/link_message.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "exporters/node/netlink.hpp"

namespace tocsin::exporters::node {

std::optional<Link> parse_link(std::string_view message) {
  const auto header = read_struct<ifinfomsg>(message);
  if (!header) return std::nullopt;
  Link link;
  link.index = static_cast<unsigned>(header->ifi_index);
  link.flags = header->ifi_flags;
  link.type = header->ifi_type;
  link.link = link.index;
  std::optional<std::uint32_t> promiscuous, all_multicast;  // by how many they are wanted
  const std::string_view attributes = after_header(message, sizeof(ifinfomsg));
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == IFLA_IFNAME) link.name = attribute_text(value);
    if (type == IFLA_IFALIAS) link.alias = attribute_text(value);
    if (type == IFLA_ADDRESS) link.address = value;
    if (type == IFLA_BROADCAST) link.broadcast = value;
    if (type == IFLA_OPERSTATE) link.state = read_or_zero<std::uint8_t>(value);
    if (type == IFLA_LINKMODE) link.mode = read_or_zero<std::uint8_t>(value);
    if (type == IFLA_LINK) link.link = read_or_zero<std::uint32_t>(value);
    if (type == IFLA_MTU) link.mtu = read_or_zero<std::uint32_t>(value);
    if (type == IFLA_TXQLEN) link.queue_length = read_or_zero<std::uint32_t>(value);
    if (type == IFLA_GROUP) link.group = read_or_zero<std::uint32_t>(value);
    if (type == IFLA_CARRIER) link.carrier = read_struct<std::uint8_t>(value);
    if (type == IFLA_CARRIER_CHANGES) link.carrier_changes = read_struct<std::uint32_t>(value);
    if (type == IFLA_CARRIER_UP_COUNT) link.carrier_up = read_struct<std::uint32_t>(value);
    if (type == IFLA_CARRIER_DOWN_COUNT) link.carrier_down = read_struct<std::uint32_t>(value);
    if (type == IFLA_PROMISCUITY) promiscuous = read_struct<std::uint32_t>(value);
    if (type == IFLA_ALLMULTI) all_multicast = read_struct<std::uint32_t>(value);
    if (type == IFLA_STATS) link.stats32 = value;
    if (type == IFLA_STATS64) link.stats64 = value;
  });
  if (link.name.empty()) return std::nullopt;
  if (promiscuous && all_multicast) {
    link.set_flags =
        link.flags & ~static_cast<unsigned>(IFF_PROMISC | IFF_ALLMULTI | IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT);
    if (*promiscuous > 0) *link.set_flags |= IFF_PROMISC;
    if (*all_multicast > 0) *link.set_flags |= IFF_ALLMULTI;
  }
  return link;
}

Result<void> for_each_link(Netlink& netlink, bool with_stats, const std::function<void(const Link&)>& take) {
  std::string request(bytes_of(ifinfomsg{}));
  if (!with_stats) append_attribute(request, IFLA_EXT_MASK, bytes_of(std::uint32_t{RTEXT_FILTER_SKIP_STATS}));
  return netlink.dump(RTM_GETLINK, request, [&](std::uint16_t type, std::string_view body) {
    if (type != RTM_NEWLINK) return;
    if (const auto link = parse_link(body)) take(*link);
  });
}

std::optional<LinkStats> parse_link_stats(std::string_view message) {
  const auto header = read_struct<if_stats_msg>(message);
  if (!header) return std::nullopt;
  LinkStats stats{.index = header->ifindex, .stats64 = {}};
  for_each_attribute(after_header(message, sizeof(if_stats_msg)), [&](std::uint16_t type, std::string_view value) {
    if (type == IFLA_STATS_LINK_64) stats.stats64 = value;
  });
  if (stats.stats64.empty()) return std::nullopt;
  return stats;
}

Result<void> for_each_link_stats(Netlink& netlink, const std::function<void(const LinkStats&)>& take) {
  if_stats_msg request{};
  request.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  return netlink.dump(RTM_GETSTATS, bytes_of(request), [&](std::uint16_t type, std::string_view body) {
    if (type != RTM_NEWSTATS) return;
    if (const auto stats = parse_link_stats(body)) take(*stats);
  });
}

std::string hardware_address(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(3 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (!out.empty()) out += ':';
    out += kDigits[value >> 4U];
    out += kDigits[value & 0xfU];
  }
  return out;
}

}  // namespace tocsin::exporters::node
