// Traffic by network device: from the kernel over netlink, or from /proc/net/dev.

#include <array>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "exporters/node/address_message.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/exclusive_filter.hpp"
#include "exporters/node/link_message.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// Places in struct rtnl_link_stats64, which has one number after the other, as its older form of 32 bits has.
enum Place : std::uint8_t {
  kRxPackets,
  kTxPackets,
  kRxBytes,
  kTxBytes,
  kRxErrors,
  kTxErrors,
  kRxDropped,
  kTxDropped,
  kMulticast,
  kCollisions,
  kRxLength,
  kRxOver,
  kRxCrc,
  kRxFrame,
  kRxFifo,
  kRxMissed,
  kTxAborted,
  kTxCarrier,
  kTxFifo,
  kTxHeartbeat,
  kTxWindow,
  kRxCompressed,
  kTxCompressed,
  kRxNoHandler,
  kPlaces
};
using Stats = std::array<std::uint64_t, kPlaces>;

/// What is shown under a name: the sum of up to four numbers.
struct Field {
  std::string_view name;
  std::array<Place, 4> places;
  std::size_t count;
};
template <typename... Places>
constexpr Field field(std::string_view name, Places... places) {
  return {name, {places...}, sizeof...(places)};
}

/// Named as the columns of /proc/net/dev are, and summed up as the kernel sums them up there.
/// Source: net/core/net-procfs.c of Linux, dev_seq_printf_stats().
constexpr Field kLegacy[] = {
    field("receive_bytes", kRxBytes),
    field("receive_packets", kRxPackets),
    field("receive_errs", kRxErrors),
    field("receive_drop", kRxDropped, kRxMissed),
    field("receive_fifo", kRxFifo),
    field("receive_frame", kRxFrame, kRxLength, kRxOver, kRxCrc),
    field("receive_compressed", kRxCompressed),
    field("receive_multicast", kMulticast),
    field("transmit_bytes", kTxBytes),
    field("transmit_packets", kTxPackets),
    field("transmit_errs", kTxErrors),
    field("transmit_drop", kTxDropped),
    field("transmit_fifo", kTxFifo),
    field("transmit_colls", kCollisions),
    field("transmit_carrier", kTxCarrier, kTxAborted, kTxHeartbeat, kTxWindow),
    field("transmit_compressed", kTxCompressed),
    field("receive_nohandler", kRxNoHandler),
};
constexpr Field kDetailed[] = {
    field("receive_packets", kRxPackets),
    field("transmit_packets", kTxPackets),
    field("receive_bytes", kRxBytes),
    field("transmit_bytes", kTxBytes),
    field("receive_errors", kRxErrors),
    field("transmit_errors", kTxErrors),
    field("receive_dropped", kRxDropped),
    field("transmit_dropped", kTxDropped),
    field("multicast", kMulticast),
    field("collisions", kCollisions),
    field("receive_length_errors", kRxLength),
    field("receive_over_errors", kRxOver),
    field("receive_crc_errors", kRxCrc),
    field("receive_frame_errors", kRxFrame),
    field("receive_fifo_errors", kRxFifo),
    field("receive_missed_errors", kRxMissed),
    field("transmit_aborted_errors", kTxAborted),
    field("transmit_carrier_errors", kTxCarrier),
    field("transmit_fifo_errors", kTxFifo),
    field("transmit_heartbeat_errors", kTxHeartbeat),
    field("transmit_window_errors", kTxWindow),
    field("receive_compressed", kRxCompressed),
    field("transmit_compressed", kTxCompressed),
    field("receive_nohandler", kRxNoHandler),
};

/// The columns of /proc/net/dev in order: the first 16 of kLegacy. Detailed names change two kinds of them.
constexpr std::size_t kColumns = 16;
std::string column_name(std::size_t column, bool detailed) {
  const std::string_view name = kLegacy[column].name;
  const std::size_t under = name.find('_') + 1;
  if (detailed && name.substr(under) == "errs") return fmt::format("{}errors", name.substr(0, under));
  if (detailed && name.substr(under) == "drop") return fmt::format("{}dropped", name.substr(0, under));
  return std::string(name);
}

template <typename Number>
Stats stats_of(std::string_view bytes) {
  Stats stats{};
  for (std::size_t i = 0; i < stats.size() && bytes.size() >= sizeof(Number); ++i) {
    stats[i] = read_or_zero<Number>(bytes);
    bytes.remove_prefix(sizeof(Number));
  }
  return stats;
}

class Netdev final : public Collector {
 public:
  Netdev(const NodeContext& context, Filter devices)
      : file_(context.fs, context.proc("net/dev")),
        files_(context.fs),
        folder_(context.sys("class/net")),
        devices_(std::move(devices)),
        netlink_(NETLINK_ROUTE),
        shared_stats_(context.links),
        by_netlink_(context.options.netdev_netlink),
        detailed_(context.options.netdev_detailed),
        with_alias_(context.options.netdev_label_alias),
        with_addresses_(context.options.netdev_address_info) {}
  std::string_view name() const override { return "netdev"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_OK(collect_counters(page));
    return with_addresses_ ? put_addresses(page) : Result<void>();
  }

 private:
  using Families = std::vector<expo::CachedFamily*>;

  Result<void> collect_counters(expo::Page& page) {
    if (by_netlink_) {
      auto asked = ask_kernel(page);
      // Where a sandbox keeps the process off netlink, the file has all but one number.
      if (asked || asked.error().code != Errc::kUnavailable) return asked;
    }
    return read_file(page);
  }

  Result<void> put_addresses(expo::Page& page) {
    std::vector<DeviceAddress> addresses;
    TOCSIN_OK(netlink_.dump(RTM_GETADDR, bytes_of(ifaddrmsg{}), [&](std::uint16_t type, std::string_view body) {
      auto address = parse_device_address(body);
      if (type == RTM_NEWADDR && address) addresses.push_back(std::move(*address));
    }));
    for (const DeviceAddress& address : addresses) {
      const std::string device = netlink_.device_name(address.device);
      if (device.empty() || !devices_.shows(device)) continue;
      page.family("node_network_address_info", "node network address by device", model::MetricType::kGauge)
          .put({{"device", device},
                {"address", address.address},
                {"netmask", fmt::format("{}", address.prefix_length)},
                {"scope", address.scope}},
               1);
    }
    return {};
  }

  static expo::CachedFamily* family(expo::Page& page, std::string_view name) {
    return &page.family(fmt::format("node_network_{}_total", name), fmt::format("Network device statistic {}.", name),
                        model::MetricType::kCounter);
  }

  void put(expo::CachedFamily& family, std::string_view device, std::string_view alias, std::uint64_t value) const {
    if (with_alias_) return family.put({{"device", device}, {"ifalias", alias}}, static_cast<double>(value));
    family.put({{"device", device}}, static_cast<double>(value));
  }

  Result<void> ask_kernel(expo::Page& page) {
    const std::span<const Field> fields =
        detailed_ ? std::span<const Field>(kDetailed) : std::span<const Field>(kLegacy);
    if (link_families_.empty()) {
      for (const Field& field : fields) link_families_.push_back(family(page, field.name));
    }
    const auto put_stats = [&](std::string_view device, std::string_view alias, const Stats& stats) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        std::uint64_t value = 0;
        for (std::size_t part = 0; part < fields[i].count; ++part) value += stats[fields[i].places[part]];
        put(*link_families_[i], device, alias, value);
      }
    };
    if (!with_alias_) {
      const bool known = shared_stats_->for_each(asked_at(), [&](std::string_view device, std::string_view stats64) {
        if (devices_.shows(device)) put_stats(device, {}, stats_of<std::uint64_t>(stats64));
      });
      if (known) return {};
    }
    if (!with_alias_ && tells_stats_) {
      auto asked = for_each_link_stats(netlink_, [&](const LinkStats& link) {
        const std::string device = netlink_.device_name(link.index);
        if (!device.empty() && devices_.shows(device)) put_stats(device, {}, stats_of<std::uint64_t>(link.stats64));
      });
      if (asked || asked.error().code != Errc::kUnavailable) return asked;
      tells_stats_ = false;
    }
    return for_each_link(netlink_, true, [&](const Link& link) {
      if (!devices_.shows(link.name) || (link.stats64.empty() && link.stats32.empty())) return;
      put_stats(link.name, link.alias,
                link.stats64.empty() ? stats_of<std::uint32_t>(link.stats32) : stats_of<std::uint64_t>(link.stats64));
    });
  }

  Result<void> read_file(expo::Page& page) {
    if (file_families_.empty()) {
      for (std::size_t i = 0; i < kColumns; ++i) file_families_.push_back(family(page, column_name(i, detailed_)));
    }
    TOCSIN_TRY(std::string_view text, file_.read());
    take_line(text);
    take_line(text);  // headings
    Result<void> result;
    while (!text.empty()) {
      if (auto put = put_line(take_line(text)); !put && result) result = std::move(put);
    }
    return result;
  }

  Result<void> put_line(std::string_view line) {
    if (line.empty()) return {};
    const std::size_t colon = line.rfind(':');  // an alias holds a colon too
    if (colon == std::string_view::npos) return fail(Errc::kCorrupt, "{}: no device in \"{}\"", file_.path(), line);
    std::string_view name = line.substr(0, colon);
    const std::string_view device = next_word(name);
    if (!devices_.shows(device)) return {};
    std::string_view alias;
    if (with_alias_) alias = files_.text(fmt::format("{}/{}/ifalias", folder_, device)).value_or("");
    line.remove_prefix(colon + 1);
    for (expo::CachedFamily* const family : file_families_) {
      std::uint64_t value = 0;
      const std::string_view word = next_word(line);
      if (!to_number(word, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_.path(), device, word);
      put(*family, device, alias, value);
    }
    return {};
  }

  SourceFile file_;
  SourceFiles files_;
  std::string folder_;
  Filter devices_;
  Netlink netlink_;
  std::shared_ptr<SharedLinkStats> shared_stats_;
  bool by_netlink_, detailed_, with_alias_, with_addresses_;
  bool tells_stats_ = true;  // the kernel knows RTM_GETSTATS
  Families link_families_, file_families_;
};

}  // namespace

MadeCollector make_netdev(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter devices, make_exclusive_filter("--collector.netdev.device", options.netdev_device_include,
                                                   options.netdev_device_exclude));
  return std::make_unique<Netdev>(context, std::move(devices));
}

}  // namespace tocsin::exporters::node
