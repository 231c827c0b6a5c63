// Graphics cards of AMD, from /sys/class/drm.
// Source of what the files mean: Documentation/gpu/amdgpu of Linux.

#include <algorithm>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view file, name, help;
};
constexpr Metric kMetrics[] = {
    {"gpu_busy_percent", "gpu_busy_percent", "How busy the GPU is as a percentage."},
    {"mem_info_gtt_total", "memory_gtt_size_bytes", "The size of the graphics translation table (GTT) block in bytes."},
    {"mem_info_gtt_used", "memory_gtt_used_bytes",
     "The used amount of the graphics translation table (GTT) block in bytes."},
    {"mem_info_vis_vram_total", "memory_vis_vram_size_bytes", "The size of visible VRAM in bytes."},
    {"mem_info_vis_vram_used", "memory_vis_vram_used_bytes", "The used amount of visible VRAM in bytes."},
    {"mem_info_vram_total", "memory_vram_size_bytes", "The size of VRAM in bytes."},
    {"mem_info_vram_used", "memory_vram_used_bytes", "The used amount of VRAM in bytes."},
};

class Drm final : public Collector {
 public:
  explicit Drm(const NodeContext& context) : folder_(context.fs, context.sys("class/drm")), files_(context.fs) {}
  std::string_view name() const override { return "drm"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& card : folder_.names()) {
      // Beside "card0" there are its outputs, such as "card0-DP-1".
      std::uint64_t number = 0;
      if (!card.starts_with("card") || !to_number(std::string_view(card).substr(4), number)) continue;
      const std::string device = fmt::format("{}/{}/device", folder_.path(), card);
      if (!text(device + "/uevent").contains("DRIVER=amdgpu")) continue;
      put(page, card, device);
    }
    return {};
  }

 private:
  std::string text(const std::string& path) { return std::string(files_.text(path).value_or("")); }

  void put(expo::Page& page, const std::string& card, const std::string& device) {
    page.family("node_drm_card_info", "Card information", model::MetricType::kGauge)
        .put({{"card", card},
              {"memory_vendor", text(device + "/mem_info_vram_vendor")},
              {"power_performance_level", text(device + "/power_dpm_force_performance_level")},
              {"unique_id", text(device + "/unique_id")},
              {"vendor", "amd"}},
             1);
    for (const Metric& metric : kMetrics) {
      page.family(fmt::format("node_drm_{}", metric.name), metric.help, model::MetricType::kGauge)
          .put({{"card", card}}, files_.number(fmt::format("{}/{}", device, metric.file)).value_or(0));
    }
  }

  SourceFolder folder_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_drm(const NodeContext& context) {
  return std::make_unique<Drm>(context);
}

}  // namespace tocsin::exporters::node
