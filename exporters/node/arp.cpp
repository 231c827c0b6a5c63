// Neighbours by device, from /proc/net/arp.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Arp final : public Collector {
 public:
  Arp(const NodeContext& context, Filter devices)
      : file_(context.fs, context.proc("net/arp")), devices_(std::move(devices)) {}
  std::string_view name() const override { return "arp"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    take_line(text);  // headings
    std::map<std::string_view, std::uint64_t> entries;
    while (!text.empty()) {
      // "192.168.1.1  0x1  0x2  cc:aa:dd:ee:aa:bb  *  eth0"
      std::string_view line = take_line(text), device;
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) device = word;
      if (!device.empty() && devices_.shows(device)) ++entries[device];
    }
    auto& family = page.family("node_arp_entries", "ARP entries by device", model::MetricType::kGauge);
    for (const auto& [device, count] : entries) family.put({{"device", device}}, static_cast<double>(count));
    return {};
  }

 private:
  SourceFile file_;
  Filter devices_;
};

}  // namespace

MadeCollector make_arp(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices,
             Filter::make("--collector.arp.device", options.arp_device_include, options.arp_device_exclude));
  return std::make_unique<Arp>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
