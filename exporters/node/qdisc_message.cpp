#include "exporters/node/qdisc_message.hpp"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "exporters/node/netlink.hpp"

namespace tocsin::exporters::node {
namespace {

/// Kernels may leave padding at the end of a struct out: bytes that are missing count as 0.
template <typename T>
T read_padded(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

void read_stats(std::string_view attributes, Qdisc& qdisc) {
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == TCA_STATS_BASIC) {
      const auto basic = read_padded<gnet_stats_basic>(value);
      qdisc.bytes = basic.bytes;
      qdisc.packets = basic.packets;
    }
    if (type == TCA_STATS_QUEUE) {
      const auto queue = read_padded<gnet_stats_queue>(value);
      qdisc.queue_length = queue.qlen;
      qdisc.backlog = queue.backlog;
      qdisc.drops = queue.drops;
      qdisc.requeues = queue.requeues;
      qdisc.overlimits = queue.overlimits;
    }
  });
}

}  // namespace

std::optional<Qdisc> parse_qdisc(std::string_view message) {
  const auto header = read_struct<tcmsg>(message);
  if (!header) return std::nullopt;
  Qdisc qdisc;
  qdisc.device = static_cast<unsigned>(header->tcm_ifindex);
  qdisc.parent = header->tcm_parent == TC_H_ROOT ? 0 : header->tcm_parent;
  for_each_attribute(after_header(message, sizeof(tcmsg)), [&](std::uint16_t type, std::string_view value) {
    if (type == TCA_KIND) qdisc.kind = attribute_text(value);
    if (type == TCA_STATS2) read_stats(value, qdisc);
  });
  return qdisc;
}

}  // namespace tocsin::exporters::node
