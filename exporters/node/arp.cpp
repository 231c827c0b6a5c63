// Neighbours by device: from the kernel over netlink, or from /proc/net/arp.

#include <map>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Arp final : public Collector {
 public:
  Arp(const NodeContext& context, Filter devices)
      : file_(context.fs, context.proc("net/arp")),
        devices_(std::move(devices)),
        netlink_(NETLINK_ROUTE),
        by_netlink_(context.options.arp_netlink) {}
  std::string_view name() const override { return "arp"; }

  Result<void> collect(expo::Page& page) override {
    if (by_netlink_) {
      auto counts = ask_kernel();
      if (counts) return put(page, *counts);
      // Where a sandbox keeps the process off netlink, the file has the same.
      if (counts.error().code != Errc::kUnavailable) return std::unexpected(std::move(counts).error());
    }
    TOCSIN_TRY(const Counts counts, read_file());
    return put(page, counts);
  }

 private:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  Result<Counts> ask_kernel() {
    ndmsg request{};
    request.ndm_family = AF_INET;
    std::map<int, std::uint64_t> by_index;
    TOCSIN_OK(netlink_.dump(RTM_GETNEIGH, bytes_of(request), [&](std::uint16_t type, std::string_view body) {
      const auto neighbour = read_struct<ndmsg>(body);
      // The file does not show those without ARP either.
      if (type != RTM_NEWNEIGH || !neighbour || (neighbour->ndm_state & NUD_NOARP) != 0) return;
      if (neighbour->ndm_family == AF_INET) ++by_index[neighbour->ndm_ifindex];
    }));
    Counts counts;
    for (const auto& [index, count] : by_index) counts[netlink_.device_name(static_cast<unsigned>(index))] += count;
    counts.erase("");  // of devices that went in between
    return counts;
  }

  /// "192.168.1.1  0x1  0x2  cc:aa:dd:ee:aa:bb  *  eth0"
  Result<Counts> read_file() {
    TOCSIN_TRY(std::string_view text, file_.read());
    take_line(text);  // headings
    Counts counts;
    while (!text.empty()) {
      std::string_view line = take_line(text), device;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) device = word;
      if (!device.empty()) ++counts[std::string(device)];
    }
    return counts;
  }

  Result<void> put(expo::Page& page, const Counts& counts) const {
    auto& family = page.family("node_arp_entries", "ARP entries by device", model::MetricType::kGauge);
    for (const auto& [device, count] : counts) {
      if (devices_.shows(device)) family.put({{"device", device}}, static_cast<double>(count));
    }
    return {};
  }

  SourceFile file_;
  Filter devices_;
  Netlink netlink_;
  bool by_netlink_;
};

}  // namespace

MadeCollector make_arp(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices,
             Filter::make("--collector.arp.device", options.arp_device_include, options.arp_device_exclude));
  return std::make_unique<Arp>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
