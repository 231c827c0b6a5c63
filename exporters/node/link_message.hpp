#pragma once
// Network devices, as the kernel tells them over netlink.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::exporters::node {

class Netlink;

/// One RTM_NEWLINK. Views into the message. Source: rtnetlink(7), include/uapi/linux/if_link.h of Linux.
struct Link {
  unsigned index = 0, flags = 0, type = 0;
  /// What /sys/class/net/<iface>/flags shows: without those that tell of the link's state, and with IFF_PROMISC and
  /// IFF_ALLMULTI whoever asked for them. Nothing where the kernel does not tell (before Linux 6.1).
  std::optional<unsigned> set_flags;
  std::string_view name, alias;
  std::string_view address, broadcast;  // bytes
  std::uint8_t state = 0, mode = 0;     // IF_OPER_…, IF_LINK_MODE_…
  unsigned link = 0;                    // index of the device below; its own if there is none
  unsigned mtu = 0, queue_length = 0, group = 0;
  std::optional<std::uint8_t> carrier;
  std::optional<std::uint32_t> carrier_changes, carrier_up, carrier_down;
  std::string_view stats64, stats32;  // struct rtnl_link_stats64, rtnl_link_stats; may be shorter than this build's
};

/// Nothing if the message is too short or has no name.
std::optional<Link> parse_link(std::string_view message);

/// Calls `take` for each device; its views live for the call.
/// @param with_stats  else the kernel is asked to leave counters out; Linux gives those of the device nevertheless
/// @return as Netlink::dump().
Result<void> for_each_link(Netlink& netlink, bool with_stats, const std::function<void(const Link&)>& take);

/// One RTM_NEWSTATS. A view into the message. Source: include/uapi/linux/if_link.h of Linux, IFLA_STATS_LINK_64.
struct LinkStats {
  unsigned index = 0;
  std::string_view stats64;  // struct rtnl_link_stats64; may be shorter or longer than this build's
};

/// Nothing if the message is too short or has no counters.
std::optional<LinkStats> parse_link_stats(std::string_view message);

/// The counters of each device and nothing else, which costs the kernel a third of all that it says of a device.
/// @return as Netlink::dump(); kUnavailable before Linux 4.7.
Result<void> for_each_link_stats(Netlink& netlink, const std::function<void(const LinkStats&)>& take);

/// "02:fc:00:00:00:01", of any length.
std::string hardware_address(std::string_view bytes);

}  // namespace tocsin::exporters::node
