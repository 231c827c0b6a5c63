// Temperatures and cooling devices, from /sys/class/thermal.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

class ThermalZone final : public Collector {
 public:
  explicit ThermalZone(const NodeContext& context)
      : folder_(context.fs, context.sys("class/thermal")), files_(context.fs) {}
  std::string_view name() const override { return "thermal_zone"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& name : folder_.names()) {
      if (name.starts_with("thermal_zone")) put_zone(page, name);
      if (name.starts_with("cooling_device")) put_device(page, name);
    }
    return {};
  }

 private:
  std::string type_of(const std::string& name) {
    return std::string(files_.text(fmt::format("{}/{}/type", folder_.path(), name)).value_or(""));
  }

  /// A sensor that is off has a file that cannot be read.
  void put_zone(expo::Page& page, const std::string& name) {
    const std::string type = type_of(name);
    const auto temperature = files_.number(fmt::format("{}/{}/temp", folder_.path(), name));
    if (type.empty() || !temperature) return;
    page.family("node_thermal_zone_temp", "Zone temperature in Celsius", model::MetricType::kGauge)
        .put({{"zone", std::string_view(name).substr(12)}, {"type", type}}, *temperature / 1000.0);
  }

  void put_device(expo::Page& page, const std::string& name) {
    const std::string type = type_of(name);
    const auto maximum = files_.number(fmt::format("{}/{}/max_state", folder_.path(), name));
    const auto current = files_.number(fmt::format("{}/{}/cur_state", folder_.path(), name));
    if (type.empty() || !maximum || !current) return;
    const std::string_view number = std::string_view(name).substr(14);
    page.family("node_cooling_device_cur_state", "Current throttle state of the cooling device",
                model::MetricType::kGauge)
        .put({{"name", number}, {"type", type}}, *current);
    page.family("node_cooling_device_max_state", "Maximum throttle state of the cooling device",
                model::MetricType::kGauge)
        .put({{"name", number}, {"type", type}}, *maximum);
  }

  SourceFolder folder_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_thermal_zone(const NodeContext& context) {
  return std::make_unique<ThermalZone>(context);
}

}  // namespace tocsin::exporters::node
