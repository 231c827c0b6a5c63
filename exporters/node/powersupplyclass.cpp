// Batteries and mains adapters, from /sys/class/power_supply.
// Source of the units: Documentation/power/power_supply_class.rst of Linux.

#include <algorithm>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Attribute {
  std::string_view file, name;
  double divisor = 1;
};
constexpr double kMicro = 1e6, kTenth = 10;
constexpr Attribute kAttributes[] = {
    {"authentic", "authentic"},
    {"calibrate", "calibrate"},
    {"capacity", "capacity"},
    {"capacity_alert_max", "capacity_alert_max"},
    {"capacity_alert_min", "capacity_alert_min"},
    {"cycle_count", "cyclecount"},
    {"online", "online"},
    {"present", "present"},
    {"time_to_empty_now", "time_to_empty_seconds"},
    {"time_to_full_now", "time_to_full_seconds"},
    {"current_boot", "current_boot", kMicro},
    {"current_max", "current_max", kMicro},
    {"current_now", "current_ampere", kMicro},
    {"energy_empty", "energy_empty", kMicro},
    {"energy_empty_design", "energy_empty_design", kMicro},
    {"energy_full", "energy_full", kMicro},
    {"energy_full_design", "energy_full_design", kMicro},
    {"energy_now", "energy_watthour", kMicro},
    {"voltage_boot", "voltage_boot", kMicro},
    {"voltage_max", "voltage_max", kMicro},
    {"voltage_max_design", "voltage_max_design", kMicro},
    {"voltage_min", "voltage_min", kMicro},
    {"voltage_min_design", "voltage_min_design", kMicro},
    {"voltage_now", "voltage_volt", kMicro},
    {"voltage_ocv", "voltage_ocv", kMicro},
    {"charge_control_limit", "charge_control_limit", kMicro},
    {"charge_control_limit_max", "charge_control_limit_max", kMicro},
    {"charge_counter", "charge_counter", kMicro},
    {"charge_empty", "charge_empty", kMicro},
    {"charge_empty_design", "charge_empty_design", kMicro},
    {"charge_full", "charge_full", kMicro},
    {"charge_full_design", "charge_full_design", kMicro},
    {"charge_now", "charge_ampere", kMicro},
    {"charge_term_current", "charge_term_current", kMicro},
    {"constant_charge_current", "constant_charge_current", kMicro},
    {"constant_charge_current_max", "constant_charge_current_max", kMicro},
    {"constant_charge_voltage", "constant_charge_voltage", kMicro},
    {"constant_charge_voltage_max", "constant_charge_voltage_max", kMicro},
    {"precharge_current", "precharge_current", kMicro},
    {"input_current_limit", "input_current_limit", kMicro},
    {"power_now", "power_watt", kMicro},
    {"temp", "temp_celsius", kTenth},
    {"temp_alert_max", "temp_alert_max_celsius", kTenth},
    {"temp_alert_min", "temp_alert_min_celsius", kTenth},
    {"temp_ambient", "temp_ambient_celsius", kTenth},
    {"temp_ambient_max", "temp_ambient_max_celsius", kTenth},
    {"temp_ambient_min", "temp_ambient_min_celsius", kTenth},
    {"temp_max", "temp_max_celsius", kTenth},
    {"temp_min", "temp_min_celsius", kTenth},
};
/// Files that are labels of node_power_supply_info, by the same name; none where the file is absent or empty.
constexpr std::string_view kLabels[] = {"capacity_level", "charge_type", "health",        "manufacturer",
                                        "model_name",     "scope",       "serial_number", "status",
                                        "technology",     "type",        "usb_type"};

class PowerSupplyClass final : public Collector {
 public:
  PowerSupplyClass(const NodeContext& context, Filter shown)
      : files_(context.fs), folder_(context.fs, context.sys("class/power_supply")), shown_(std::move(shown)) {}
  std::string_view name() const override { return "powersupplyclass"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> supplies, or_no_data(folder_.list()));
    for (const std::string& supply : supplies) {
      if (shown_.shows(supply)) TOCSIN_OK(put(page, supply));
    }
    return {};
  }

 private:
  Result<void> put(expo::Page& page, const std::string& supply) {
    const std::string folder = fmt::format("{}/{}", folder_.path(), supply);
    const std::vector<std::string> files = files_.names(folder);
    const auto has = [&](std::string_view file) { return std::ranges::binary_search(files, file); };
    std::vector<std::pair<std::string_view, std::string>> texts;
    for (const std::string_view label : kLabels) {
      if (!has(label)) continue;
      const auto text = files_.text(fmt::format("{}/{}", folder, label));
      if (text && !text->empty()) texts.emplace_back(label, *text);
    }
    std::vector<model::LabelView> labels = {{"power_supply", supply}};
    for (const auto& [label, text] : texts) labels.push_back({label, text});
    page.family("node_power_supply_info", "info of /sys/class/power_supply/<power_supply>.", model::MetricType::kGauge)
        .put(labels, 1);
    for (const Attribute& attribute : kAttributes) {
      if (!has(attribute.file)) continue;
      TOCSIN_TRY(const std::optional<double> value, files_.whole(fmt::format("{}/{}", folder, attribute.file)));
      if (!value) continue;  // the driver does not know it at this time
      page.family(fmt::format("node_power_supply_{}", attribute.name),
                  fmt::format("{} value of /sys/class/power_supply/<power_supply>.", attribute.name),
                  model::MetricType::kGauge)
          .put({{"power_supply", supply}}, *value / attribute.divisor);
    }
    return {};
  }

  SourceFiles files_;
  SourceFolder folder_;
  Filter shown_;
};

}  // namespace

MadeCollector make_powersupplyclass(const NodeContext& context) {
  TOCSIN_TRY(Filter shown,
             Filter::except("--collector.powersupply.ignored-supplies", context.options.powersupply_ignored_supplies));
  return std::make_unique<PowerSupplyClass>(context, std::move(shown));
}

}  // namespace tocsin::exporters::node
