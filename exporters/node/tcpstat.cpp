// TCP sockets by state, and bytes in their queues, from the kernel's socket diagnostics (sock_diag(7)), which cost a
// fraction of reading /proc/net/tcp.

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/tcp_states.hpp"

namespace tocsin::exporters::node {
namespace {

/// In order of the kernel's numbers (include/net/tcp_states.h).
constexpr std::string_view kStates[] = {"unknown",   "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
                                        "time_wait", "close",       "close_wait", "last_ack", "listen",    "closing"};

class Tcpstat final : public Collector {
 public:
  explicit Tcpstat(const NodeContext& context)
      : ipv6_path_(context.proc("net/tcp6")), fs_(context.fs), netlink_(NETLINK_SOCK_DIAG) {}
  std::string_view name() const override { return "tcpstat"; }

  Result<void> collect(expo::Page& page) override {
    TcpStates states;
    TOCSIN_OK(count(AF_INET, states));
    if (fs_.exists(ipv6_path_)) TOCSIN_OK(count(AF_INET6, states));
    auto& family = page.family("node_tcp_connection_states", "Number of connection states.", model::MetricType::kGauge);
    for (std::size_t state = 0; state < states.sockets.size(); ++state) {
      if (states.sockets[state] == 0) continue;
      family.put({{"state", tcp_state_name(state)}}, static_cast<double>(states.sockets[state]));
    }
    family.put({{"state", "rx_queued_bytes"}}, static_cast<double>(states.received_bytes));
    family.put({{"state", "tx_queued_bytes"}}, static_cast<double>(states.sent_bytes));
    return {};
  }

 private:
  Result<void> count(std::uint8_t family, TcpStates& states) {
    constexpr std::uint32_t kAllStates = 0xFFF;
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = kAllStates;
    bool fits = true;
    TOCSIN_OK(netlink_.dump(SOCK_DIAG_BY_FAMILY, bytes_of(request),
                            [&](std::uint16_t /*type*/, std::string_view body) { fits = states.add(body) && fits; }));
    if (!fits) return fail(Errc::kCorrupt, "sock_diag: a socket's message is too short");
    return {};
  }

  std::string ipv6_path_;
  Fs& fs_;
  Netlink netlink_;
};

}  // namespace

bool TcpStates::add(std::string_view message) {
  const auto socket = read_struct<inet_diag_msg>(message);
  if (!socket) return false;
  ++sockets[socket->idiag_state < sockets.size() ? socket->idiag_state : 0];
  received_bytes += socket->idiag_rqueue;
  sent_bytes += socket->idiag_wqueue;
  return true;
}

std::string_view tcp_state_name(std::size_t state) {
  return state < std::size(kStates) ? kStates[state] : kStates[0];
}

MadeCollector make_tcpstat(const NodeContext& context) {
  return std::make_unique<Tcpstat>(context);
}

}  // namespace tocsin::exporters::node
