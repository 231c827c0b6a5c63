// The routes of the kernel's tables, by netlink.

#include <map>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/netlink.hpp"
#include "exporters/node/route_message.hpp"

namespace tocsin::exporters::node {
namespace {

class NetworkRoute final : public Collector {
 public:
  std::string_view name() const override { return "network_route"; }

  Result<void> collect(expo::Page& page) override {
    std::vector<Route> routes;
    const rtmsg request{};  // all families
    TOCSIN_OK(netlink_.dump(RTM_GETROUTE, bytes_of(request), [&](std::uint16_t type, std::string_view body) {
      if (type != RTM_NEWROUTE) return;
      for (Route& route : parse_route(body)) routes.push_back(std::move(route));
    }));
    std::map<unsigned, std::string> names;
    std::map<std::string, int> counts;
    for (const Route& route : routes) {
      const auto [device, is_new] = names.try_emplace(route.device);
      if (is_new) device->second = netlink_.device_name(route.device);
      ++counts[device->second];
      page.family("node_network_route_info", "network routing table information", model::MetricType::kGauge)
          .put({{"device", device->second},
                {"src", route.source},
                {"dest", route.destination},
                {"gw", route.gateway},
                {"priority", fmt::format("{}", route.priority)},
                {"proto", route_protocol_name(route.protocol)},
                {"weight", route.weight}},
               1);
    }
    for (const auto& [device, count] : counts) {
      page.family("node_network_routes", "network routes by interface", model::MetricType::kGauge)
          .put({{"device", device}}, count);
    }
    return {};
  }

 private:
  Netlink netlink_{NETLINK_ROUTE};
};

}  // namespace

MadeCollector make_network_route(const NodeContext& /*context*/) {
  return std::make_unique<NetworkRoute>();
}

}  // namespace tocsin::exporters::node
