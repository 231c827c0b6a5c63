#include "exporters/node/route_message.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include "exporters/node/netlink.hpp"

namespace tocsin::exporters::node {
namespace {

std::string address_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  if (bytes.size() == sizeof(in_addr)) inet_ntop(AF_INET, bytes.data(), text, sizeof(text));
  if (bytes.size() == sizeof(in6_addr)) inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

/// The ways in RTA_MULTIPATH: a struct rtnexthop each, with attributes of its own.
std::vector<Route> parse_ways(std::string_view bytes, const Route& route) {
  std::vector<Route> ways;
  for (;;) {
    const auto hop = read_struct<rtnexthop>(bytes);
    if (!hop || hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > bytes.size()) return ways;
    Route& way = ways.emplace_back(route);
    way.device = static_cast<unsigned>(hop->rtnh_ifindex);
    way.weight = fmt::format("{}", hop->rtnh_hops + 1);
    for_each_attribute(bytes.substr(sizeof(rtnexthop), hop->rtnh_len - sizeof(rtnexthop)),
                       [&](std::uint16_t type, std::string_view value) {
                         if (type == RTA_GATEWAY) way.gateway = address_text(value);
                       });
    bytes.remove_prefix(std::min<std::size_t>(RTNH_ALIGN(hop->rtnh_len), bytes.size()));
  }
}

}  // namespace

std::vector<Route> parse_route(std::string_view message) {
  const auto header = read_struct<rtmsg>(message);
  if (!header || header->rtm_type != RTN_UNICAST) return {};
  Route route;
  route.protocol = header->rtm_protocol;
  std::string destination;
  std::string_view ways;
  for_each_attribute(after_header(message, sizeof(rtmsg)), [&](std::uint16_t type, std::string_view value) {
    if (type == RTA_DST) destination = address_text(value);
    if (type == RTA_PREFSRC) route.source = address_text(value);
    if (type == RTA_GATEWAY) route.gateway = address_text(value);
    if (type == RTA_PRIORITY) route.priority = read_struct<std::uint32_t>(value).value_or(0);
    if (type == RTA_OIF) route.device = read_struct<std::uint32_t>(value).value_or(0);
    if (type == RTA_MULTIPATH) ways = value;
  });
  route.destination = header->rtm_dst_len == 0 ? "default" : fmt::format("{}/{}", destination, header->rtm_dst_len);
  if (ways.empty()) return {route};
  route.gateway.clear();
  return parse_ways(ways, route);
}

std::string_view route_protocol_name(std::uint8_t protocol) {
  // Source: include/uapi/linux/rtnetlink.h of Linux.
  constexpr std::pair<int, std::string_view> kNames[] = {
      {0, "unspec"},   {1, "redirect"}, {2, "kernel"}, {3, "boot"},      {4, "static"}, {8, "gated"}, {9, "ra"},
      {10, "mrt"},     {11, "zebra"},   {12, "bird"},  {13, "dnrouted"}, {14, "xorp"},  {15, "ntk"},  {16, "dhcp"},
      {17, "mrouted"}, {42, "babel"},   {186, "bgp"},  {187, "isis"},    {188, "ospf"}, {189, "rip"}, {192, "eigrp"},
  };
  const auto* const found = std::ranges::find(kNames, protocol, &std::pair<int, std::string_view>::first);
  return found == std::end(kNames) ? "unknown" : found->second;
}

}  // namespace tocsin::exporters::node
