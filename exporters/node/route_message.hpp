#pragma once
// Routes, as the kernel tells them over netlink.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::exporters::node {

/// One way to a destination; a route over several devices has as many.
struct Route {
  unsigned device = 0;  // its index
  std::string source, destination, gateway;
  std::uint32_t priority = 0;
  std::uint8_t protocol = 0;
  std::string weight;  // "" if there is one way only
};

/// The ways of one RTM_NEWROUTE; none if it is no unicast route, or makes no sense. Source: rtnetlink(7).
std::vector<Route> parse_route(std::string_view message);

/// Who made the route: "kernel", "static", …; "unknown".
std::string_view route_protocol_name(std::uint8_t protocol);

}  // namespace tocsin::exporters::node
