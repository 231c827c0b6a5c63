// Energy that parts of the processor used, from /sys/class/powercap.
// Source of what the files mean: Documentation/power/powercap/powercap.rst of Linux.

#include <map>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

/// As part of a metric's name: what is not a letter, a digit or _ becomes one _, together with the _ around it.
std::string metric_name(std::string_view zone) {
  std::string out;
  bool in_gap = false;
  for (const char c : zone) {
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (keeps && in_gap && c == '_') continue;
    if (!keeps) {
      while (out.ends_with('_')) out.pop_back();
      out += '_';
    } else {
      out += c;
    }
    in_gap = !keeps;
  }
  return out;
}

class Rapl final : public Collector {
 public:
  explicit Rapl(const NodeContext& context)
      : files_(context.fs),
        folder_(context.fs, context.sys("class/powercap")),
        zone_label_(context.options.rapl_enable_zone_label) {}
  std::string_view name() const override { return "rapl"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> entries, or_no_data(folder_.list()));
    std::map<std::string, std::uint64_t> next_index;  // by zone
    std::size_t zones = 0, found = 0;
    for (const std::string& entry : entries) {
      const std::string path = fmt::format("{}/{}", folder_.path(), entry);
      const auto text = files_.text(path + "/name");
      if (!text) continue;
      ++zones;
      std::string zone(*text);
      // "package-1" has its index in the name; zones such as "core" are there once for each package.
      const std::size_t dash = text->find('-');
      std::uint64_t index = 0;
      if (dash != std::string_view::npos && to_number(text->substr(dash + 1), index)) {
        zone.resize(dash);
      } else {
        index = next_index[zone];
      }
      next_index[zone] = index + 1;
      TOCSIN_TRY(const std::optional<double> micro_joules, files_.whole(path + "/energy_uj"));
      if (!micro_joules) continue;
      put(page, path, zone, std::to_string(index), *micro_joules / 1000000.0);
      ++found;
    }
    // Since Linux 5.10 the energy is for root alone.
    if (zones > 0 && found == 0) return fail(Errc::kUnavailable, "{}: no zone's energy can be read", folder_.path());
    return {};
  }

 private:
  void put(expo::Page& page, const std::string& path, const std::string& zone, const std::string& index,
           double joules) const {
    if (zone_label_) {
      page.family("node_rapl_joules_total", "Current RAPL value in joules", model::MetricType::kCounter)
          .put({{"index", index}, {"path", path}, {"rapl_zone", zone}}, joules);
      return;
    }
    page.family(fmt::format("node_rapl_{}_joules_total", metric_name(zone)),
                fmt::format("Current RAPL {} value in joules", zone), model::MetricType::kCounter)
        .put({{"index", index}, {"path", path}}, joules);
  }

  SourceFiles files_;
  SourceFolder folder_;
  bool zone_label_;
};

}  // namespace

MadeCollector make_rapl(const NodeContext& context) {
  return std::make_unique<Rapl>(context);
}

}  // namespace tocsin::exporters::node
