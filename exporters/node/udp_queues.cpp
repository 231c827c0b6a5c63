// Memory of UDP datagrams that wait, from /proc/net/udp and udp6. The kernel walks a table of up to 65,536 places for
// either of them, the dearest of the files that a scrape reads; /proc/net/sockstat knows at once that there are no
// sockets.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class UdpQueues final : public Collector {
 public:
  explicit UdpQueues(const NodeContext& context)
      : ask_first_(context.options.procfs == NodeOptions().procfs),
        ipv4_(context, "net/udp", "net/sockstat", "UDP:"),
        ipv6_(context, "net/udp6", "net/sockstat6", "UDP6:") {}
  std::string_view name() const override { return "udp_queues"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const bool has_ipv4, put(page, ipv4_, "v4"));
    TOCSIN_TRY(const bool has_ipv6, put(page, ipv6_, "v6"));
    if (!has_ipv4 && !has_ipv6) return fail(Errc::kUnavailable, "the kernel has no UDP");
    return {};
  }

 private:
  struct Kind {
    Kind(const NodeContext& context, std::string_view sockets_path, std::string_view counts_path, std::string_view line)
        : sockets(context.fs, context.proc(sockets_path)),
          counts(context.shared.get(context.proc(counts_path))),
          name(line) {}
    SourceFile sockets;
    std::shared_ptr<SharedSourceFile> counts;
    const std::string_view name;  // of its line in counts
  };
  struct Waiting {
    std::uint64_t sent = 0, received = 0;  // bytes
  };

  /// "UDP: inuse 0 mem 0"
  bool has_none(const Kind& kind) const {
    const auto text = kind.counts->read(asked_at());
    if (!text) return false;
    bool none = false;
    for_each_line(**text, [&](std::string_view line) {
      std::uint64_t sockets = 1;
      if (next_word(line) == kind.name && next_word(line) == "inuse" && to_number(next_word(line), sockets))
        none = sockets == 0;
    });
    return none;
  }

  /// False if there is no such file.
  Result<bool> put(expo::Page& page, Kind& kind, std::string_view ip) {
    Waiting waiting;
    // Saved copies of /proc need not fit together, the kernel's own does.
    if (!ask_first_ || !has_none(kind)) {
      auto sum = sum_of(kind.sockets);
      if (!sum && sum.error().code == Errc::kNotFound) return false;
      TOCSIN_TRY(waiting, std::move(sum));
    }
    auto& family =
        page.family("node_udp_queues", "Number of allocated memory in the kernel for UDP datagrams in bytes.",
                    model::MetricType::kGauge);
    family.put({{"queue", "tx"}, {"ip", ip}}, static_cast<double>(waiting.sent));
    family.put({{"queue", "rx"}, {"ip", ip}}, static_cast<double>(waiting.received));
    return true;
  }

  /// Of the column "tx_queue:rx_queue" of all sockets.
  static Result<Waiting> sum_of(SourceFile& file) {
    TOCSIN_TRY(std::string_view text, file.read());
    take_line(text);  // headings
    Waiting sum;
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
      sum.sent += tx;
      sum.received += rx;
    }
    return sum;
  }

  const bool ask_first_;
  Kind ipv4_, ipv6_;
};

}  // namespace

MadeCollector make_udp_queues(const NodeContext& context) {
  return std::make_unique<UdpQueues>(context);
}

}  // namespace tocsin::exporters::node
