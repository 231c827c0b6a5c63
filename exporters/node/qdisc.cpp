// Queueing disciplines at the root of network devices, by netlink.

#include <linux/rtnetlink.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/exclusive_filter.hpp"
#include "exporters/node/fixture_records.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/qdisc_message.hpp"

namespace tocsin::exporters::node {
namespace {

class QdiscCollector final : public Collector {
 public:
  QdiscCollector(const NodeContext& context, Filter devices)
      : fs_(context.fs),
        fixtures_(context.options.qdisc_fixtures),
        devices_(std::move(devices)),
        netlink_(NETLINK_ROUTE) {}
  std::string_view name() const override { return "qdisc"; }

  Result<void> collect(expo::Page& page) override {
    if (!fixtures_.empty()) return put_fixtures(page);
    std::vector<Qdisc> roots;
    TOCSIN_OK(netlink_.dump(RTM_GETQDISC, bytes_of(tcmsg{}), [&](std::uint16_t type, std::string_view body) {
      auto qdisc = parse_qdisc(body);
      if (type == RTM_NEWQDISC && qdisc && qdisc->parent == 0) roots.push_back(std::move(*qdisc));
    }));
    for (const Qdisc& qdisc : roots) put(page, netlink_.device_name(qdisc.device), qdisc);
    return {};
  }

 private:
  Result<void> put_fixtures(expo::Page& page) {
    TOCSIN_TRY(const auto records, read_fixture(fs_, fixtures_ + "/results.json"));
    for (const FixtureRecord& record : records) {
      const auto number = [&](std::string_view key) { return static_cast<std::uint32_t>(record.number(key)); };
      if (number("Parent") != 0) continue;
      put(page, record.text("IfaceName"),
          Qdisc{.kind = record.text("Kind"),
                .bytes = number("Bytes"),
                .packets = number("Packets"),
                .drops = number("Drops"),
                .requeues = number("Requeues"),
                .overlimits = number("Overlimits"),
                .queue_length = number("Qlen"),
                .backlog = number("Backlog")});
    }
    return {};
  }

  void put(expo::Page& page, const std::string& device, const Qdisc& qdisc) const {
    if (device.empty() || !devices_.shows(device)) return;  // a device without a name is gone
    const auto put_one = [&](std::string_view name, std::string_view help, model::MetricType type, auto value) {
      page.family(fmt::format("node_qdisc_{}", name), help, type)
          .put({{"device", device}, {"kind", qdisc.kind}}, static_cast<double>(value));
    };
    constexpr auto kCounter = model::MetricType::kCounter, kGauge = model::MetricType::kGauge;
    put_one("bytes_total", "Number of bytes sent.", kCounter, qdisc.bytes);
    put_one("packets_total", "Number of packets sent.", kCounter, qdisc.packets);
    put_one("drops_total", "Number of packets dropped.", kCounter, qdisc.drops);
    put_one("requeues_total", "Number of packets dequeued, not transmitted, and requeued.", kCounter, qdisc.requeues);
    put_one("overlimits_total", "Number of overlimit packets.", kCounter, qdisc.overlimits);
    put_one("current_queue_length", "Number of packets currently in queue to be sent.", kGauge, qdisc.queue_length);
    put_one("backlog", "Number of bytes currently in queue to be sent.", kGauge, qdisc.backlog);
  }

  Fs& fs_;
  std::string fixtures_;  // a folder; empty: the kernel is asked
  Filter devices_;
  Netlink netlink_;
};

}  // namespace

MadeCollector make_qdisc(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices, make_exclusive_filter("--collector.qdisc.device", options.qdisc_device_include,
                                                   options.qdisc_device_exclude));
  return std::make_unique<QdiscCollector>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
