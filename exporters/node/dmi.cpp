// What the firmware says of the machine, from /sys/class/dmi/id. It does not change while the system runs.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// Files, which are the labels too; but sys_vendor is shown as system_vendor.
constexpr std::string_view kFields[] = {"bios_date",       "bios_release",      "bios_vendor",     "bios_version",
                                        "board_asset_tag", "board_name",        "board_serial",    "board_vendor",
                                        "board_version",   "chassis_asset_tag", "chassis_serial",  "chassis_vendor",
                                        "chassis_version", "product_family",    "product_name",    "product_serial",
                                        "product_sku",     "product_uuid",      "product_version", "sys_vendor"};

class Dmi final : public Collector {
 public:
  explicit Dmi(const NodeContext& context) {
    SourceFiles files(context.fs, 0);
    for (const std::string_view field : kFields) {
      // Serial numbers are for root alone.
      const auto text = files.text(context.sys(fmt::format("class/dmi/id/{}", field)));
      if (text) values_.emplace_back(field == "sys_vendor" ? "system_vendor" : field, *text);
    }
  }
  std::string_view name() const override { return "dmi"; }

  Result<void> collect(expo::Page& page) override {
    if (values_.empty()) return fail(Errc::kUnavailable, "the machine has no DMI");
    std::vector<model::LabelView> labels;
    for (const auto& [field, value] : values_) labels.push_back({field, value});
    page.family("node_dmi_info",
                "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, "
                "board_asset_tag, board_name, board_serial, board_vendor, board_version, chassis_asset_tag, "
                "chassis_serial, chassis_vendor, chassis_version, product_family, product_name, product_serial, "
                "product_sku, product_uuid, product_version, system_vendor if provided by DMI.",
                model::MetricType::kGauge)
        .put(labels, 1);
    return {};
  }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace

MadeCollector make_dmi(const NodeContext& context) {
  return std::make_unique<Dmi>(context);
}

}  // namespace tocsin::exporters::node
