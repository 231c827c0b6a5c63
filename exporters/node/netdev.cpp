// Traffic by network device, from /proc/net/dev.

#include <array>
#include <set>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kFields = 16;
/// The columns of /proc/net/dev in order.
constexpr std::array<std::string_view, kFields> kNames = {
    "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
    "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
    "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
    "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};

class Netdev final : public Collector {
 public:
  Netdev(const NodeOptions& options, Fs& fs, Filter devices)
      : file_(fs, options.procfs + "/net/dev"), devices_(std::move(devices)) {}
  std::string_view name() const override { return "netdev"; }

  Result<void> collect(expo::Page& page) override {
    if (families_[0] == nullptr) make_families(page);
    TOCSIN_TRY(const std::string_view text, file_.read());
    Result<void> result;
    std::size_t line_number = 0;
    for_each_line(text, [&](std::string_view line) {
      if (++line_number <= 2 || line.empty()) return;  // two lines of headings
      if (auto put = put_device(line); !put && result) result = std::move(put);
    });
    return result;
  }

 private:
  void make_families(expo::Page& page) {
    for (std::size_t i = 0; i < kFields; ++i) {
      families_[i] = &page.family(fmt::format("node_network_{}_total", kNames[i]),
                                  fmt::format("Network device statistic {}.", kNames[i]), model::MetricType::kCounter);
    }
  }

  Result<void> put_device(std::string_view line) {
    const std::size_t colon = line.rfind(':');  // an alias holds a colon too
    if (colon == std::string_view::npos) return fail(Errc::kCorrupt, "{}: no device in \"{}\"", file_.path(), line);
    std::string_view name = line.substr(0, colon);
    const std::string_view device = next_word(name);
    if (!devices_.shows(device)) return {};
    line.remove_prefix(colon + 1);
    for (std::size_t i = 0; i < kFields; ++i) {
      std::uint64_t value = 0;
      const std::string_view word = next_word(line);
      if (!to_number(word, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), device, word);
      families_[i]->put({{"device", device}}, static_cast<double>(value));
    }
    return {};
  }

  SourceFile file_;
  Filter devices_;
  std::array<expo::CachedFamily*, kFields> families_{};
};

}  // namespace

MadeCollector make_netdev(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices,
             Filter::make("--collector.netdev.device", options.netdev_device_include, options.netdev_device_exclude));
  return std::make_unique<Netdev>(options, context.fs, std::move(devices));
}

}  // namespace tocsin::exporters::node
