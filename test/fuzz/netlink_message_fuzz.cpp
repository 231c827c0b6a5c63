// Any bytes as a datagram of netlink, and its messages as everything that the node's collectors ask for: nothing may
// crash, and no reading may leave the message.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporters/node/address_message.hpp"
#include "exporters/node/link_message.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/qdisc_message.hpp"
#include "exporters/node/route_message.hpp"
#include "exporters/node/tcp_states.hpp"
#include "exporters/node/wifi_message.hpp"

namespace {

using namespace tocsin::exporters::node;

void parse_all(std::string_view body) {
  const auto inside = [&](std::string_view part) {
    return part.empty() || (part.data() >= body.data() && part.data() + part.size() <= body.data() + body.size());
  };
  if (const auto link = parse_link(body)) {
    if (link->name.empty() || !inside(link->name) || !inside(link->address) || !inside(link->stats64)) std::abort();
  }
  if (const auto stats = parse_link_stats(body); stats && (stats->stats64.empty() || !inside(stats->stats64)))
    std::abort();
  if (const auto qdisc = parse_qdisc(body); qdisc && qdisc->kind.size() > body.size()) std::abort();
  for (const Route& route : parse_route(body)) {
    if (route.destination.empty()) std::abort();
  }
  TcpStates states;
  if (states.add(body) && states.received_bytes > 0xFFFF'FFFF) std::abort();
  if (const auto address = parse_device_address(body); address && address->address.empty()) std::abort();
  if (parse_wifi_device(body).name.size() > body.size()) std::abort();
  if (const auto network = parse_wifi_network(body); network && network->ssid.size() > body.size()) std::abort();
  if (const auto station = parse_wifi_station(body); station && station->address.size() > body.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  parse_all(bytes);
  (void)parse_netlink(bytes, 0, [](std::uint16_t /*type*/, std::string_view body) { parse_all(body); });
  return 0;
}
