// Memory of UDP datagrams that wait, from /proc/net/udp and udp6.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class UdpQueues final : public Collector {
 public:
  explicit UdpQueues(const NodeContext& context)
      : ipv4_(context.fs, context.proc("net/udp")), ipv6_(context.fs, context.proc("net/udp6")) {}
  std::string_view name() const override { return "udp_queues"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const bool has_ipv4, put(page, ipv4_, "v4"));
    TOCSIN_TRY(const bool has_ipv6, put(page, ipv6_, "v6"));
    if (!has_ipv4 && !has_ipv6) return fail(Errc::kUnavailable, "the kernel has no UDP");
    return {};
  }

 private:
  /// Sums of the column "tx_queue:rx_queue" of all sockets. False if there is no such file.
  Result<bool> put(expo::Page& page, SourceFile& file, std::string_view ip) {
    auto read = file.read();
    if (!read && read.error().code == Errc::kNotFound) return false;
    TOCSIN_TRY(std::string_view text, std::move(read));
    take_line(text);  // headings
    std::uint64_t sent = 0, received = 0;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      for (int skipped = 0; skipped < 4; ++skipped) next_word(line);
      const std::string_view queues = next_word(line);
      if (queues.empty()) continue;
      const std::size_t colon = queues.find(':');
      std::uint64_t tx = 0, rx = 0;
      if (colon == std::string_view::npos || !to_hex_number(queues.substr(0, colon), tx) ||
          !to_hex_number(queues.substr(colon + 1), rx)) {
        return fail(Errc::kCorrupt, "{}: no queues: \"{}\"", file.path(), queues);
      }
      sent += tx;
      received += rx;
    }
    auto& family =
        page.family("node_udp_queues", "Number of allocated memory in the kernel for UDP datagrams in bytes.",
                    model::MetricType::kGauge);
    family.put({{"queue", "tx"}, {"ip", ip}}, static_cast<double>(sent));
    family.put({{"queue", "rx"}, {"ip", ip}}, static_cast<double>(received));
    return true;
  }

  SourceFile ipv4_, ipv6_;
};

}  // namespace

MadeCollector make_udp_queues(const NodeContext& context) {
  return std::make_unique<UdpQueues>(context);
}

}  // namespace tocsin::exporters::node
