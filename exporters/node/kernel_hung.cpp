// Tasks that the kernel found hung, from /proc/sys/kernel/hung_task_detect_count (since Linux 6.13).

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class KernelHung final : public Collector {
 public:
  explicit KernelHung(const NodeContext& context)
      : file_(context.fs, context.proc("sys/kernel/hung_task_detect_count"), Pieces::kOne) {}
  std::string_view name() const override { return "kernel_hung"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const double tasks, or_no_data(file_.read_number()));
    page.family("node_kernel_hung_tasks_total",
                "Total number of tasks that have been detected as hung since the system booted.",
                model::MetricType::kCounter)
        .put(tasks);
    return {};
  }

 private:
  SourceFile file_;
};

}  // namespace

MadeCollector make_kernel_hung(const NodeContext& context) {
  return std::make_unique<KernelHung>(context);
}

}  // namespace tocsin::exporters::node
