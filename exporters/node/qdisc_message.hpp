#pragma once
// Queueing disciplines, as the kernel tells them over netlink.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::exporters::node {

struct Qdisc {
  unsigned device = 0;       // its index
  std::uint32_t parent = 0;  // 0: the root of its device
  std::string kind;
  std::uint64_t bytes = 0;
  std::uint32_t packets = 0, drops = 0, requeues = 0, overlimits = 0, queue_length = 0, backlog = 0;
};

/// One RTM_NEWQDISC; nothing if it is too short. Source: rtnetlink(7), include/uapi/linux/gen_stats.h of Linux.
std::optional<Qdisc> parse_qdisc(std::string_view message);

}  // namespace tocsin::exporters::node
