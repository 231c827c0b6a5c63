// Bonded network interfaces: how many they hold and how many of these are up, from /sys/class/net.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Bonding final : public Collector {
 public:
  explicit Bonding(const NodeContext& context) : folder_(context.sys("class/net")), files_(context.fs) {}
  std::string_view name() const override { return "bonding"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, or_no_data(files_.read(folder_ + "/bonding_masters")));
    const std::string masters(text);  // the next file takes the buffer
    std::string_view rest = masters;
    for (std::string_view master = next_field(rest); !master.empty(); master = next_field(rest)) {
      TOCSIN_OK(put_master(page, master));
    }
    return {};
  }

 private:
  Result<void> put_master(expo::Page& page, std::string_view master) {
    TOCSIN_TRY(const std::string_view text, files_.read(fmt::format("{}/{}/bonding/slaves", folder_, master)));
    const std::string slaves(text);
    std::string_view rest = slaves;
    std::size_t all = 0, active = 0;
    for (std::string_view slave = next_field(rest); !slave.empty(); slave = next_field(rest), ++all) {
      // Older kernels name the link otherwise.
      auto state = files_.read(fmt::format("{}/{}/lower_{}/bonding_slave/mii_status", folder_, master, slave));
      if (!state) state = files_.read(fmt::format("{}/{}/slave_{}/bonding_slave/mii_status", folder_, master, slave));
      if (!state) return fail(std::move(state).error());
      if (next_field(*state) == "up") ++active;
    }
    page.family("node_bonding_slaves", "Number of configured slaves per bonding interface.", model::MetricType::kGauge)
        .put({{"master", master}}, static_cast<double>(all));
    page.family("node_bonding_active", "Number of active slaves per bonding interface.", model::MetricType::kGauge)
        .put({{"master", master}}, static_cast<double>(active));
    return {};
  }

  std::string folder_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_bonding(const NodeContext& context) {
  return std::make_unique<Bonding>(context);
}

}  // namespace tocsin::exporters::node
