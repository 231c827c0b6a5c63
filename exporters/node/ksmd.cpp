// Merging of equal pages, from /sys/kernel/mm/ksm.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view file, name, help;
  double scale = 1;
  model::MetricType type = model::MetricType::kGauge;
};
constexpr Metric kMetrics[] = {
    {"full_scans", "full_scans_total", "How many times all mergeable areas have been scanned.", 1,
     model::MetricType::kCounter},
    {"general_profit", "general_profit_bytes",
     "How effective is KSM. ksm_saved_pages * sizeof(page) - (all_rmap_items) * sizeof(rmap_item)"},
    {"merge_across_nodes", "merge_across_nodes", "Specifies if pages from different NUMA nodes can be merged."},
    {"pages_shared", "pages_shared", "How many shared pages are being used."},
    {"pages_sharing", "pages_sharing", "How many more sites are sharing them i.e. how much saved."},
    {"pages_to_scan", "pages_to_scan", "How many pages to scan before ksmd goes to sleep."},
    {"pages_unshared", "pages_unshared", "How many pages unique but repeatedly checked for merging."},
    {"pages_volatile", "pages_volatile", "How many pages changing too fast to be placed in a tree."},
    {"run", "run", "The status of ksmd. stopped = 0, running = 1"},
    {"sleep_millisecs", "sleep_seconds", "How many seconds ksmd should sleep before next scan.", 1000},
};

class Ksmd final : public Collector {
 public:
  explicit Ksmd(const NodeContext& context) : folder_(context.sys("kernel/mm/ksm")), files_(context.fs) {}
  std::string_view name() const override { return "ksmd"; }

  Result<void> collect(expo::Page& page) override {
    for (const Metric& metric : kMetrics) {
      const auto value = files_.number(fmt::format("{}/{}", folder_, metric.file));
      if (!value) continue;  // which files there are depends on the kernel
      page.family(fmt::format("node_ksmd_{}", metric.name), metric.help, metric.type).put(*value / metric.scale);
    }
    return {};
  }

 private:
  std::string folder_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_ksmd(const NodeContext& context) {
  return std::make_unique<Ksmd>(context);
}

}  // namespace tocsin::exporters::node
