// An exporter of one's own: the agent with two more sources. See docs/custom-exporter.md.

#include <filesystem>

#include <prometheus/counter.h>

#include "agent/agent.hpp"

namespace {

/// Looks at its subject when it is asked.
class FolderMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::error_code error;
    const std::filesystem::directory_iterator files("/tmp", error);
    prometheus::ClientMetric metric;
    metric.label = {{"folder", "/tmp"}};
    metric.gauge.value = error ? 0 : static_cast<double>(std::distance(begin(files), end(files)));
    return {{"folder_files", "Files in a folder.", prometheus::MetricType::Gauge, {metric}}};
  }
};

}  // namespace

int main(int argc, char** argv) {
  auto registry = std::make_shared<prometheus::Registry>();  // counts what the program does
  auto& starts = prometheus::BuildCounter().Name("exporter_starts_total").Help("Starts.").Register(*registry);
  starts.Add({{"program", "custom_exporter"}}).Increment();
  return tocsin::agent::run(argc, argv, {registry, std::make_shared<FolderMetrics>()});
}
