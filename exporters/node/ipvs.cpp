// The IP virtual server: totals from /proc/net/ip_vs_stats, real servers from /proc/net/ip_vs.

#include <algorithm>
#include <array>
#include <map>

#include <arpa/inet.h>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// What a real server is told apart by, in the order of kLabels.
using Backend = std::array<std::string, 6>;
constexpr std::array<std::string_view, 6> kLabels = {"local_address", "local_port", "remote_address",
                                                     "remote_port",   "proto",      "local_mark"};
using ShownLabels = std::array<bool, kLabels.size()>;

struct Status {
  std::uint64_t active = 0, inactive = 0, weight = 0;
};

/// "C0A80016:0CEA" or "[2620:0000:0000:0000:0000:0000:0000:0001]:0050". False if it is neither.
bool parse_address(std::string_view text, std::string& address, std::string& port) {
  const std::size_t colon = text.rfind(':');
  std::uint64_t number = 0;
  if (colon == std::string_view::npos || !to_hex_number(text.substr(colon + 1), number) || number > 0xFFFF)
    return false;
  port = fmt::format("{}", number);
  const std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    in6_addr bytes{};
    char shown[INET6_ADDRSTRLEN] = {};
    if (inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &bytes) != 1) return false;
    address = inet_ntop(AF_INET6, &bytes, shown, sizeof(shown));
    return true;
  }
  if (host.size() != 8 || !to_hex_number(host, number)) return false;
  address = fmt::format("{}.{}.{}.{}", number >> 24U, (number >> 16U) & 0xFFU, (number >> 8U) & 0xFFU, number & 0xFFU);
  return true;
}

class Ipvs final : public Collector {
 public:
  Ipvs(const NodeContext& context, ShownLabels shown)
      : stats_(context.fs, context.proc("net/ip_vs_stats")),
        table_(context.fs, context.proc("net/ip_vs")),
        shown_(shown) {}
  std::string_view name() const override { return "ipvs"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_OK(put_totals(page));
    TOCSIN_TRY(const auto backends, read_backends());
    for (const auto& [backend, status] : backends) {
      std::vector<model::LabelView> labels;
      for (std::size_t i = 0; i < kLabels.size(); ++i) {
        if (shown_[i]) labels.push_back({kLabels[i], backend[i]});
      }
      const auto put = [&](std::string_view name, std::string_view what, std::uint64_t value) {
        page.family(fmt::format("node_ipvs_backend_{}", name),
                    fmt::format("The current {} by local and remote address.", what), model::MetricType::kGauge)
            .put(labels, static_cast<double>(value));
      };
      put("connections_active", "active connections", status.active);
      put("connections_inactive", "inactive connections", status.inactive);
      put("weight", "backend weight", status.weight);
    }
    return {};
  }

 private:
  /// Two lines of headings, then five hexadecimal numbers.
  Result<void> put_totals(expo::Page& page) {
    TOCSIN_TRY(std::string_view text, or_no_data(stats_.read()));
    take_line(text);
    take_line(text);
    std::string_view line = take_line(text);
    constexpr std::pair<std::string_view, std::string_view> kTotals[] = {
        {"connections", "The total number of connections made."},
        {"incoming_packets", "The total number of incoming packets."},
        {"outgoing_packets", "The total number of outgoing packets."},
        {"incoming_bytes", "The total amount of incoming data."},
        {"outgoing_bytes", "The total amount of outgoing data."},
    };
    for (const auto& [name, help] : kTotals) {
      std::uint64_t value = 0;
      const std::string_view digits = next_word(line);
      if (!to_hex_number(digits, value)) {
        return fail(Errc::kCorrupt, "{}: {} no hexadecimal number: \"{}\"", stats_.path(), name, digits);
      }
      page.family(fmt::format("node_ipvs_{}_total", name), help, model::MetricType::kCounter)
          .put(static_cast<double>(value));
    }
    return {};
  }

  /// A line per service ("TCP C0A80016:0CEA wlc", "FWM 10001000 wlc"), followed by its real servers
  /// ("-> C0A85216:0CEA Tunnel 100 248 2"). Those that the shown labels do not tell apart are summed up.
  Result<std::map<Backend, Status>> read_backends() {
    TOCSIN_TRY(std::string_view text, table_.read());
    std::map<Backend, Status> backends;
    Backend service;
    auto& [local_address, local_port, remote_address, remote_port, proto, local_mark] = service;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view kind = next_word(line), address = next_word(line);
      if (kind == "FWM") {
        service = {"", "0", "", "", "FWM", std::string(address)};
      } else if (kind == "TCP" || kind == "UDP" || kind == "SCTP") {
        service = {"", "", "", "", std::string(kind), ""};
        if (!parse_address(address, local_address, local_port)) return wrong(address);
      } else if (kind == "->" && address != "RemoteAddress:Port") {
        next_word(line);
        Status status;
        if (!parse_address(address, remote_address, remote_port) || !to_number(next_word(line), status.weight) ||
            !to_number(next_word(line), status.active) || !to_number(next_word(line), status.inactive)) {
          return wrong(address);
        }
        Backend key;
        for (std::size_t i = 0; i < key.size(); ++i) {
          if (shown_[i]) key[i] = service[i];
        }
        Status& sum = backends[key];
        sum.active += status.active;
        sum.inactive += status.inactive;
        sum.weight += status.weight;
      }
    }
    return backends;
  }

  std::unexpected<Error> wrong(std::string_view address) const {
    return fail(Errc::kCorrupt, "{}: no service or server: \"{}\"", table_.path(), address);
  }

  SourceFile stats_, table_;
  ShownLabels shown_;
};

}  // namespace

MadeCollector make_ipvs(const NodeContext& context) {
  ShownLabels shown{};
  for (const std::string_view label : split(context.options.ipvs_backend_labels, ',')) {
    if (label.empty()) continue;
    const auto* const found = std::ranges::find(kLabels, label);
    if (found == kLabels.end())
      return fail(Errc::kInvalid, "--collector.ipvs.backend-labels: unknown label \"{}\"", label);
    shown[static_cast<std::size_t>(found - kLabels.begin())] = true;
  }
  return std::make_unique<Ipvs>(context, shown);
}

}  // namespace tocsin::exporters::node
